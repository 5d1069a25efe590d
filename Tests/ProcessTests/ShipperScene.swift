import Cryptography
import EventStore
import Events
import Fleet
import Glibc
import PostgreSQL
import PrivatePostgres
import Quantities
import Spool
import Testing

/// One cluster with real shippers, a plant that uses all it is let, and a private PostgreSQL: what breaks between them is the test's.
final class ShipperScene: Sendable {
    static let tick = Nanoseconds.milliseconds(200)

    let world = GreedyWorld()
    let directory = SceneDirectory()
    let server: PrivateServer
    let database: DatabaseView
    let fleetFile: String

    /// - Parameter given: the server to use; nil for a temporary one.
    init(server given: PrivateServer? = nil, retention: RetentionSpecification = RetentionSpecification()) async throws {
        server = try given ?? PrivateServer.temporary()
        database = DatabaseView(.socket(directory: server.socketDirectory, user: server.superuser, database: "postgres"))
        try await DatabaseSchema(database.connection).migrate()
        let administration = LogAdministration(database.connection)
        try await administration.makePartitions()
        try await administration.enroll(.shipper(of: SmallFleet.cluster), role: SmallFleet.cluster.text)
        for stream in ["coordinator", "alerter"] { try await administration.enroll(.central(stream), role: "serve") }
        // Calm, and a spike that brakes, again and again.
        let trace = directory.write(String(repeating: "0.3ms\n", count: 12) + "3ms\n3ms\n", to: "trace")
        var fleet = SmallFleet.specification(
            enforcer: .simulated(url: world.url), source: .trace(path: trace), tick: ShipperScene.tick, capacity: .megabits(600))
        fleet.retention = retention
        fleetFile = directory.write(FleetDocument.render(fleet), to: "fleet.yaml")
    }

    /// - Parameters:
    ///   - name: of its output files and its holder.
    ///   - spool: the spool's path; a file of the scene's directory as a rule.
    ///   - socket: the directory of the socket that it connects to; the server's own as a rule.
    func shipper(_ name: String, spool: String? = nil, failpoint: String? = nil, socket: String? = nil) throws -> RunningProgram {
        try RunningProgram(
            .shipper,
            [
                "run", "--config", fleetFile, "--cluster", SmallFleet.cluster.text, "--spool", spool ?? spoolFile, "--holder", name,
                "--database", "host=\(socket ?? server.socketDirectory) user=\(SmallFleet.cluster) dbname=postgres",
            ], name: name, in: directory.path, environment: failpoint.map { ["FAIRLEAD_FAILPOINT=\($0)"] } ?? [])
    }
    var spoolFile: String { directory.file("spool") }

    /// The page alone, at a port of the system's choosing.
    func servePage(_ name: String) throws -> RunningProgram {
        try RunningProgram(
            .fairlead,
            [
                "serve", "--config", fleetFile, "--components", "web", "--holder", name, "--listen", "127.0.0.1:0", "--database",
                "host=\(server.socketDirectory) user=serve dbname=postgres application_name=\(name)",
            ], name: name, in: directory.path)
    }

    func serve(_ name: String, spool: String, components: String = "coordinator") throws -> RunningProgram {
        mkdir(spool, 0o700)
        return try RunningProgram(
            .fairlead,
            [
                "serve", "--config", fleetFile, "--components", components, "--holder", name, "--listen", "127.0.0.1:0", "--spool", spool, "--database",
                "host=\(server.socketDirectory) user=serve dbname=postgres application_name=\(name)",
            ], name: name, in: directory.path)
    }

    // MARK: - What stands there

    struct Head: Equatable, Sendable {
        var stream: String
        var sequence: Int64
        var hash: String
    }
    func heads() async throws -> [Head] {
        try await database.rows("SELECT name, seq::text, encode(hash, 'hex') FROM fairlead.stream ORDER BY name").map {
            Head(stream: $0[0] ?? "", sequence: Int64($0[1] ?? "") ?? 0, hash: $0[2] ?? "")
        }
    }
    /// Ticks of the cluster that the log holds, over all its streams.
    func ticks() async throws -> Int64 { try await database.number("SELECT count(*)::text FROM fairlead.tick WHERE ordinal = 0") ?? 0 }

    /// Waits until the log holds so many ticks more than now.
    func awaitTicks(_ count: Int64, _ why: String, within span: Duration = .seconds(40)) async throws {
        let from = try await eventually("the log answers") { try await self.ticks() }
        try await eventually("\(count) more ticks: \(why)", within: span) { try await self.ticks() >= from + count }
    }

    /// Whether what stood at a head once stands there still.
    func stillHolds(_ head: Head) async throws -> Bool {
        try await database.number(
            """
            SELECT count(*)::text FROM fairlead.stream AS s
            WHERE s.name = '\(head.stream)' AND encode(fairlead.digest_at(s, \(head.sequence)), 'hex') = '\(head.hash)'
            """) == 1
    }

    /// I2, I3, I6: every stream is whole, its chain verifies, and no tick stands twice.
    func expectWhole() async throws {
        let reports = try await LogVerifier(database.connection, hash: .libcrypto).verify()
        #expect(reports.flatMap(\.findings) == [])
        let doubled = try await database.rows(
            "SELECT stream_id::text, tick_number::text FROM fairlead.tick GROUP BY stream_id, tick_number, ordinal HAVING count(*) > 1 LIMIT 5")
        #expect(doubled.isEmpty)
    }

    /// I1: what lies in the spool as acknowledged stands on the log, byte for byte. The shipper must have ended.
    func expectSpoolOnLog(_ path: String? = nil) async throws {
        let spool = try await SQLiteSpool.open(path: path ?? spoolFile, fresh: StreamName(cluster: SmallFleet.cluster, spool: "x"), hash: .libcrypto)
        let contents = try await spool.contents()
        var after: Int64 = 0
        var compared = 0
        while after < contents.acknowledged {
            let batch = try await spool.entries(after: after, limit: 200, maximumBytes: 1 << 20)
            let stored = try await LogReader(database.connection).stored(of: contents.stream, after: after, limit: batch.entries.count)
            for (mine, theirs) in zip(batch.entries.prefix { $0.sequence <= contents.acknowledged }, stored) {
                #expect(mine.sequence == theirs.sequence && mine.digest == theirs.digest && mine.entry == theirs.entry)
                compared += 1
            }
            guard let last = batch.entries.last, stored.count == batch.entries.count || last.sequence > contents.acknowledged else {
                Issue.record("the spool has \(batch.entries.count) entries after \(after), the log \(stored.count)")
                break
            }
            after = last.sequence
        }
        #expect(compared > 0)
        try await spool.close()
    }
}
