import PostgreSQL
import Quantities
import Schema
internal import Synchronization

/// What the server says of itself between the parts of the benchmark.
struct BenchmarkSurvey: Sendable {
    var writeAheadBytes: Int64
    var tickBytes: Int64
    var fsync: String
    var synchronousCommit: String

    static func take(_ connection: PostgresConnection) async throws(PostgresError) -> BenchmarkSurvey {
        try await connection.run { session throws(PostgresError) in
            try session.queryOne(Query.benchSurvey) { row throws(PostgresError) in
                BenchmarkSurvey(
                    writeAheadBytes: try row.value("wal_bytes"), tickBytes: try row.value("tick_bytes"), fsync: try row.value("fsync"),
                    synchronousCommit: try row.value("synchronous_commit"))
            }
        }
    }
}

/// A reader beside the writers: polls the heads ten times a second and remembers how long each poll took.
final class HeadPolls: Sendable {
    private static let pauseMilliseconds: Int32 = 100

    private let connection: PostgresConnection
    private let now: @Sendable () -> Nanoseconds
    private let state = Mutex<(latencies: [Nanoseconds], isStopped: Bool)>(([], false))

    init(_ connection: PostgresConnection, _ now: @escaping @Sendable () -> Nanoseconds) {
        self.connection = connection
        self.now = now
    }

    var latencies: [Nanoseconds] { state.withLock { $0.latencies } }
    func stop() { state.withLock { $0.isStopped = true } }

    /// Until `stop`; returns nothing to count.
    func run() async throws(PostgresError) -> [Nanoseconds] {
        let reader = LogReader(connection)
        while !state.withLock({ $0.isStopped }) {
            let asked = now()
            _ = try await reader.heads()
            let taken = now() - asked
            state.withLock { $0.latencies.append(taken) }
            try await connection.run { session throws(PostgresError) in
                _ = try session.queryOne(Query.benchPause, [.int4(HeadPolls.pauseMilliseconds)]) { row throws(PostgresError) in
                    try row.value("waited", as: Int32.self)
                }
            }
        }
        return []
    }
}
