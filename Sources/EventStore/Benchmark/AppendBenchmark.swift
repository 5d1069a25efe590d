import Events
public import PostgreSQL
public import Quantities
import Schema

/// `fairlead bench append`: four ways of storing the same samples, on one server, over the same connections, one after the other.
///
///     append     one tick per transaction through fairlead.append, the chain recomputed by the server
///     jsonb      a log with one JSONB row per sample, one INSERT and commit per tick
///     copy       binary COPY of the tick rows into a table without index or constraint, one COPY per connection
///     catch-up   `ticksPerCatchUp` ticks per call through fairlead.append
///
/// What is sent is made before the clock runs, so that the server is measured and not our encoder. Each connection logs in as the enrolled role of a
/// cluster, which is asked at each append what it may write, as a shipper's is. A checkpoint stands before each part. Each part runs once per round,
/// and the medians of the rounds are compared: other work on the machine comes and goes.
public struct AppendBenchmark: Sendable {
    public struct Plan: Sendable {
        public var streams = 1_000
        public var connections = 32
        public var samplesPerTick = 60
        public var rounds = 3
        /// Per stream and round.
        public var ticksPerAppendPart = 8
        public var ticksPerJSONBPart = 2
        /// Per connection and round: enough to last longer than a moment's noise.
        public var rowsPerCopy = 1_200
        public var ticksPerCatchUp = 100
        /// So many streams catch up in a round, each with one call: over 32 connections as many rows as are copied.
        public var catchUpStreams = 384
        public var seed: UInt64 = 1
        public init() {}
    }

    /// Medians over the rounds. Rates: samples per second.
    public struct Result: Sendable {
        public var append: Double
        public var jsonb: Double
        public var copy: Double
        public var catchUp: Double
        public var writeAheadBytesPerSample: Double
        public var bytesPerSample: Double
        public var appendP99Milliseconds: Double
        public var headPollP99Milliseconds: Double
        public var connections: Int
        public var fsync: String
        public var synchronousCommit: String
    }

    private let settings: ConnectionSettings
    private let plan: Plan
    private let hash: HashFunction
    private let now: @Sendable () -> Nanoseconds

    /// - Parameters:
    ///   - settings: the superuser of a server of our own, and a migrated database in it that may be filled.
    ///   - now: a monotonic clock.
    public init(_ settings: ConnectionSettings, plan: Plan, hash: HashFunction, now: @escaping @Sendable () -> Nanoseconds) {
        var settings = settings
        settings.statementTimeout = .seconds(120)
        self.settings = settings
        self.plan = plan
        self.hash = hash
        self.now = now
    }

    public func run(progress: @Sendable (String) -> Void) async throws(PostgresError) -> Result {
        let administrator = PostgresConnection(settings)
        try await administrator.run { session throws(PostgresError) in
            try session.runScript(PostgresStatement(Query.benchPrepare))
        }
        let types = try await administrator.run { session throws(PostgresError) in try BenchmarkTypes(session) }
        var pool: [PostgresConnection] = []
        for number in 0..<plan.connections {
            let role = "shipper-plant-\(number)"
            try await LogAdministration(administrator).enroll(.shipper(of: ClusterID("plant-\(number)")), role: role)
            var settings = settings
            settings.keywords["user"] = role
            pool.append(PostgresConnection(settings))
        }
        var writers: [BenchmarkWriter] = []
        for number in 0..<plan.streams {
            let name = StreamName(cluster: ClusterID("plant-\(number % pool.count)"), spool: "bench-\(number / pool.count)")
            let claim = try await pool[number % pool.count].run { session throws(PostgresError) in
                guard case .opened(let claim, _, _) = try PostgresLog.open(OpenRequest(stream: name, highestEpochSeen: 0), session) else {
                    throw PostgresError(.other, "the stream \(name) was not opened", context: "bench")
                }
                return claim
            }
            writers.append(
                BenchmarkWriter(
                    name: name, claim: claim, types: types, chain: HashChain(hash), seed: plan.seed &+ UInt64(number), flows: plan.samplesPerTick))
        }
        var rounds: [Round] = []
        for number in 0..<plan.rounds {
            progress("round \(number + 1) of \(plan.rounds)")
            rounds.append(try await round(number, &writers, pool, administrator))
        }
        return try await result(rounds, administrator)
    }

    private struct Round {
        var append: Part
        var jsonb: Part
        var copy: Part
        var catchUp: Part
    }
    struct Part: Sendable {
        var samplesPerSecond: Double
        var writeAheadBytesPerSample: Double
        var tickBytesPerSample: Double
        var latencies: [Nanoseconds]
        var polls: [Nanoseconds]
    }

    private func round(
        _ number: Int, _ writers: inout [BenchmarkWriter], _ pool: [PostgresConnection], _ administrator: PostgresConnection
    ) async throws(PostgresError) -> Round {
        // Ticks of one stream go over one connection, in order; the connections take the streams in turn.
        var calls = [[BenchmarkCall]](repeating: [], count: pool.count)
        for _ in 0..<plan.ticksPerAppendPart {
            for place in writers.indices { calls[place % pool.count].append(writers[place].append(ticks: 1)) }
        }
        let append = try await measure(calls, pool, administrator, samples: plan.streams * plan.ticksPerAppendPart * plan.samplesPerTick, polls: true)

        var random = SplitMix(seed: plan.seed &+ UInt64(number) << 32)
        calls = [[BenchmarkCall]](repeating: [], count: pool.count)
        for _ in 0..<plan.ticksPerJSONBPart {
            for place in writers.indices { calls[place % pool.count].append(writers[place].jsonb(&random)) }
        }
        let jsonb = try await measure(calls, pool, administrator, samples: plan.streams * plan.ticksPerJSONBPart * plan.samplesPerTick)

        calls = [[BenchmarkCall]](repeating: [], count: pool.count)
        for place in calls.indices { calls[place] = [writers[place % writers.count].copy(rows: plan.rowsPerCopy)] }
        let copy = try await measure(calls, pool, administrator, samples: plan.rowsPerCopy * pool.count * plan.samplesPerTick)

        calls = [[BenchmarkCall]](repeating: [], count: pool.count)
        for turn in 0..<plan.catchUpStreams {
            let place = (number * plan.catchUpStreams + turn) % writers.count
            calls[place % pool.count].append(writers[place].append(ticks: plan.ticksPerCatchUp))
        }
        let catchUp = try await measure(calls, pool, administrator, samples: plan.catchUpStreams * plan.ticksPerCatchUp * plan.samplesPerTick)
        return Round(append: append, jsonb: jsonb, copy: copy, catchUp: catchUp)
    }

    /// Runs each connection's calls on its own thread, all at once.
    private func measure(
        _ calls: [[BenchmarkCall]], _ pool: [PostgresConnection], _ administrator: PostgresConnection, samples: Int, polls: Bool = false
    ) async throws(PostgresError) -> Part {
        try await administrator.run { session throws(PostgresError) in try session.runScript(PostgresStatement(Query.benchCheckpoint)) }
        let before = try await BenchmarkSurvey.take(administrator)
        let watch = polls ? HeadPolls(PostgresConnection(settings), now) : nil
        let clock = now
        let started = now()
        let latencies: [Nanoseconds]
        do {
            latencies = try await withThrowingTaskGroup(of: [Nanoseconds].self) { group in
                if let watch { group.addTask { try await watch.run() } }
                for (connection, calls) in zip(pool, calls) {
                    group.addTask {
                        try await connection.run { session throws(PostgresError) in
                            var taken: [Nanoseconds] = []
                            taken.reserveCapacity(calls.count)
                            for call in calls {
                                let sent = clock()
                                try call.send(session)
                                taken.append(clock() - sent)
                            }
                            return taken
                        }
                    }
                }
                var all: [Nanoseconds] = []
                var finished = 0
                while finished < pool.count, let taken = try await group.next() {
                    all += taken
                    finished += 1
                }
                watch?.stop()
                return all
            }
        } catch let error as PostgresError { throw error } catch { preconditionFailure("only PostgreSQL's errors are thrown here: \(error)") }
        let seconds = Double((now() - started).count) / 1e9
        let after = try await BenchmarkSurvey.take(administrator)
        return Part(
            samplesPerSecond: Double(samples) / seconds, writeAheadBytesPerSample: Double(after.writeAheadBytes - before.writeAheadBytes) / Double(samples),
            tickBytesPerSample: Double(after.tickBytes - before.tickBytes) / Double(samples), latencies: latencies, polls: watch?.latencies ?? [])
    }

    private func result(_ rounds: [Round], _ administrator: PostgresConnection) async throws(PostgresError) -> Result {
        let survey = try await BenchmarkSurvey.take(administrator)
        let perStream = plan.rounds * plan.ticksPerAppendPart
        let stored = (plan.streams * perStream + plan.rounds * plan.catchUpStreams * plan.ticksPerCatchUp) * plan.samplesPerTick
        return Result(
            append: median(rounds.map(\.append.samplesPerSecond)), jsonb: median(rounds.map(\.jsonb.samplesPerSecond)),
            copy: median(rounds.map(\.copy.samplesPerSecond)), catchUp: median(rounds.map(\.catchUp.samplesPerSecond)),
            writeAheadBytesPerSample: median(rounds.map(\.append.writeAheadBytesPerSample)),
            // All that the partitions hold, with their empty room, over all that was stored.
            bytesPerSample: Double(survey.tickBytes) / Double(stored),
            appendP99Milliseconds: percentile99(rounds.flatMap(\.append.latencies)), headPollP99Milliseconds: percentile99(rounds.flatMap(\.append.polls)),
            connections: plan.connections, fsync: survey.fsync, synchronousCommit: survey.synchronousCommit)
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
    private func percentile99(_ values: [Nanoseconds]) -> Double {
        let sorted = values.map(\.count).sorted()
        return sorted.isEmpty ? 0 : Double(sorted[min(sorted.count - 1, sorted.count * 99 / 100)]) / 1e6
    }
}
