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

        @Test func `a thousand writers, each under its own role, come back after a restart without exhausting the server, and the centre reads meanwhile (I1, I9)`() async throws {
            let count = 1_000
            var options = PrivateServer.Options()
            options.syncsToDisk = false
            // As schema/README.md has it: the writers (one to a cluster here), a centre, people, and what is reserved.
            options.settings = ["max_connections=\(count + LogAdministration.connectionsWanted(clusters: 0) + 10)", "shared_buffers=64MB"]
            let server = try PrivateServer.temporary(options: options)
            let database = DatabaseView(.socket(directory: server.socketDirectory, user: server.superuser, database: "postgres"))
            try await DatabaseSchema(database.connection).migrate()
            let administration = LogAdministration(database.connection)
            try await administration.makePartitions()
            try await administration.enroll(.central("coordinator"), role: "serve")
            for number in 0..<count { try await administration.enroll(.shipper(of: ClusterID("site-\(number)")), role: "site-\(number)") }
            let spoolers = (0..<count).map { number in
                PaperSpooler(
                    StreamName(cluster: ClusterID("site-\(number)"), spool: "paper"), entries: 20, spooled: 5,
                    .socket(directory: server.socketDirectory, user: "site-\(number)", database: "postgres"), seed: UInt64(number))
            }
            let centre = DatabaseView(.socket(directory: server.socketDirectory, user: "serve", database: "postgres"))
            // All of them in, and then a server that is gone while each of them has more to send.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for spooler in spoolers { group.addTask { try await spooler.run(until: .seconds(100)) } }
                try await group.waitForAll()
            }
            #expect(try await database.number(Self.connected) == Int64(count))
            await database.connection.close()
            server.stopImmediately()
            let (blind, took) = try await withThrowingTaskGroup(of: Duration?.self) { group in
                for spooler in spoolers {
                    group.addTask {
                        await spooler.grow()
                        try await spooler.run(until: .seconds(150))
                        return nil
                    }
                }
                try await eventually("every writer has found the server gone") {
                    for spooler in spoolers where await !spooler.isAway { return false }
                    return true
                }
                try server.start()
                let since = ContinuousClock.now
                group.addTask {
                    try await eventually("the centre reads the log again", within: .seconds(60)) {
                        try await centre.number("SELECT count(*)::text FROM fairlead.stream") == Int64(count)
                    }
                    return ContinuousClock.now - since
                }
                return (try await group.reduce(Duration.zero) { max($0, $1 ?? .zero) }, ContinuousClock.now - since)
            }
            print("1,000 writers: the centre read the log again \(blind) after the server stood, every backlog was in after \(took)")
            #expect(blind < .seconds(30) && took < .seconds(90), "\(blind), \(took)")
            let rows = try await eventually("the server answers") { try await database.row("SELECT count(*)::text, min(seq)::text, max(seq)::text FROM fairlead.stream") }
            #expect(rows == ["\(count)", "20", "20"])
            #expect(try await database.number(Self.connected) == Int64(count), "they are back, and stay, as shippers do")
            let said = ProcessTable.read(server.logFile) ?? ""
            for sign in ["too many", "remaining connection slots", "could not fork", "out of memory"] { #expect(!said.contains(sign), "the server ran out: \(sign)") }
            let reports = try await LogVerifier(database.connection, hash: .libcrypto).verify()
            #expect(reports.count == count && reports.flatMap(\.findings) == [])
            for spooler in spoolers { await spooler.close() }
        }
        private static let connected = "SELECT count(*)::text FROM pg_stat_activity WHERE usename LIKE 'site-%'"

        @Test func `serve says at its start where the server admits fewer connections than the fleet may want`() async throws {
            for (most, isScarce) in [(LogAdministration.connectionsWanted(clusters: 1) + 2, true), (LogAdministration.connectionsWanted(clusters: 1) + 3, false)] {
                var options = PrivateServer.Options()
                options.syncsToDisk = false
                options.settings = ["max_connections=\(most)"]
                let scene = try await ShipperScene(server: PrivateServer.temporary(options: options))
                let page = try scene.serve("all", spool: scene.directory.file("spool-of-all"), components: "coordinator,alerter,web")
                let held = try await eventually("serve is at it") {
                    try await scene.database.number("SELECT count(*)::text FROM pg_stat_activity WHERE application_name = 'all' HAVING count(*) > 6")
                }
                #expect(held <= LogAdministration.connectionsOfServe, "\(held)")
                #expect(page.talk.contains("raise max_connections") == isScarce, "\(page.talk)")
                page.kill()
            }
        }
    }
}

/// A backlog in memory and the writer that every shipper has, on a connection of its own.
private actor PaperSpooler {
    private let entries: [LogEntry]
    private var digests: [Digest]
    private var writer: LogWriter
    private let connection: PostgresConnection
    private let closesAtEnd: Bool
    private let clock = ContinuousClock()
    private let epoch = ContinuousClock.now

    /// - Parameter spooled: so many of the entries to begin with, the rest with `grow`. Then it keeps its connection when it has nothing left to
    ///   send, as a shipper does; nil for all of them, and an end.
    init(_ stream: StreamName, entries count: Int, spooled: Int? = nil, _ settings: ConnectionSettings, seed: UInt64) {
        closesAtEnd = spooled == nil
        let chain = HashChain(.libcrypto)
        entries = (0..<count).map { LogEntry(EventEnvelope(kind: "process_started", version: 1, at: WallTime(microseconds: Int64($0)), body: "{\"n\":\($0)}")) }
        digests = [chain.genesis(of: stream)]
        for (index, entry) in entries.enumerated() { digests.append(chain.digest(after: digests[index], sequence: Int64(index + 1), entry: entry)) }
        writer = LogWriter(
            stream: stream, spooled: StreamHead(sequence: Int64(spooled ?? count), digest: digests[spooled ?? count]), acknowledged: 0, highestEpochSeen: 0, seed: seed)
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
        if closesAtEnd { await connection.close() }
    }
    /// All the rest is spooled.
    func grow() { writer.spoolGrew(to: StreamHead(sequence: Int64(entries.count), digest: digests[entries.count])) }
    var isAway: Bool { writer.standing == .away }
    func close() async { await connection.close() }
}
