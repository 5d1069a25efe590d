import ArgumentParser
import Events
import Explanation
import JSONDocument
import Quantities
import ReadModel
import SampleFleet
import Synchronization
import Testing

@testable import fairlead

/// Aim: the reading commands print what the page shows, as data on one channel and talk on the other, with the documented exit
/// codes. Method: the real commands are parsed from arguments and run over a fleet in memory.
@Suite struct ReadCommandTests {
    final class Channels: Sendable {
        let out = Mutex("")
        let talk = Mutex("")
    }
    struct Unreachable: Error, CustomStringConvertible {
        let description = "nothing listens at /nowhere; start PostgreSQL or set PGHOST."
    }
    struct Run {
        let out: String
        let talk: String
        let code: Int32
    }

    private func run(_ arguments: [String], fleet: RecordedFleet? = SampleFleet.fleet) async -> Run {
        let channels = Channels()
        let environment = ReadEnvironment(
            connectReadModel: { _ in
                guard let fleet else { throw Unreachable() }
                return fleet
            },
            now: { SampleFleet.now }, write: { text in channels.out.withLock { $0 += text } },
            say: { line in channels.talk.withLock { $0 += line + "\n" } })
        var code: Int32 = 0
        do {
            try await ReadEnvironment.$current.withValue(environment) {
                let command = try Root.parseAsRoot(arguments)
                guard var asynchronous = command as? any AsyncParsableCommand else { throw CleanExit.helpRequest(Root.self) }
                try await asynchronous.run()
            }
        } catch {
            code = Root.exitCode(for: error).rawValue
            let message = Root.message(for: error)
            if !message.isEmpty { channels.talk.withLock { $0 += message + "\n" } }
        }
        return Run(out: channels.out.withLock { $0 }, talk: channels.talk.withLock { $0 }, code: code)
    }

    struct Root: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "fairlead", subcommands: [StatusCommand.self, AlertsCommand.self, ExplainCommand.self, AllocationCommand.self, BacktestCommand.self, ReplayCommand.self])
    }

    @Test func `status lists the worst cluster first and says when the silent one was last seen`() async {
        let run = await run(["status"])
        #expect(run.code == 0)
        #expect(run.talk.isEmpty)
        let lines = run.out.split(separator: "\n").map(String.init)
        #expect(lines.count == 6)
        #expect(lines[0].hasPrefix("CLUSTER "))
        #expect(lines[1].hasPrefix("plant-c "))
        #expect(lines[1].contains("Silent") && lines[1].contains("last seen 40 s ago") && lines[1].contains("1 firing: ShipperSilent"))
        #expect(lines[2].hasPrefix("plant-b ") && lines[2].contains("Suffering") && lines[2].contains("2.31 ms of 1.00 ms"))
        #expect(lines[2].hasSuffix("Lowered from 180 Mbit/s to 120 Mbit/s: robot-control's p95 of 2.31 ms is above its bound of 1.50 ms."))
        #expect(lines[5].hasPrefix("plant-a ") && lines[5].contains("Within target"))
        #expect(!run.out.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    }

    @Test func `status as JSON names units, nulls what is missing and keeps hostile words as words`() async throws {
        let document = try JSONValue(parsing: await run(["status", "-o", "json"]).out)
        let clusters = try #require(document["clusters"]?.array)
        #expect(clusters.count == 5)
        #expect(clusters.first?["is_stale"]?.bool == true)
        let hostile = try #require(clusters.first { $0["cluster"]?.string == SampleFleet.hostile.text })
        #expect(hostile["used_bits_per_second"] == .null)
        #expect(hostile["worst_flow"]?["p95_ms"] == .null)
        #expect(clusters[1]["applied_bits_per_second"]?.integer == 180_000_000)
    }

    @Test func `an empty log is a hint beside empty data, and no failure`() async throws {
        let table = await run(["status"], fleet: SampleFleet.empty)
        #expect(table.code == 0 && table.out.isEmpty)
        #expect(table.talk == "fairlead: no cluster has written to the log yet.\n")
        let json = await run(["status", "-o", "json"], fleet: SampleFleet.empty)
        #expect(try JSONValue(parsing: json.out)["clusters"] == .array([]))
    }

    @Test func `a log that cannot be read is one sentence and exit code 2`() async {
        for arguments in [["status"], ["explain", "decision", "plant-a/x/1"], ["explain", "allocation"]] {
            let run = await run(arguments, fleet: nil)
            #expect(run.code == 2)
            #expect(run.out.isEmpty)
            #expect(run.talk == "fairlead: the event log cannot be read: nothing listens at /nowhere; start PostgreSQL or set PGHOST.\n")
        }
    }

    @Test func `a decision is explained in at most twelve lines, and the same in JSON`() async throws {
        let run = await run(["explain", "decision", SampleFleet.brake.description])
        let lines = run.out.split(separator: "\n").map(String.init)
        #expect(run.code == 0)
        #expect(lines.count == 12)
        #expect(lines.contains("otherwise   At a raw p95 ≤ 1.20 ms it would have held."))
        let json = try JSONValue(parsing: await self.run(["explain", "decision", SampleFleet.brake.description, "-o", "json"]).out)
        #expect(json["lines"]?.array?.compactMap(\.string) == lines)
        #expect(json["outcome"]?["reason"]?.string == "BrakedAboveBound")
    }

    @Test(arguments: [["explain", "decision", "nonsense"], ["explain", "decision", "plant-a/0"], ["status", "-o", "xml"], ["explain", "decision"]])
    func `a wrong command line ends with 64 before anything is read`(arguments: [String]) async {
        let run = await run(arguments, fleet: nil)
        #expect(run.code == 64)
        #expect(run.out.isEmpty)
        #expect(!run.talk.contains("cannot be read"))
    }

    @Test func `a decision that is not there says so with exit code 2`() async {
        let run = await run(["explain", "decision", "plant-b/77aa0012/4000"])
        #expect(run.code == 2)
        #expect(run.talk.hasPrefix("fairlead: no decision stands at plant-b/77aa0012/4000."))
    }

    @Test func `an allocation is explained share by share`() async {
        let run = await run(["explain", "allocation", "--cluster", "plant-b"])
        #expect(run.code == 0)
        #expect(run.out == """
            allocation 4.17 at coordinator/1, decided 8 s ago
            telemetry-upload of plant-b gets 180 Mbit/s (granted 120 Mbit/s so far: the rest waits until others have gone down, or is too little for a change): wan-a, which carries 400 Mbit/s (configured 1.00 Gbit/s) less 20.0 Mbit/s reserved, binds. If it gained, telemetry-upload of plant-a would lose.

            """)
    }

    @Test func `shares of a cluster that has none are no empty answer, and name those that have`() async {
        let run = await run(["explain", "allocation", "--cluster", "nope"])
        #expect(run.code == 2 && run.out.isEmpty)
        #expect(run.talk == "fairlead: the newest allocation has no share of the cluster 'nope'; it has plant-a, plant-b\n")
    }

    @Test func `alerts are listed with what fires first, and one is explained by its place or its fingerprint`() async throws {
        let list = await run(["alerts"])
        let lines = list.out.split(separator: "\n").map(String.init)
        #expect(list.code == 0 && list.talk.isEmpty && lines.count == 4)
        #expect(lines[1].hasPrefix("firing ") && lines[1].contains("ShipperSilent") && lines[1].contains("cluster plant-c") && lines[1].hasSuffix("No tick for 30 s."))
        let rows = try #require(try JSONValue(parsing: await run(["alerts", "-o", "json"]).out)["alerts"]?.array)
        let (position, fingerprint) = (rows[0]["position"]?.string ?? "", rows[0]["fingerprint"]?.string ?? "")
        #expect(lines[1].contains(" \(position) "))
        let explained = await run(["explain", "alert", position])
        #expect(explained.code == 0 && explained.out.hasPrefix("ShipperSilent of cluster plant-c has been firing for 10 s: No tick for 30 s.\n"), "\(explained)")
        #expect(await run(["explain", "alert", fingerprint]).out == explained.out)
        let unknown = await run(["explain", "alert", "alerter/999"])
        #expect(unknown.code == 2 && unknown.talk.contains("no alert's newest state stands at 'alerter/999'; the newest are \(position)"), "\(unknown.talk)")
        #expect(await run(["alerts"], fleet: SampleFleet.empty).talk == "fairlead: no alert was ever raised.\n")
    }

    @Test func `a share below its floor shows the floor at which the site stays, and what does not fit`() async throws {
        let share = FloorShare(share: .megabits(4), floor: .megabits(10))
        #expect(share.text == "10.0 Mbit/s (floor)" && share.missing == .megabits(6) && share.isBelowFloor)
        #expect(FloorShare(share: .megabits(12), floor: .megabits(10)).text == "12.0 Mbit/s")
        #expect(FloorShare(share: .zero, floor: nil).text == "0.00 bit/s")
    }

    @Test func `what binds is said in words, and a share below its floor says that the site stays at the floor`() {
        #expect(ShareExplanation.words("brake plant-b/wan-shared") == "its own brake on wan-shared" && ShareExplanation.words("link wan") == "link wan")
        #expect(ShareExplanation.words("use") == "its own use")
        let share = AllocationRecord.Share(cluster: "plant-b", workload: "erp", share: .zero, granted: .megabits(10), binding: "link wan", next: nil)
        let allocation = AllocationRecord(
            version: GrantVersion(term: 1, version: 1), isFeasible: false,
            links: [.init(link: "wan", configured: .megabits(300), effective: .megabits(20), reserved: .megabits(20), used: .zero)], shares: [share],
            certificate: "{}", foldedThrough: [])
        #expect(ShareExplanation(share, in: allocation).text.hasPrefix(
            "erp of plant-b gets 0.00 bit/s (granted 10.0 Mbit/s, its floor, at which it stays though that does not fit): wan, which carries"))
    }

    @Test func `what is printed to be typed is quoted for a shell`() {
        #expect(shellQuoted("clusters/") == "clusters/" && shellQuoted("link.wan=400M") == "link.wan=400M")
        #expect(shellQuoted("host=/tmp/x user=anna") == "'host=/tmp/x user=anna'")
        #expect(shellQuoted("it's $HOME") == #"'it'\''s $HOME'"# && shellQuoted("") == "''" && shellQuoted("a;b") == "'a;b'" && shellQuoted("ü") == "'ü'")
    }

    @Test func `help is written for eighty columns, so that no terminal breaks a paragraph twice`() {
        func all(_ command: any ParsableCommand.Type) -> [any ParsableCommand.Type] { [command] + command.configuration.subcommands.flatMap(all) }
        for command in all(Fairlead.self) {
            let lines = command.configuration.discussion.split(separator: "\n", omittingEmptySubsequences: false)
            // A paragraph of one line is broken once, by the parser.
            for (line, next) in zip(lines, lines.dropFirst()) where !line.hasPrefix("  ") && !next.isEmpty {
                #expect(line.count <= 80, "\(command): \(line)")
            }
        }
    }

    @Test func `every example in the help is a command line that parses`() throws {
        for help in [
            StatusCommand.helpMessage(), AlertsCommand.helpMessage(), ExplainDecisionCommand.helpMessage(), ExplainAllocationCommand.helpMessage(), ExplainAlertCommand.helpMessage(),
        ] {
            let examples = help.split(separator: "\n").map { $0.drop { $0 == " " } }.filter { $0.hasPrefix("fairlead ") }
            #expect(examples.count >= 2)
            for example in examples {
                let arguments = example.split(separator: "|")[0].split(separator: " ").dropFirst().map(String.init)
                _ = try Root.parseAsRoot(arguments)
            }
        }
    }

    @Test func `a backtest prints both laws of a loop, the first divergence and the limit`() async throws {
        let run = await run(["backtest", "--law", "fixed-step@1", "--since", "1h", "--cluster", "plant-a"])
        #expect(run.code == 0 && run.talk.isEmpty, "\(run.talk)")
        let lines = run.out.split(separator: "\n").map(String.init)
        #expect(lines[0].hasPrefix("STREAM") && lines[1].contains("plateau@1") && lines[2].contains("fixed-step@1 (tried)"))
        #expect(run.out.contains("first otherwise on wan-a at plant-a/") && run.out.contains("  tried     Would "))
        #expect(lines.last?.hasPrefix("History is open loop") == true)
        let document = try JSONValue(parsing: await self.run(["backtest", "--law", "plateau@1", "--set", "brake=0.9", "--since", "2026-01-01", "-o", "json"]).out)
        #expect(document["parameters"]?.string?.contains("brake=0.9") == true && (document["loops"]?.array?.count ?? 0) >= 2)
    }

    @Test func `a backtest of nothing, or with a word that is no law or time, says so`() async {
        let nothing = await run(["backtest", "--law", "fixed-step@1", "--since", "1h", "--cluster", "nowhere"])
        #expect(nothing.code == 2 && nothing.talk.contains("no decision of nowhere is on the log between "))
        let law = await run(["backtest", "--law", "steady@1", "--since", "1h"])
        #expect(law.code == 64 && law.talk.contains("'steady@1' is no law"))
        let when = await run(["backtest", "--law", "fixed-step@1", "--since", "yesterday"])
        #expect(when.code == 64)
    }

    @Test func `a replay that does not come out equal ends with 1 and names the place`() async throws {
        // The sample fleet's decisions are made by hand: no law of this version wrote them.
        let run = await run(["replay", "--until", SampleFleet.now.description])
        #expect(run.code == 1 && run.talk.isEmpty, "\(run.talk)")
        #expect(run.out.contains("plant-a/") && run.out.contains("did NOT come out equal"))
        let document = try JSONValue(parsing: await self.run(["replay", "-o", "json"]).out)
        #expect(document["reproduced"]?.bool == false)
    }

    @Test(arguments: [("7d", -604_800), ("12h", -43_200), ("90s", -90)]) func `an instant may be so long ago`(text: String, seconds: Int64) throws {
        let now = SampleFleet.now
        #expect(try #require(HistoryInstant(argument: text)).instant(before: now) == now + .seconds(seconds))
    }

    @Test func `an instant may be a day or what a page prints, and nothing else`() throws {
        let printed = try #require(HistoryInstant(argument: SampleFleet.now.description)).instant(before: .init(microseconds: 0))
        #expect(printed.description == SampleFleet.now.description)
        #expect(try #require(HistoryInstant(argument: "2026-11-23")).instant(before: SampleFleet.now).description == "2026-11-23T00:00:00.000Z")
        for text in ["", "d", "0d", "-1d", "7", "2026-13-40", "2026-11-23 08:00", "soon", "0s"] { #expect(HistoryInstant(argument: text) == nil, "\(text)") }
    }
}
