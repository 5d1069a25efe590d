import Cryptography
import EventStore
import Events
import Fleet
import PostgreSQL
import PrivatePostgres
import Quantities
import Synchronization
import Testing

extension RealProcesses {
    /// Aim: when the log's server comes back, everybody's backlog enters and the server is not exhausted (I1, I3, I9).
    /// Method: 200 writers, each the shipper's own `LogWriter` with a connection of its own and a backlog, on a server that ends at
    /// once and starts again while they write; it admits only so many.
    @Suite(.serialized) struct ReconnectTests {
        @Test func `two hundred writers whose server restarts under them all deliver their backlog (I1, I9)`() async throws {
            var options = PrivateServer.Options()
            options.syncsToDisk = false
            options.settings = ["max_connections=230", "shared_buffers=64MB"]
            let server = try PrivateServer.temporary(options: options)
            let settings = ConnectionSettings.socket(directory: server.socketDirectory, user: server.superuser, database: "postgres")
            let database = DatabaseView(settings)
            try await DatabaseSchema(database.connection).migrate()
            try await LogAdministration(database.connection).makePartitions()
            let spoolers = (0..<200).map { number in PaperSpooler(StreamName(cluster: ClusterID("site-\(number)"), spool: "paper"), entries: 60, settings, seed: UInt64(number)) }
            let began = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for spooler in spoolers { group.addTask { try await spooler.run(until: .seconds(90)) } }
                group.addTask {
                    try await eventually("the writers are at it") {
                        try await database.number("SELECT count(*)::text FROM fairlead.stream WHERE seq > 0").map { $0 > 50 } ?? false
                    }
                    await database.connection.close()
                    server.stopImmediately()
                    try server.start()
                }
                try await group.waitForAll()
            }
            let took = ContinuousClock.now - began
            #expect(took < .seconds(60), "lag returns to 0 in bounded time: \(took)")
            let rows = try await database.row("SELECT count(*)::text, min(seq)::text, max(seq)::text FROM fairlead.stream")
            #expect(rows == ["200", "60", "60"])
            let reports = try await LogVerifier(database.connection, hash: .libcrypto).verify()
            #expect(reports.count == 200 && reports.flatMap(\.findings) == [])
        }
    }
}

/// A backlog in memory and the writer that every shipper has, on a connection of its own.
private actor PaperSpooler {
    private let entries: [LogEntry]
    private var digests: [Digest]
    private var writer: LogWriter
    private let connection: PostgresConnection
    private let clock = ContinuousClock()
    private let epoch = ContinuousClock.now

    init(_ stream: StreamName, entries count: Int, _ settings: ConnectionSettings, seed: UInt64) {
        let chain = HashChain(.libcrypto)
        entries = (0..<count).map { LogEntry(EventEnvelope(kind: "process_started", version: 1, at: WallTime(microseconds: Int64($0)), body: "{\"n\":\($0)}")) }
        digests = [chain.genesis(of: stream)]
        for (index, entry) in entries.enumerated() { digests.append(chain.digest(after: digests[index], sequence: Int64(index + 1), entry: entry)) }
        writer = LogWriter(
            stream: stream, spooled: StreamHead(sequence: Int64(count), digest: digests[count]), acknowledged: 0, highestEpochSeen: 0, seed: seed)
        connection = PostgresConnection(settings)
    }

    private var now: MonotonicTime {
        let (seconds, attoseconds) = (clock.now - epoch).components
        return MonotonicTime(nanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    /// Small batches, so that the restart falls between some of them.
    func run(until span: Duration) async throws {
        let log = PostgresLog(connection)
        while writer.backlog > 0 {
            guard clock.now - epoch < span else { throw NotInTime("\(writer.backlog) entries left", after: span, last: writer.haltReason) }
            if let wake = writer.wakeAt, wake > now { try await clock.sleep(for: .nanoseconds((wake - now).count)) }
            var actions = writer.proceed(now)
            while !actions.isEmpty {
                switch actions.removeFirst() {
                case .read(let after):
                    let end = min(entries.count, Int(after) + 5)
                    actions += writer.read(
                        SpoolReading(previousDigest: digests[Int(after)], entries: Array(entries[Int(after)..<end]), digests: Array(digests[Int(after) + 1...end])),
                        now: now)
                case .send(let request):
                    do { actions += writer.answered(try await log.answer(request), now: now).actions } catch { writer.unreachable(now: now) }
                case .setAside(let reason): Issue.record("set aside: \(reason)")
                case .acknowledge, .rememberEpoch, .declare: break
                }
            }
        }
        await connection.close()
    }
}
