import EventStore
import Events
import Glibc
import HTTPTransport
import JSONDocument
import PostgreSQL
import Quantities
import Synchronization

/// A running `fairlead dev`, as somebody outside sees it: by its directory, its database, its ports and `/proc`.
final class DevFleetProcess: Sendable {
    static let clusters = ["plant-a", "plant-b", "plant-c"]
    /// The development fleet's lease. Unit: seconds.
    static let leaseSeconds = 3.0

    private let directory: SceneDirectory
    let supervisor: RunningProgram
    let database: DatabaseView
    private let http = HTTPClient()

    /// Where everything of the fleet lies.
    var data: String { directory.file("data") }
    var connectionString: String { "host=\(data)/postgres/socket user=fairlead dbname=fairlead" }

    /// Returns when the fleet says that it is ready.
    init(for length: String) async throws {
        let directory = SceneDirectory()
        let data = directory.file("data")
        supervisor = try RunningProgram(
            .fairlead, ["dev", "--for", length, "-o", "json", "--persist", data], name: "dev", in: directory.path)
        self.directory = directory
        database = DatabaseView(.socket(directory: "\(data)/postgres/socket", user: "fairlead", database: "fairlead"))
        try await eventually("the fleet is ready", within: .seconds(60)) {
            if supervisor.hasEnded { throw Ended(talk: supervisor.talk) }
            return supervisor.talk.contains("Ctrl-C ends it") ? () : nil
        }
    }
    private struct Ended: Error { let talk: String }

    // MARK: - Processes

    func processes() -> [ProcessTable.Entry] { ProcessTable.naming(data).filter { ProcessTable.isRunning($0.identifier) } }
    func serve(_ holder: String) -> ProcessTable.Entry? { processes().first { $0.option("--holder") == holder && $0.arguments.contains("serve") } }
    func shipper(_ cluster: String) -> ProcessTable.Entry? { processes().first { $0.option("--spool") == "\(data)/\(cluster).spool" } }
    /// The server's main process, by its own file; nil while none runs.
    var postgres: Int32? {
        let line = ProcessTable.read("\(data)/postgres/data/postmaster.pid")?.split(separator: "\n").first
        return line.flatMap { Int32($0) }.flatMap { ProcessTable.isRunning($0) ? $0 : nil }
    }

    // MARK: - What a shipper shows of itself

    /// The value of a metric on the shipper's own port, summed over all series whose labels hold `label`.
    func metric(_ name: String, _ label: String = "", of cluster: String) async throws -> Int64 {
        guard let address = shipper(cluster)?.option("--listen") else { throw NotThere(what: "shipper \(cluster)") }
        let answer = try await http.send(HTTPRequest(.get, "http://\(address)/metrics", deadline: .seconds(2)))
        let lines = String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
        let values = lines.filter { ($0.hasPrefix("\(name){") || $0.hasPrefix("\(name) ")) && $0.contains(label) }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
        guard !values.isEmpty else { throw NotThere(what: name) }
        return Int64(values.reduce(0, +))
    }
    struct NotThere: Error { let what: String }

    /// Ticks since the shipper's start, as it counts them itself.
    func ticks(of cluster: String) async throws -> Int64 { try await metric("fairlead_ticks_total", of: cluster) }

    // MARK: - The log

    /// The newest tick number that the log holds of a cluster.
    func loggedTick(of cluster: String) async throws -> Int64 {
        try await database.number("SELECT max(newest_tick_number)::text FROM fairlead.stream WHERE cluster = '\(cluster)'") ?? 0
    }

    func lease(_ name: String = "coordinator") async throws -> Lease {
        let row = try await database.row(
            """
            SELECT holder, term::text, extract(epoch FROM acquired_at)::text, extract(epoch FROM renewed_at)::text
            FROM fairlead.lease WHERE name = '\(name)'
            """)
        guard row.count == 4, let holder = row[0], let term = row[1].flatMap({ Int64($0) }), let acquired = row[2].flatMap({ Double($0) }),
            let renewed = row[3].flatMap({ Double($0) })
        else { throw NotThere(what: "lease \(name)") }
        return Lease(holder: holder, term: term, acquiredAt: acquired, renewedAt: renewed)
    }
    struct Lease: Equatable {
        var holder: String
        var term: Int64
        /// By the server's clock. Unit: seconds.
        var acquiredAt: Double
        var renewedAt: Double
        /// `serve-1` of `serve-1-8c3f09aa`: which replica, whatever its incarnation.
        var replica: String { holder.split(separator: "-").dropLast().joined(separator: "-") }
    }

    /// All that stands on the log, in order per stream.
    func records() async throws -> [LogRecord] {
        var all: [LogRecord] = []
        try await LogReader(database.connection).readAll { all.append($0) }
        return all
    }

    /// `fairlead log verify`, as a person runs it.
    func verification() async throws -> (exitCode: Int32, document: JSONValue) {
        let (code, output, _) = try await RunningProgram.run(.fairlead, ["log", "verify", "-o", "json", "--database", connectionString])
        return (code, try JSONValue(parsing: output))
    }

    /// Streams whose tick numbers are not 1, 2, 3 … without a gap, or whose rows of one tick are not there once each.
    func tornStreams() async throws -> [String] {
        try await database.rows(
            """
            SELECT name FROM (
                SELECT s.name, t.tick_number, count(*) AS rows, max(t.ordinal) + 1 AS ordinals,
                    lag(t.tick_number, 1, 0::int8) OVER (PARTITION BY s.name ORDER BY t.tick_number) AS before
                FROM fairlead.tick AS t JOIN fairlead.stream AS s USING (stream_id)
                GROUP BY s.name, t.tick_number
            ) AS counted
            WHERE rows <> ordinals OR tick_number <> before + 1
            """
        ).compactMap { $0.first ?? nil }
    }
}

/// One development fleet that several tests hurt in turn: each leaves it as whole as it found it, or fails.
actor SharedDevFleet {
    static let instance = SharedDevFleet()
    private var starting: Task<DevFleetProcess, any Error>?

    func running() async throws -> DevFleetProcess {
        // A task, because the first test to come starts it and others may come meanwhile; it ends when the fleet is ready.
        let task = starting ?? Task { try await DevFleetProcess(for: "300s") }
        starting = task
        return try await task.value
    }

    /// Lets it go: with its last holder, its processes and its directory end.
    func release() { starting = nil }
}
