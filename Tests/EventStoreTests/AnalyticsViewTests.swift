import EventStore
import Events
import PostgreSQL
import Quantities
import Testing

/// Aim: the views say what the log says, in words and units, and one stream's odd content never hides another's.
/// Method: a roster and ticks through the real append, then the views as an analyst reads them.
@Suite struct AnalyticsViewTests {
    private func filled() async throws -> TestDatabase {
        let database = try await TestDatabase.make()
        let log = PostgresLog(database.connection())
        func write(_ stream: StreamName, _ entries: [LogEntry]) async throws {
            guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: stream, highestEpochSeen: 0))) else { return }
            let answer = try await log.answer(
                .append(AppendRequest(stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: 1, previousDigest: claim.head.digest, entries: entries)))
            guard case .stored = answer else { throw PostgresError(.other, "\(answer)", context: "test") }
        }
        let at = WallTime(microseconds: 1_795_416_000_125_000)
        var tick = Tick(number: 1, at: at, intervalMilliseconds: 5000, rosterSequence: 1)
        tick.flows = [
            FlowSample(quality: .measured, count: 95, lost: 5, windowMilliseconds: 5000, ageMilliseconds: 12, p95: Delay(hundredNanoseconds: 12_345)),
            .missing(lost: 100, windowMilliseconds: 5000),
        ]
        tick.workloads = [WorkloadUse(used: .megabits(90), quality: .measured, offered: .atLimit, applied: .megabits(100), desired: .megabits(70), replicas: 2)]
        tick.decision = LoopDecision(
            link: 1, law: 0, stateBefore: [1, 2], input: LoopInput(flow: 0, quality: .measured, count: 95, target: .microseconds(1000), bound: .microseconds(1500), elapsedMilliseconds: 5000, floor: .megabits(10), ceiling: .megabits(1000), evidence: [.mayAct]),
            outcome: LoopOutcome(action: .decrease, reason: .brakedAboveBound, lowerThreshold: .microseconds(800), upperThreshold: .microseconds(1200), desired: .megabits(70)))
        let patch = PatchRecord(cluster: "plant-a", workload: "telemetry", desired: .megabits(70), result: .applied, decision: LogPosition(stream: "plant-a/s", sequence: 2), term: 3)
        try await write("plant-a/s", [LogEntry(EventEnvelope(.rosterDeclared(SampleEntries.roster("plant-a")), at: at)), LogEntry(tick), LogEntry(EventEnvelope(.patchSettled(patch), at: at))])
        try await write(.coordinator, [LogEntry(EventEnvelope(.grantIssued(Grant(cluster: "plant-a", version: GrantVersion(term: 3, version: 1), timeToLive: .seconds(15), rates: [.init(workload: "telemetry", rate: .megabits(80))], foldedThrough: nil)), at: at))])
        try await write(.alerter, [LogEntry(EventEnvelope(.alertChanged(AlertChange(fingerprint: "f", rule: "LoopStuckAtFloor", state: .firing, labels: ["cluster": "plant-a", "severity": "warning"], summary: "stuck")), at: at))])
        // Odd content of another stream: no JSON, JSON of another shape, a tick without roster.
        try await write("plant-b/s", [
            LogEntry(EventEnvelope(kind: "patch_settled", version: 1, at: at, body: "{}")),
            LogEntry(EventEnvelope(kind: "patch_settled", version: 1, at: at, body: #"{"desired_bps":"many","term":1e99}"#)),
            LogEntry(EventEnvelope(kind: "roster_declared", version: 1, at: at, body: #"{"flows":{"no":"list"},"laws":[1,2]}"#)),
            LogEntry(Tick(number: 1, at: at, intervalMilliseconds: 5000, rosterSequence: 77, flows: [.missing(lost: 1, windowMilliseconds: 1)])),
        ])
        // As an older schema stored it; today's log refuses it.
        try database.run("UPDATE fairlead.event SET body = 'not JSON', is_json = false WHERE kind = 'patch_settled' AND body = '{}'")
        return database
    }

    @Test func `names, words and units stand in the views`() async throws {
        let database = try await filled()
        #expect(try database.texts("SELECT concat_ws(' ', flow, vantage, sla_class, quality, answered_count, loss_ratio, delay_p95_ms) FROM analytics.sample WHERE cluster = 'plant-a' ORDER BY flow")
            == ["robot-control node-1 robot measured 95 0.05 1.2345", "safety-scanner node-1 robot missing 0 1"])
        #expect(try database.texts("SELECT concat_ws(' ', workload, used_bps, use_quality, offered, applied_bps, desired_bps, replica_count) FROM analytics.workload_use")
            == ["telemetry 90000000 measured at-limit 100000000 70000000 2"])
        #expect(try database.texts("SELECT concat_ws(' ', decision, link, law, mode, steering_flow, action, reason, target_ms, bound_ms, desired_bps, state_before) FROM analytics.decision")
            == ["plant-a/s/2 lan plateau@1 enforce robot-control decrease BrakedAboveBound 1 1.5 70000000 0102"])
        #expect(try database.texts("SELECT concat_ws(' ', cluster, term, version, ttl_ms, workload, rate_bps, is_newest) FROM analytics.grant_issued") == ["plant-a 3 1 15000 telemetry 80000000 t"])
        #expect(try database.texts("SELECT concat_ws(' ', rule, cluster, severity, state, summary) FROM analytics.alert") == ["LoopStuckAtFloor plant-a warning firing stuck"])
        #expect(try database.texts("SELECT concat_ws(' ', workload, result, desired_bps, decision) FROM analytics.patch WHERE cluster = 'plant-a'") == ["telemetry applied 70000000 plant-a/s/2"])
        #expect(try database.texts("SELECT at::text FROM analytics.tick WHERE cluster = 'plant-a'") == ["2026-11-23 06:40:00.125+00"])
    }

    @Test func `content of an odd shape reads as NULL and hides nothing`() async throws {
        let database = try await filled()
        #expect(try database.texts("SELECT count(*)::text FROM analytics.patch") == ["3"])
        #expect(try database.texts("SELECT count(*)::text FROM analytics.event WHERE body IS NULL") == ["1"])
        #expect(try database.texts("SELECT flow FROM analytics.sample WHERE cluster = 'plant-b'") == [nil])
        for view in try database.texts("SELECT viewname::text FROM pg_views WHERE schemaname = 'analytics'").compactMap(\.self) {
            try database.run("SELECT * FROM analytics.\(view)")
        }
    }

    @Test func `every view and column has its comment, and every number its unit`() async throws {
        let database = try await TestDatabase.make()
        let bare = try database.texts(
            "SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 WHERE c.relnamespace = 'analytics'::regnamespace AND c.relkind = 'v' AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)")
        #expect(bare == [])
        // Counts, numbers in a sequence and flags need none.
        let unitless = try database.texts(
            "SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 WHERE c.relnamespace = 'analytics'::regnamespace AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'float8'::regtype) AND a.attname !~ '_(ms|s|bps|ratio|count|seq|number|flags|term|version|transitions)$' AND a.attname NOT IN ('seq', 'epoch', 'ordinal', 'term', 'version')")
        #expect(unitless == [])
    }

    @Test func `the views' words are the binary's own`() async throws {
        let database = try await TestDatabase.make()
        func words(_ function: String, _ codes: [Int16]) throws -> [String?] {
            try codes.flatMap { try database.texts("SELECT fairlead.\(function)(\($0)::int2)") }
        }
        #expect(try words("sample_quality_word", SampleQuality.allCases.map(\.rawValue)) == SampleQuality.allCases.map(\.word))
        #expect(try words("use_quality_word", UseQuality.allCases.map(\.rawValue)) == UseQuality.allCases.map(\.word))
        #expect(try words("offered_load_word", OfferedLoad.allCases.map(\.rawValue)) == OfferedLoad.allCases.map(\.word))
        #expect(try words("loop_action_word", LoopAction.allCases.map(\.rawValue)) == LoopAction.allCases.map(\.word))
        #expect(try words("decision_reason_word", DecisionReason.allCases.map(\.rawValue)) == DecisionReason.allCases.map(\.word))
        // And the tables' own bounds let exactly those in.
        #expect(DecisionReason.allCases.map(\.rawValue) == Array(1...27))
        #expect(try words("decision_reason_word", [0, 28]) == [nil, nil])
    }
}
