import EventStore
import Events
import HTTPTransport
import JSONDocument
import PostgreSQL
import PrivatePostgres
import Quantities
import Testing

extension RealProcesses {
    /// Aim: what the log refuses is refused with a word and a sentence, is seen by whoever looks (`log gaps`, a metric and a line of `serve`),
    /// and stops nobody else. Method: one bad append after another to a stream of one cluster, while another's real shipper goes on.
    @Suite(.serialized) struct RefusalTests {
        @Test func `each bad append is told in log gaps, in a metric and in a line, and the neighbour goes on meanwhile`() async throws {
            let scene = try await ShipperScene()
            let neighbour = try scene.shipper("neighbour")
            try await scene.awaitTicks(2, "to begin with")
            let log = PostgresLog(scene.database.connection)
            guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: "plant-bad/s", highestEpochSeen: 0))) else {
                Issue.record("the stream did not open")
                return
            }
            func append(_ entry: LogEntry) async throws -> LogAnswer {
                try await log.answer(
                    .append(
                        AppendRequest(
                            stream: "plant-bad/s", epoch: claim.epoch, nonce: claim.nonce, firstSequence: 1, previousDigest: claim.head.digest, entries: [entry])))
            }
            // One that serve has seen, so that those that follow are growth.
            #expect(try await append(event(kind: "grant_issued")) == .refused(.foreignKind))
            let page = try scene.servePage("page")
            defer { page.kill() }
            let port = try await eventually("serve tells its port") { page.talk.split(separator: " ").first { $0.hasPrefix("port=") }?.dropFirst(5) }
            let http = HTTPClient()
            func metric(_ word: LogRefusal) async throws -> Substring? {
                let answer = try await http.send(HTTPRequest(.get, "http://127.0.0.1:\(port)/metrics", deadline: .seconds(2)))
                let line = String(decoding: answer.body, as: UTF8.self).split(separator: "\n").first {
                    $0.hasPrefix("fairlead_log_appends_refused_total{") && $0.contains(#"stream="plant-bad/s""#) && $0.contains(#"why="\#(word.rawValue)""#)
                }
                return line?.split(separator: " ").last
            }
            try await eventually("serve has counted the first") { try await metric(.foreignKind) == "1" }

            var broken = event().recordBytes
            broken[broken.firstIndex(of: UInt8(ascii: "p")) ?? 0] = 0xC0
            let flaws: [(String, LogEntry, LogRefusal)] = [
                ("an unknown kind", event(kind: "of_a_later_schema"), .unknownKind), ("NaN", event(body: #"{"effective_bps":NaN}"#), .malformedEntry),
                ("ten megabytes", event(body: "\"" + String(repeating: "x", count: 10_000_000) + "\""), .batchTooLarge),
                ("bad UTF-8", .event(recordBytes: broken), .malformedEntry), ("a version of a later schema", event(version: 2), .futureVersion),
            ]
            for (flaw, entry, refusal) in flaws {
                #expect(try await append(entry) == .refused(refusal), "\(flaw)")
                try await scene.awaitTicks(1, "after \(flaw)")
            }
            let disagreeing = try await scene.database.text(
                """
                SELECT answer || ' ' || refusal FROM fairlead.append(
                    'plant-bad/s', \(claim.epoch), \(claim.nonce), 1, '\\x\(claim.head.digest)', 't'::bytea,
                    ARRAY[(SELECT jsonb_populate_record(NULL::fairlead.tick_body, to_jsonb(t) || '{"flow_quality":""}') FROM fairlead.tick AS t LIMIT 1)],
                    '{}', NULL)
                """)
            #expect(disagreeing == "refused malformed-entry")
            try await scene.awaitTicks(1, "after lists that disagree")

            let counts: [(LogRefusal, Int)] = [(.unknownKind, 1), (.malformedEntry, 3), (.batchTooLarge, 1), (.futureVersion, 1), (.foreignKind, 1)]
            let (code, text, _) = try await gaps(scene, [])
            #expect(code == 0)
            for (word, times) in counts {
                let line = text.split(separator: "\n").first { $0.hasPrefix("plant-bad/s  \(word.rawValue) \(times) time") }
                #expect(line?.hasSuffix(": \(word.sentence)") == true, "\(word): \(text)")
            }
            #expect(text.contains("0 gaps, 7 appends refused"), "\(text)")
            let json = try JSONValue(parsing: try await gaps(scene, ["-o", "json"]).1)
            let rows = json["refused"]?.array ?? []
            #expect(rows.count == counts.count && rows.allSatisfy { $0["who"]?.string == "plant-bad/s" && $0["sentence"]?.string?.isEmpty == false })
            for (word, times) in counts { #expect(rows.first { $0["word"]?.string == word.rawValue }?["times"]?.integer == Int64(times)) }

            for (word, times) in counts {
                try await eventually("the metric of \(word)") { try await metric(word) == "\(times)" }
                guard word != .foreignKind else { continue }
                try await eventually("the line of \(word)") {
                    page.talk.split(separator: "\n").contains { $0.contains("appends were refused") && $0.contains("why=\(word.rawValue)") && $0.contains(word.sentence) }
                }
            }
            #expect(!page.talk.contains("why=\(LogRefusal.foreignKind.rawValue)"), "what did not grow is not told again")
            neighbour.kill()
            try await scene.expectWhole()
        }

        private func event(kind: String = "process_started", version: Int16 = 1, body: String = "{}") -> LogEntry {
            LogEntry(EventEnvelope(kind: kind, version: version, at: WallTime(microseconds: 1), body: body))
        }

        private func gaps(_ scene: ShipperScene, _ options: [String]) async throws -> (Int32, String, String) {
            let answer = try await RunningProgram.run(
                .fairlead, ["log", "gaps", "--database", "host=\(scene.server.socketDirectory) user=\(scene.server.superuser) dbname=postgres"] + options)
            return (answer.exitCode, answer.output, answer.talk)
        }
    }
}
