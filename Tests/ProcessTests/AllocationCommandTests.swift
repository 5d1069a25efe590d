import JSONDocument
import Testing

extension RealProcesses {
    /// Aim: an operator asks a running fleet what a cut would do, is not let act on a stale answer, and is obeyed on a fresh one.
    /// Method: the commands as a person types them, beside a `fairlead dev` of their own.
    @Suite struct AllocationCommandTests {
        private static let link = "wan-shared"

        @Test func `a plan tells who loses by a cut, a stale one is refused, and a fresh one is obeyed and ended`() async throws {
            let fleet = try await DevFleetProcess(for: "240s")
            let place = ["--config", "\(fleet.data)/fleet.yaml", "--database", fleet.connectionString]
            func allocation(_ words: [String]) async throws -> (code: Int32, output: String, talk: String) {
                let (code, output, talk) = try await RunningProgram.run(.fairlead, ["allocation"] + words)
                return (code, output, talk)
            }
            func plan(_ words: [String]) async throws -> (code: Int32, document: JSONValue) {
                let (code, output, talk) = try await allocation(["plan", "-o", "json"] + words + place)
                try #require(code < 2, "\(talk)")
                return (code, try JSONValue(parsing: output))
            }
            try await eventually("something is allocated") {
                try await allocation(["get", "--database", fleet.connectionString]).code == 0 ? () : nil
            }

            let cut = try await plan(["--cut", Self.link])
            #expect(cut.code == 1 && cut.document["same"]?.bool == false && cut.document["is_feasible"]?.bool == false)
            let losers = (cut.document["shares"]?.array ?? []).filter { ($0["difference_bits_per_second"]?.integer ?? 0) < 0 }
            #expect(Set(losers.compactMap { $0["cluster"]?.string }) == ["plant-b", "plant-c"], "those that cross it")
            #expect(losers.allSatisfy { $0["why"]?.string?.contains("\(Self.link) would carry 0.00 bit/s instead of") == true }, "\(losers.map(\.text))")
            #expect(try await plan([]).code == 0, "no change, no difference")

            // As a table: the floors at which the sites stay, what lacks for which tier said once, and a line that can be typed.
            let (_, table, _) = try await allocation(["plan", "--cut", Self.link] + place)
            #expect(table.contains("10.0 Mbit/s (floor)") && table.contains("of its floor do not fit"), "\(table)")
            #expect(table.split(separator: "link \(Self.link) lacks ").count == 2 && table.contains("for the floors of tier "), "\(table)")
            let typed = table.split(separator: "\n").last { $0.hasPrefix("to say so: fairlead ") }?.dropFirst("to say so: fairlead ".count) ?? ""
            #expect(typed.contains("--config ") && typed.contains("--database 'host="), "\(typed)")
            let directory = SceneDirectory()
            let shell = try RunningProgram(
                ["sh", "-c", "exec \(Binary.fairlead.path) \(typed.replacing("--plan ", with: "--plan 0"))"], name: "typed", in: directory.path)
            #expect(try await shell.end() == 2, "\(shell.talk)")
            #expect(shell.talk.contains("stale"), "it runs as it is typed, but for the hash, which was spoilt here: \(shell.talk)")

            let says = ["--actor", "anna", "--reason", "fibre works"]
            let stale = try await allocation(["apply", "--plan", String(repeating: "0", count: 64), "--cut", Self.link] + says + place)
            #expect(stale.code == 2 && stale.talk.contains("stale") && stale.output.isEmpty, "\(stale.talk)")
            #expect(try await fleet.database.number("SELECT count(*)::text FROM fairlead.stream WHERE name = 'operator'") == 0, "nothing was said")

            // The belief in a link moves now and then: then one plans again, as a person would.
            func apply(_ words: [String]) async throws -> String {
                try await eventually("a fresh plan is taken") {
                    let hash = try await plan(words).document["plan"]?.string ?? ""
                    return try await allocation(["apply", "--plan", hash] + words + says + place).code == 0 ? hash : nil
                }
            }
            func estimates(_ cause: String) async throws -> Int64 {
                try await fleet.database.number(
                    "SELECT count(*)::text FROM fairlead.event WHERE kind = 'capacity_estimated' AND body::jsonb ->> 'cause' = '\(cause)' AND body::jsonb ->> 'link' = '\(Self.link)'") ?? 0
            }
            let word = ["--set", "link.\(Self.link)=45M"]
            let hash = try await apply(word)
            try await eventually("the coordinator obeys") { try await estimates("overridden") > 0 ? () : nil }
            let again = try await allocation(["apply", "--plan", hash] + word + says + place)
            #expect(again.code == 2 && again.talk.contains("stale"), "what it rested on has moved: \(again.talk)")
            _ = try await apply(["--end", Self.link])
            #expect(try await fleet.database.number("SELECT seq::text FROM fairlead.stream WHERE name = 'operator'") == 2)
            #expect(try await fleet.verification().exitCode == 0)
        }
    }
}
