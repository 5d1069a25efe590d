import EventStore
import Events
import LawHistory
import PostgreSQL
import Quantities
import ReadModel
import Testing

/// Aim: the view says of a shadow what a backtest says, and history comes out of the database as it was written. Method: seeded decisions
/// of two laws on the same ticks; the fold in memory is the reference.
@Suite struct ShadowComparisonTests {
    private let stream: StreamName = "plant-a/s"
    private let start = WallTime(microseconds: 1_795_416_000_000_000)

    private func decision(_ random: inout SplitMix, isShadow: Bool, input: LoopInput) -> LoopDecision {
        let action = [LoopAction.hold, .hold, .decrease, .increase].randomElement(using: &random)!
        let reasons: [DecisionReason] = [.aboveTarget, .brakedAboveBound, .grantLowered, .atFloor, .notOurTraffic, .insideDeadband]
        let rates: [BitRate?] = [nil, .megabits(80), .megabits(100), .megabits(120)]
        let rate = rates.randomElement(using: &random)!
        return LoopDecision(
            link: 0, law: isShadow ? 1 : 0, isShadow: isShadow, stateBefore: [1], input: input,
            outcome: LoopOutcome(
                action: action, reason: reasons.randomElement(using: &random)!, lowerThreshold: .microseconds(800),
                upperThreshold: .microseconds(Int.random(in: 0..<8, using: &random) == 0 ? 1_250 : 1_200), afterClamp: rate, desired: rate))
    }

    private func entries(seed: UInt64) -> [LogEntry] {
        var random = SplitMix(seed: seed)
        var entries = [LogEntry(EventEnvelope(.rosterDeclared(SampleEntries.roster("plant-a")), at: start))]
        for number in 1...Int64(300) {
            let isMeasured = Int.random(in: 0..<10, using: &random) > 0
            let isObserving = Int.random(in: 0..<6, using: &random) == 0
            let input = LoopInput(
                flow: 0, quality: isMeasured ? .measured : .stale, count: 100,
                raw: [.microseconds(400), .microseconds(900), .microseconds(1_000), .microseconds(1_200), .microseconds(1_501), .microseconds(4_000)].randomElement(using: &random)!,
                target: .microseconds(1_000), bound: .microseconds(1_500), elapsedMilliseconds: 5_000, applied: .megabits(100), floor: .megabits(10),
                ceiling: .megabits(1_000), evidence: isObserving ? [] : Int.random(in: 0..<9, using: &random) == 0 ? [.mayAct, .paused] : [.mayAct])
            let isLeader = Int.random(in: 0..<12, using: &random) > 0
            for isShadow in [false, true] {
                let tick = Tick(
                    number: number, ordinal: isShadow ? 1 : 0, at: start + .seconds(number * 5), intervalMilliseconds: 5_000, rosterSequence: 1,
                    isLeader: isLeader, decision: decision(&random, isShadow: isShadow, input: input))
                entries.append(LogEntry(tick))
            }
        }
        return entries
    }

    private func filled(_ entries: [LogEntry]) async throws -> TestDatabase {
        let database = try await TestDatabase.make()
        let log = PostgresLog(database.connection())
        guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: stream, highestEpochSeen: 0))) else { return database }
        var head = claim.head
        for first in stride(from: 0, to: entries.count, by: AppendRequest.maximumEntries) {
            let answer = try await log.answer(
                .append(
                    AppendRequest(
                        stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: head.sequence + 1, previousDigest: head.digest,
                        entries: Array(entries[first..<min(entries.count, first + AppendRequest.maximumEntries)]))))
            guard case .stored(let next, _) = answer else { throw PostgresError(.other, "\(answer)", context: "test") }
            head = next
        }
        return database
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>) func `the view counts as the fold does`(seed: UInt64) async throws {
        let entries = entries(seed: seed)
        let database = try await filled(entries)
        var (live, shadow) = (LawCourse(), LawCourse())
        var (decisions, aboveTarget, aboveBound) = (0, 0, 0)
        for entry in entries {
            guard case .tick(let tick) = try entry.decoded(), tick.isLeader, let decision = tick.decision else { continue }
            if decision.isShadow { shadow.take(decision.input, decision.outcome) } else {
                live.take(decision.input, decision.outcome)
                decisions += 1
                if decision.input.quality.hasValue, let raw = decision.input.raw {
                    if raw > decision.input.target { aboveTarget += 1 }
                    if raw > decision.input.bound { aboveBound += 1 }
                }
            }
        }
        func text(_ course: LawCourse) -> String {
            "\(course.excesses) \(course.brakes) \(course.foreseen) \(course.missed) \(course.falseBrakes) \(course.patches) \(course.reversals)"
        }
        #expect(live.missed > 0 && live.falseBrakes > 0 && live.foreseen > 0 && live.reversals > 0)
        #expect(try database.texts("SELECT concat_ws(' ', law, shadow_law, decision_count, above_target_count, above_bound_count) FROM analytics.shadow_comparison")
            == ["plateau@1 fixed-step@1 \(decisions) \(aboveTarget) \(aboveBound)"])
        let acted = try database.texts("SELECT concat_ws(' ', excess_count, brake_count, foreseen_count, missed_count, false_brake_count, patch_count, reversal_count) FROM analytics.shadow_comparison")
        #expect(acted == [text(live)])
        let watched = try database.texts("SELECT concat_ws(' ', excess_count, shadow_brake_count, shadow_foreseen_count, shadow_missed_count, shadow_false_brake_count, shadow_patch_count, shadow_reversal_count) FROM analytics.shadow_comparison")
        #expect(watched == [text(shadow)])
        let means = try database.texts("SELECT concat_ws(' ', desired_mean_bps / 1000, shadow_desired_mean_bps / 1000) FROM analytics.shadow_comparison")
        #expect(means == ["\(live.meanDesired!.bitsPerSecond / 1000) \(shadow.meanDesired!.bitsPerSecond / 1000)"])
    }

    @Test func `a deadband that moved is one row of its own`() async throws {
        let entries = entries(seed: 9)
        let database = try await filled(entries)
        var before: [Bool: Delay] = [:]
        var expected: [String] = []
        for (place, entry) in entries.enumerated() {
            guard case .tick(let tick) = try entry.decoded(), let decision = tick.decision else { continue }
            let upper = decision.outcome.upperThreshold
            if let last = before[decision.isShadow], last != upper { expected.append("plant-a/s/\(place + 1) \(upper == .microseconds(1_250) ? "1.2 1.25" : "1.25 1.2")") }
            before[decision.isShadow] = upper
        }
        #expect(!expected.isEmpty)
        #expect(try database.texts("SELECT concat_ws(' ', decision, upper_threshold_before_ms, upper_threshold_ms) FROM analytics.threshold_change ORDER BY seq") == expected)
    }

    @Test func `history is handed over whole, in order, and from its middle on with the rosters before it`() async throws {
        let entries = entries(seed: 2)
        let database = try await filled(entries)
        let whole = HistoryStretch(from: WallTime(microseconds: 0), to: WallTime(microseconds: .max))
        let middle = HistoryStretch(cluster: "plant-a", from: start + .seconds(500), to: start + .seconds(700))
        let reference = RecordedFleet(records: try await everything(database))
        for stretch in [whole, middle, HistoryStretch(cluster: "plant-b", from: whole.from, to: whole.to)] {
            var (read, kept): ([LogRecord], [LogRecord]) = ([], [])
            try await PostgresReadModel(database.connection()).history(stretch) { read.append($0) }
            try await reference.history(stretch) { kept.append($0) }
            #expect(read == kept)
            #expect(stretch == whole ? read.count == entries.count : stretch == middle ? read.count == 83 : read.isEmpty, "\(read.count)")
        }
    }

    private func everything(_ database: TestDatabase) async throws -> [LogRecord] {
        var all: [LogRecord] = []
        try await LogReader(database.connection()).readAll { all.append($0) }
        return all
    }
}
