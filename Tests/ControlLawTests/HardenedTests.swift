import ControlLaw
import Events
import Quantities
import Testing

// Aim: each filter does what it promises, alone. Method: one law, shaped inputs.
@Suite struct HardenedTests {
    @Test(arguments: ["hardened@1", "plateau@1", "proportional@1", "predictive@1"]) func `jitter inside the deadband patches nothing, however long`(_ law: String) throws {
        var follower = try Follower(law, applied: 200)
        var generator = SeededGenerator(seed: 9)
        for _ in 0..<5_000 { follower.step { $0.raw = .microseconds(Int32.random(in: 800...1_200, using: &generator)) } }
        #expect(follower.patches == 0)
        #expect(follower.outcomes.allSatisfy { $0.reason == .insideDeadband })
    }

    @Test func `smoothing follows the closed form to a billionth`() throws {
        var follower = try Follower("hardened@1", applied: 200)
        var generator = SeededGenerator(seed: 4)
        var mean: Double?
        for _ in 0..<500 {
            let raw = Int32.random(in: 0...14_999, using: &generator)
            let outcome = follower.step { $0.raw = Delay(hundredNanoseconds: raw) }
            mean = mean.map { $0 + 0.3 * (Double(raw) - $0) } ?? Double(raw)
            #expect(abs(Double(outcome.smoothed!.hundredNanoseconds) - mean!) <= 0.5 + 1e-5)
        }
    }

    @Test func `two changes keep ten seconds apart, a brake above the bound does not wait`() throws {
        var follower = try Follower("hardened@1", ["cooldownTicks": "1000"], applied: 200)
        func tick(_ raw: Int32) -> LoopOutcome { follower.step { $0.raw = .microseconds(raw); $0.elapsedMilliseconds = 1_000 } }
        #expect(tick(300).action == .increase)
        for _ in 0..<9 { #expect(tick(300).reason == .cooldown) }
        #expect(tick(300).action == .increase)
        #expect(tick(1_600).reason == .brakedAboveBound)
    }

    @Test(arguments: ["hardened@1", "plateau@1"]) func `a square wave reverses no more often than the budget allows`(_ law: String) throws {
        var follower = try Follower(law, ["smoothing": "1", "cooldown": "0s", "flapBudget": "6", "probeTicks": "1", "topProbeTicks": "1", "roughProbeTicks": "1"]
            .filter { (try Law.parameterHelp(law)).map(\.name).contains($0.key) }, applied: 300)
        for step in 0..<600 { follower.step { $0.raw = .microseconds(step / 4 % 2 == 0 ? 1_400 : 100) } }
        let changes = follower.outcomes.enumerated().filter { $0.element.action != .hold }
        let reversals = zip(changes, changes.dropFirst()).filter { $0.0.element.action != $0.1.element.action }.map(\.1.offset)
        for first in reversals { #expect(reversals.count { $0 >= first && $0 < first + 60 } <= 6) }
        #expect(follower.outcomes.contains { $0.reason == .flapBudget })
    }

    @Test(arguments: Law.names) func `a missing measurement holds three ticks and then steps down, and never raises`(_ law: String) throws {
        var follower = try Follower(law, applied: 500)
        for _ in 0..<3 { #expect(follower.step { $0.raw = nil; $0.quality = .missing }.reason == .measurementMissing) }
        #expect(follower.patches == 0)
        for _ in 0..<100 { #expect(follower.step { $0.raw = nil; $0.quality = .missing }.action != .increase) }
        #expect(follower.outcomes[3].reason == .measurementMissingStepDown)
        #expect(follower.applied == .megabits(10))
    }

    @Test(arguments: Law.names) func `onMissing is a parameter`(_ law: String) throws {
        var holds = try Follower(law, ["onMissing": "hold"], applied: 500)
        var falls = try Follower(law, ["onMissing": "floor", "missingTicks": "0"], applied: 500)
        for _ in 0..<50 { holds.step { $0.raw = nil; $0.quality = .probeError } }
        falls.step { $0.raw = nil; $0.quality = .probeError }
        #expect(holds.applied == .megabits(500) && holds.patches == 0)
        #expect(falls.applied == .megabits(10) && falls.outcomes[0].reason == .measurementMissingFloor)
    }
}
