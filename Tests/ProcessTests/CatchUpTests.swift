import Cryptography
import EventStore
import Events
import Glibc
import PostgreSQL
import PrivatePostgres
import Quantities
import Spool
import Synchronization
import Testing

extension RealProcesses {
    /// Aim: a server that ends in the middle of many rows, going in or coming out, loses, doubles and pretends nothing (I1, I2, I3, I5, I9).
    /// Method: a spool with thousands of entries and a real shipper that sends them in large batches. Another transaction has put a row,
    /// uncommitted, where one of the batch's own must go: there the append stands, with half of its rows written. Then the server ends at
    /// once. Out: a real export into a pipe that nobody reads, so that its COPY stands in the middle too.
    @Suite(.serialized) struct CatchUpTests {
        private static let backlog = 3_000

        @Test func `a server that ends at once with half of a large batch's rows written keeps what it acknowledged, and the rest enters once (I1, I2, I3, I9)`() async throws {
            let scene = try await ShipperScene()
            let stream = try await fillSpool(of: scene)
            var shipper: RunningProgram?
            for (round, place) in [Int64(800), 1_900].enumerated() {
                let before = try await eventually("the server answers") { try await scene.heads() }
                let inTheWay = try PostgresSession(scene.database.settings)
                try inTheWay.runScript(
                    PostgresStatement(
                        name: "in the way",
                        text: "BEGIN; INSERT INTO fairlead.tick SELECT (jsonb_populate_record(t, '{\"seq\": \(place)}')).* FROM fairlead.tick AS t WHERE seq = 1"))
                if let shipper { shipper.signal(SIGCONT) } else { shipper = try scene.shipper("shipper") }
                try await eventually("an append stands at row \(place)") {
                    try await scene.database.number(
                        "SELECT count(*)::text FROM pg_stat_activity WHERE wait_event = 'transactionid' AND query LIKE '%fairlead.append%'") == 1
                }
                // Nobody sends before the next row lies in the way.
                shipper?.signal(SIGSTOP)
                let acknowledged = try await scene.heads()
                #expect(acknowledged[0].sequence > before[0].sequence && acknowledged[0].sequence < place, "round \(round): \(acknowledged)")
                scene.server.stopImmediately()
                withExtendedLifetime(inTheWay) {}
                try scene.server.start()
                try await eventually("the server answers again") { try await scene.heads() == acknowledged }
                #expect(try await scene.database.number("SELECT max(seq)::text FROM fairlead.tick") == acknowledged[0].sequence, "half a batch is no batch")
            }
            shipper?.signal(SIGCONT)
            try await eventually("the backlog is in", within: .seconds(60)) { try await scene.heads()[0].sequence > Int64(Self.backlog) }
            try await scene.awaitTicks(3, "after the backlog")
            shipper?.signal(SIGTERM)
            #expect(try await shipper?.end() == 0)
            #expect(try await scene.heads().map(\.stream) == [stream.text])
            try await scene.expectWhole()
            try await scene.expectSpoolOnLog()
        }

        @Test func `an export whose server ends in the middle of its COPY fails in one sentence, and passes for no whole one (I5)`() async throws {
            let scene = try await ShipperScene()
            _ = try await fillSpool(of: scene)
            let shipper = try scene.shipper("shipper")
            try await eventually("the backlog is in", within: .seconds(60)) { try await scene.heads()[0].sequence > Int64(Self.backlog) }
            shipper.kill()
            let pipe = scene.directory.file("export.out")
            try #require(mkfifo(pipe, 0o600) == 0)
            let reader = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            try #require(reader >= 0)
            defer { close(reader) }
            let export = try RunningProgram(
                .fairlead, ["log", "export", "--database", "host=\(scene.server.socketDirectory) user=\(scene.server.superuser) dbname=postgres"],
                name: "export", in: scene.directory.path)
            try await eventually("the COPY stands, because nobody reads") {
                try await scene.database.number("SELECT count(*)::text FROM pg_stat_activity WHERE wait_event = 'ClientWrite' AND query LIKE '%COPY%'") == 1
            }
            scene.server.stopImmediately()
            let came = Mutex(0)
            let code = try await eventually("the export ends") {
                came.withLock { $0 += drain(reader) }
                return export.exitCode
            }
            #expect(code == 2, "\(export.talk)")
            #expect(export.talk.split(separator: "\n").count == 1, "\(export.talk)")
            #expect(came.withLock { $0 } > 0)
        }

        /// Reads what the pipe holds now; returns how many bytes came.
        private func drain(_ descriptor: Int32) -> Int {
            var piece = [UInt8](repeating: 0, count: 65_536)
            var total = 0
            while true {
                let count = read(descriptor, &piece, piece.count)
                guard count > 0 else { return total }
                total += count
            }
        }

        /// Makes the scene's spool, with a backlog in it whose first ten are on the log already: what a long outage leaves.
        private func fillSpool(of scene: ShipperScene) async throws -> StreamName {
            let stream = StreamName(cluster: SmallFleet.cluster, spool: "backlog")
            let chain = HashChain(.libcrypto)
            let entries = (0..<Self.backlog).map { LogEntry(tick(Int64($0))) }
            var spooled: [SpooledEntry] = []
            var digest = chain.genesis(of: stream)
            for (index, entry) in entries.enumerated() {
                digest = chain.digest(after: digest, sequence: Int64(index + 1), entry: entry)
                spooled.append(SpooledEntry(sequence: Int64(index + 1), digest: digest, entry: entry))
            }
            let spool = try await SQLiteSpool.open(path: scene.spoolFile, fresh: stream, hash: .libcrypto)
            try await spool.append(spooled)
            try await spool.close()
            let log = PostgresLog(scene.database.connection)
            guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: stream, highestEpochSeen: 0))),
                case .stored = try await log.answer(
                    .append(
                        AppendRequest(
                            stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: 1, previousDigest: claim.head.digest,
                            entries: Array(entries.prefix(10)))))
            else { throw NotInTime("the first entries are stored", after: .zero, last: nil) }
            return stream
        }

        /// Numbered far from where a shipper begins.
        private func tick(_ number: Int64) -> Tick {
            Tick(
                number: 1_000_000 + number, at: WallTime(microseconds: 1_795_416_000_000_000 + number * 1_000_000), intervalMilliseconds: 1_000, rosterSequence: 1,
                flows: [FlowSample(quality: .measured, count: 50, lost: 0, windowMilliseconds: 1_000, ageMilliseconds: 20, p95: .microseconds(300))],
                workloads: [WorkloadUse(used: .megabits(90), quality: .measured, offered: .atLimit, applied: .megabits(100), desired: .megabits(100), replicas: 2)])
        }
    }
}
