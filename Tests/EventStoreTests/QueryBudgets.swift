import Events
import PostgreSQL
import Quantities
import Schema
import Testing

/// How many blocks each shipped statement may touch on a history of many days: a fixed part, and one for each stream where it asks all of
/// them. Set at about twice what histories of 6 days × 12 streams and 30 × 200 took, so that a plan that begins to scan days or streams is found.
/// Every file of `schema/queries` has its budget here or its reason for having none. (Nothing is vacuumed meanwhile: dead rows count.)
struct QueryBudgets {
    let session: PostgresSession
    let writer: HistoryWriter
    let streams: Int
    /// The day after the history's last. Unit: days since 1970.
    let now: Int64

    private struct Budget {
        let statement: EmbeddedStatement
        let parameters: [PostgresParameter]
        let fixed: Int
        let perStream: Int
        init(_ statement: EmbeddedStatement, _ parameters: [PostgresParameter] = [], fixed: Int, perStream: Int = 0) {
            (self.statement, self.parameters, self.fixed, self.perStream) = (statement, parameters, fixed, perStream)
        }
    }

    private static let exempt: [EmbeddedStatement: String] = [
        Query.benchAppendJSONB: "the benchmark's own", Query.benchCheckpoint: "the benchmark's own", Query.benchCopyTicks: "the benchmark's own",
        Query.benchPause: "the benchmark's own", Query.benchPrepare: "the benchmark's own", Query.benchSurvey: "the benchmark's own",
        Query.databaseCreate: "makes a database, once", Query.migrationBootstrap: "makes a table, once", Query.migrationLock: "locks, and reads nothing",
        Query.migrationRecord: "one row for each migration, ever", Query.logExport: "the whole log is what it is for",
        Query.partitionDrop: "drops tables, one day at a time; its reading is that of partition_obstacles",
        Query.partitionObstacles: "counts a day's entries before the day goes, which is once",
        Query.projectionDigests: "reads every projection, for rebuild alone", Query.projectionRebuild: "reads the whole log, for rebuild alone",
        Query.writerEnroll: "makes a role", Query.writerCut: "ends a role",
    ]

    func expectAll() throws {
        try fillOutbox()
        let budgets = try reading + searching + pages + centre + writing
        for budget in budgets {
            let most = budget.fixed + budget.perStream * streams
            let touched = try blocks("EXPLAIN (ANALYZE, BUFFERS, COSTS off)\n" + budget.statement.text, budget.parameters, name: budget.statement.name, most: most)
            print("  \(budget.statement.name): \(touched) blocks of \(most)")
            #expect(touched <= most, "\(budget.statement.name) touched \(touched) blocks")
        }
        #expect(Set(budgets.map(\.statement)).isDisjoint(with: Self.exempt.keys))
        #expect(Set(budgets.map(\.statement)).union(Self.exempt.keys) == Set(Query.all), "each has its budget or its reason")
        for view in try texts("SELECT viewname::text FROM pg_views WHERE schemaname = 'analytics' ORDER BY 1") {
            // Some are asked for as their comments say: roll-ups for one width and a stretch of time, what looks at neighbouring ticks for a day.
            let condition = if view.hasSuffix("_rollup") {
                "WHERE cluster = '\(cluster)' AND width_s = 60 AND window_start >= fairlead.instant(\(lastDay))"
            } else if ["shadow_comparison", "threshold_change"].contains(view) {
                "WHERE cluster = '\(cluster)' AND received_on = date '1970-01-01' + \(now - 1)"
            } else { "" }
            let most = 400 + 40 * streams
            let touched = try blocks("EXPLAIN (ANALYZE, BUFFERS, COSTS off) SELECT * FROM analytics.\(view) \(condition) LIMIT 20", [], name: "view_\(view)", most: most)
            print("  analytics.\(view), 20 rows: \(touched) blocks of \(most)")
            #expect(touched <= most, "analytics.\(view) touched \(touched) blocks")
        }
    }

    // MARK: - The statements

    private var stream: String { writer.stream.text }
    private var cluster: String { writer.stream.cluster?.text ?? "" }
    /// Microseconds since 1970.
    private var end: Int64 { now * 86_400_000_000 }
    private var lastDay: Int64 { end - 86_400_000_000 }

    /// The log and one stream of it.
    private var reading: [Budget] {
        get throws {
            let id = PostgresParameter.int8(try number("SELECT fairlead.stream_id('\(stream)')::text"))
            let (last, day) = (writer.sequence, Int32(now - 1))
            let every = try texts("SELECT stream_id::text FROM fairlead.stream").compactMap { Int64($0) }
            return [
                Budget(Query.logHeads, fixed: 20, perStream: 1),
                Budget(Query.logRead, [.int8Array(every), .int8Array(every.map { _ in max(0, last - 2) }), .int4Array(every.map { _ in day }), .int4(100), .int4(2_000)], fixed: 100, perStream: 60),
                Budget(Query.logCopy, [.text(stream), .int8(last - 100), .int4(50)], fixed: 200),
                Budget(Query.logScan, [id, .int8(last - 100), .int4(50)], fixed: 200),
                Budget(Query.logStarts, [.text(nil)], fixed: 100, perStream: 40),
                Budget(Query.logRosters, fixed: 40, perStream: 2),
                Budget(Query.logRefusals, fixed: 20),
                Budget(Query.checkpointLast, fixed: 100),
                Budget(Query.checkpointList, [.int8(0), .int4(100)], fixed: 100),
                Budget(Query.checkpointDigests, [.textArray([stream, stream]), .int8Array([last, 1])], fixed: 600),
                Budget(Query.cursorLoad, [.text("alerter")], fixed: 40, perStream: 2),
                Budget(Query.consumerList, fixed: 40, perStream: 2),
                Budget(Query.partitionsAhead, fixed: 600),
                Budget(Query.partitionList, fixed: 2_500, perStream: 4),
                Budget(Query.retentionList, fixed: 10),
                Budget(Query.compositeType, [.text("fairlead.tick_body")], fixed: 40),
                Budget(Query.databaseExists, fixed: 10),
                Budget(Query.connectionRoom, fixed: 0),
                Budget(Query.migrationList, fixed: 10),
                Budget(Query.migrationSurvey, fixed: 200),
                Budget(Query.migrationChecksum, [.text("x")], fixed: 10),
            ]
        }
    }

    /// What pages and commands ask.
    private var searching: [Budget] {
        get throws {
            // Who asks for a cluster's last day has its ticks read, on the day before it too.
            let ticks = Int(try number("SELECT count(*)::text FROM fairlead.tick WHERE stream_id = fairlead.stream_id('\(stream)') AND received_on >= date '1970-01-01' + \(now - 2)") ?? 0)
            return [
                Budget(Query.readNewestArrival, fixed: 20, perStream: 1),
                Budget(Query.readAlerts, [.int4(20)], fixed: 20),
                Budget(Query.readAllocation, fixed: 60),
                Budget(Query.readClusterRoster, [.text(cluster), .int8(end)], fixed: 60, perStream: 1),
                Budget(Query.readClusters, fixed: 100, perStream: 20),
                Budget(Query.readDecision, [.text(stream), .int8(writer.sequence)], fixed: 150),
                Budget(Query.readDecisions, [.text(cluster), .int8(lastDay), .int8(end), .int4(50)], fixed: 400 + ticks / 10, perStream: 1),
                Budget(Query.readPatches, [.text("\(stream)/\(writer.sequence)"), .int8(lastDay), .int4(50)], fixed: 200),
                Budget(Query.readStreamPage, [.text(stream), .int8(writer.sequence), .int4(50)], fixed: 400),
                Budget(Query.readTimeline, [.text(cluster), .int8(lastDay), .int8(end), .int4(50)], fixed: 400 + ticks / 10, perStream: 1),
            ]
        }
    }

    /// The page of all streams: the minute before the newest arrival, as it is asked for first. Arrivals are found by stretches of blocks, so what
    /// arrived in that minute is read, and here that is the last day.
    private var pages: [Budget] {
        get throws {
            let newest = try number("SELECT ((extract(epoch FROM max(received_at)) * 1000000)::int8 + 1)::text FROM fairlead.stream") ?? 0
            let arrived = try number("SELECT count(*)::text FROM fairlead.tick WHERE received_on = (SELECT max(received_on) FROM fairlead.stream)") ?? 0
            return [
                Budget(Query.readLogPage, [.int8(newest), .text(""), .int8(0), .int8(newest - 60_000_000), .int4(50)], fixed: 300 + Int(arrived) / 8, perStream: 2)
            ]
        }
    }

    /// What the centre asks and keeps: its places, its leases, its outbox.
    private var centre: [Budget] {
        let lease: [PostgresParameter] = [.text("alerter"), .text("here"), .int8(1)]
        return [
            Budget(Query.grantHeads, fixed: 10),
            Budget(Query.alertClock, fixed: 0),
            Budget(Query.alertRestore, [.int4(1_000)], fixed: 20),
            Budget(Query.recentPlace, [.int8(100), .int8(100), .int8(1_000), .text("alerter"), .int8(1_000), .int8(600_000_000)], fixed: 40, perStream: 20),
            Budget(Query.leaseAcquire, [.text("alerter"), .text("here"), .int8(15_000), .int8(0)], fixed: 40),
            Budget(Query.leaseRenew, lease + [.int8(15_000)], fixed: 20),
            Budget(Query.leaseResign, lease, fixed: 20),
            Budget(Query.leaseList, fixed: 10),
            Budget(Query.outboxDue, [.int4(10), .textArray([]), .int4(100)], fixed: 1_200),  // all that are due, to find the first of each receiver and cluster
            Budget(Query.outboxRestore, [.int4(100)], fixed: 40),
            Budget(
                Query.outboxStore,
                lease + [.textArray(["n"]), .textArray(["ops"]), .textArray([cluster]), .textArray(["[]"]), .textArray(["{}"]), .text("alerter"), .textArray([stream]), .int8Array([1])], fixed: 100),
            Budget(Query.outboxSettle, [.text("5000"), .text("delivered"), .int8(0), .text(nil), .int4(1)], fixed: 60),
            Budget(Query.outboxPrune, lease + [.int8(0), .int4(100)], fixed: 2_200),
            Budget(Query.consumerRegister, [.text("reader"), .text("a bill")], fixed: 20),
            Budget(Query.consumerRemove, [.text("reader")], fixed: 40, perStream: 1),
            Budget(Query.cursorStore, [.text("reader"), .textArray([stream]), .int8Array([1])], fixed: 60),
            Budget(Query.partitionsMake, [.int4(15)], fixed: 100),
            Budget(Query.retentionSet, [.int4(90), .int4(400), .int4(nil)], fixed: 40),
            Budget(Query.rollupFold, [.int4(20), .int4(500)], fixed: 200, perStream: 70),
            Budget(Query.rollupPrune, [.int4(60), .int4(400), .int8(.min), .int4(10)], fixed: 3_000),
        ]
    }

    /// What writers send.
    private var writing: [Budget] {
        get throws {
            let (claim, head) = (writer.claim, writer.head)
            let lookup = PostgresStatement(name: "type", text: Query.compositeType.text)
            let claimed: [PostgresParameter] = [.text(stream), .int8(claim.epoch), .int8(claim.nonce), .int8(head.sequence + 1)]
            let ticks = (0..<100).map { writer.tick(at: WallTime(microseconds: lastDay + $0)).recordBytes() }
            return [
                Budget(Query.logOpen, [.text(stream), .int8(0), .int8(nil)], fixed: 400),
                Budget(
                    Query.logAppend,
                    claimed + [
                        .bytea(head.digest.bytes), .bytea(ticks.map { _ in UInt8(ascii: "t") }),
                        .compositeArray(try session.compositeType("fairlead.tick_body", lookup: lookup), records: ticks),
                        .compositeArray(try session.compositeType("fairlead.event_body", lookup: lookup), records: []), .text(nil),
                    ], fixed: 2_000),
                Budget(
                    Query.logDeclareLost,
                    claimed + [.int8(head.sequence + 9), .bytea(head.digest.bytes), .bytea(Digest.zero.bytes), .text("full"), .int8(lastDay)], fixed: 200),
                Budget(Query.writerRevoke, [.text("nobody")], fixed: 20),
            ]
        }
    }

    // MARK: - Asking

    /// 5,000 notifications, a tenth of them still due.
    private func fillOutbox() throws {
        try session.runScript(
            PostgresStatement(
                name: "fill",
                text: """
                    INSERT INTO fairlead.outbox (id, receiver, cluster, told, body, state, settled_at)
                    SELECT n::text, 'r' || n % 5, 'plant-' || n % 20, '[]', repeat('x', 500), CASE WHEN n % 10 = 0 THEN 'due' ELSE 'delivered' END,
                        CASE WHEN n % 10 = 0 THEN NULL ELSE clock_timestamp() END
                    FROM generate_series(1, 5000) AS n;
                    INSERT INTO fairlead.lease VALUES ('alerter', 'here', 1, clock_timestamp(), clock_timestamp(), clock_timestamp() + interval '1 day');
                    ANALYZE fairlead.outbox;
                    """))
    }

    /// The blocks that the top of a plan counts, planning aside. What is written goes back.
    /// - Parameter most: the plan is printed where it touches more.
    private func blocks(_ text: String, _ parameters: [PostgresParameter], name: String, most: Int) throws -> Int {
        try session.runScript(PostgresStatement(name: "begin", text: "BEGIN"))
        let lines = try session.query(PostgresStatement(name: "budget_\(name)", text: text), parameters) { row throws(PostgresError) in try row.value(at: 0, as: String.self) }
        try session.runScript(PostgresStatement(name: "rollback", text: "ROLLBACK"))
        guard let line = lines.prefix(while: { !$0.hasPrefix("Planning:") }).first(where: { $0.contains("Buffers: shared") }) else { return 0 }
        let touched = line.split(whereSeparator: { !$0.isNumber }).prefix(line.contains("read=") ? 2 : 1).compactMap { Int($0) }.reduce(0, +)
        if touched > most { print(lines.joined(separator: "\n")) }
        return touched
    }

    private func texts(_ text: String) throws -> [String] {
        try session.query(PostgresStatement(name: "texts \(text.hashValue)", text: text)) { row throws(PostgresError) in try row.value(at: 0, as: String.self) }
    }
    private func number(_ text: String) throws -> Int64? { try texts(text).first.flatMap { Int64($0) } }
}
