import Events
import Explanation
import Quantities
import ReadModel
import SampleFleet
import Testing

/// Aim: the one word for a cluster never flatters. Method: one tick, changed one thing at a time.
@Suite struct ClusterConditionTests {
    private func condition(
        age: Int64 = 2, mode: String = "enforce", roster known: Bool = true, _ change: (inout Tick) -> Void = { _ in }
    ) -> ClusterCondition {
        var tick = SampleTick(
            number: 9, at: SampleFleet.now + .seconds(-age), quality: .measured, microseconds: 600, before: 180, after: 180, used: 100,
            action: .hold, reason: .insideDeadband).tick
        change(&tick)
        return ClusterCondition(
            rows: [tick], roster: known ? .plant("plant-a", mode: mode) : nil, receivedAt: SampleFleet.now + .seconds(-age),
            now: SampleFleet.now)
    }

    @Test func `a fresh tick within the targets is well`() { #expect(condition() == .withinTarget) }
    @Test func `a mode that does not act is not called well`() { #expect(condition(mode: "observe") == .observing) }
    @Test func `three ticks without news are silence, whatever the last one said`() {
        #expect(condition(age: 15) == .withinTarget)
        #expect(condition(age: 16) == .silent)
        #expect(condition(age: 16) { $0.flows[0].p95 = .microseconds(9_000) } == .silent)
    }
    @Test func `short ticks are given three seconds`() {
        #expect(condition(age: 3) { $0.intervalMilliseconds = 100 } == .withinTarget)
        #expect(condition(age: 4) { $0.intervalMilliseconds = 100 } == .silent)
    }
    @Test func `exactly the target is within, one step more is above, one step above the bound suffers`() {
        #expect(condition { $0.flows[0].p95 = .microseconds(1_000) } == .withinTarget)
        #expect(condition { $0.flows[0].p95 = Delay(hundredNanoseconds: 10_001) } == .aboveTarget)
        #expect(condition { $0.flows[0].p95 = .microseconds(1_500) } == .aboveTarget)
        #expect(condition { $0.flows[0].p95 = Delay(hundredNanoseconds: 15_001) } == .suffering)
    }
    @Test(arguments: SampleQuality.allCases) func `a quality without a number is never well, even beside an old number`(quality: SampleQuality) {
        #expect(condition { $0.flows[1].quality = quality } == (quality.hasValue ? .withinTarget : .unmeasured))
    }
    @Test func `names that are not known are no measurement`() { #expect(condition(roster: false) == .unmeasured) }
    @Test func `a pause and an unenforced rate stand before being well`() {
        #expect(condition { $0.decision?.input.evidence.insert(.paused) } == .paused)
        #expect(condition { $0.decision?.input.evidence.insert(.notEnforced) } == .notEnforced)
        #expect(condition { $0.decision?.input.evidence.insert(.paused); $0.flows[0].p95 = .microseconds(2_000) } == .suffering)
    }
    @Test func `nothing on the log is never seen`() {
        #expect(ClusterCondition(rows: [], roster: nil, receivedAt: nil, now: SampleFleet.now) == .neverSeen)
    }
    @Test func `words and shapes tell the states apart without colour`() {
        #expect(Set(ClusterCondition.allCases.map(\.word)).count == ClusterCondition.allCases.count)
        #expect(Set(ClusterCondition.allCases.map(\.symbol)).count == ClusterCondition.allCases.count)
    }
}
