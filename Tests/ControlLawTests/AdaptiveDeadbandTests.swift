import ControlLaw
import Events
import Quantities
import Testing

// Aim: the deadband follows measured noise, inside its bounds and never against the flow; and where nobody asked for it nothing is
// different. Method: made noise about a level, and histories of any input.
@Suite struct AdaptiveDeadbandTests {
    private static let paced = Law.names.filter { $0 != "fixed-step@1" }
    private let target: Int32 = 10_000
    private let bound: Int32 = 15_000

    /// Noise evenly within `spread` about a level inside the deadband, so that no rate moves.
    private func thresholds(_ law: String, spread: Int32, ticks: Int = 400, isCritical: Bool = false, seed: UInt64 = 1) throws -> [(lower: Int32, upper: Int32)] {
        var follower = try Follower(law, ["adaptive": "3"], applied: 200)
        var generator = SeededGenerator(seed: seed)
        return (0..<ticks).map { _ in
            let outcome = follower.step {
                $0.raw = Delay(hundredNanoseconds: 10_000 + Int32.random(in: -spread...spread, using: &generator))
                if isCritical { $0.evidence.insert(.highlyCritical) }
            }
            return (outcome.lowerThreshold.hundredNanoseconds, outcome.upperThreshold.hundredNanoseconds)
        }
    }

    @Test(arguments: paced) func `a flow without noise keeps its deadband, and more noise makes it wider`(_ law: String) throws {
        let still = try thresholds(law, spread: 0)
        #expect(still.allSatisfy { $0 == (8_000, 12_000) })
        var widths: [Int32] = []
        for spread: Int32 in [200, 700, 1_500] {
            let last = try #require(try thresholds(law, spread: spread).last)
            widths.append(last.upper - last.lower)
        }
        #expect(widths == widths.sorted() && widths[2] > widths[0] && widths[0] >= 4_000, "\(widths)")
    }

    @Test(arguments: paced) func `a steady noise moves the deadband a few times and then leaves it`(_ law: String) throws {
        for seed in 1...10 as ClosedRange<UInt64> {
            let course = try thresholds(law, spread: 900, ticks: 3_000, seed: seed)
            let changes = zip(course, course.dropFirst()).count { $0 != $1 }
            #expect(changes >= 1 && changes <= 30, "\(changes)")
        }
    }

    @Test(arguments: paced) func `a class of high criticality keeps its upper threshold`(_ law: String) throws {
        let course = try thresholds(law, spread: 1_500, isCritical: true)
        #expect(course.allSatisfy { $0.upper == 12_000 } && course.last!.lower < 8_000)
    }

    @Test(arguments: paced) func `whatever comes it stays between half the target and halfway to the bound, and a brake never waits`(_ name: String) throws {
        let law = try Law(name: name, parameters: ["adaptive": "10", "adaptiveMost": "0.5"])
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<20 {
            var state = law.initialState
            for _ in 0..<100 {
                let input = LoopInput.random(&generator)
                let (after, outcome) = law.step(state: state, input: input)
                #expect(outcome.lowerThreshold.hundredNanoseconds >= target / 2 && outcome.lowerThreshold.hundredNanoseconds <= target * 8 / 10)
                #expect(outcome.upperThreshold.hundredNanoseconds >= target * 12 / 10 && outcome.upperThreshold.hundredNanoseconds <= (target * 12 / 10 + bound) / 2)
                #expect(after.count <= LoopDecision.maximumStateBytes)
                let again = try Law(name: name, canonicalParameters: law.parameters).step(state: state, input: input)
                #expect(again.outcome == outcome && again.state == after)
                state = after
            }
            let suffering = input(raw: .microseconds(1_501), used: 300, applied: 300)
            #expect(law.step(state: state, input: suffering).outcome.reason == .brakedAboveBound || name != "hardened@1")
        }
    }

    @Test(arguments: paced) func `where nobody asked for it, state and answers are as they were`(_ name: String) throws {
        let (bare, none) = (try Law(name: name), try Law(name: name, parameters: ["adaptive": "0", "adaptiveMost": "0.5"]))
        let wide = try Law(name: name, parameters: ["adaptive": "3"])
        var generator = SeededGenerator(seed: 4)
        var (state, widest) = (bare.initialState, wide.initialState)
        for _ in 0..<300 {
            let input = LoopInput.random(&generator)
            let (left, right) = (bare.step(state: state, input: input), none.step(state: state, input: input))
            #expect(left.outcome == right.outcome && left.state == right.state)
            #expect(left.outcome.lowerThreshold == .microseconds(800) && left.outcome.upperThreshold == .microseconds(1_200))
            // A law that does not adapt reads the state of one that does, and lets the width go.
            widest = wide.step(state: widest, input: input).state
            #expect(bare.step(state: widest, input: input).outcome.upperThreshold == .microseconds(1_200))
            state = left.state
        }
    }
}
