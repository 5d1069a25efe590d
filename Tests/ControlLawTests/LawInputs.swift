import ControlLaw
import Events
import Quantities

/// All that a raise needs, in a cluster without a hub.
let standaloneEvidence: LoopEvidence = [.freshSinceDecrease, .freshSinceChange, .confirmed, .baseProven, .standalone, .mayAct]

/// A loop's input with what a test does not speak of in its usual place: a measured sample, tick of 5 s, guardrails 10M to 1000M.
func input(
    raw: Delay?, quality: SampleQuality = .measured, count: Int32 = 100, loss: Int32? = 0, elapsed: Int32 = 5_000, used: Int64? = nil, applied: Int64?,
    floor: Int64 = 10, ceiling: Int64 = 1_000, grant: Int64? = nil, evidence: LoopEvidence = standaloneEvidence
) -> LoopInput {
    LoopInput(
        flow: 0, quality: quality, count: count, raw: raw, ageMilliseconds: 20, lossPartsPerMillion: loss, target: .microseconds(1_000),
        bound: .microseconds(1_500), elapsedMilliseconds: elapsed, used: used.map(BitRate.megabits), applied: applied.map(BitRate.megabits),
        floor: .megabits(floor), ceiling: .megabits(ceiling), grant: grant.map(BitRate.megabits), evidence: evidence)
}

/// A law, its state, and a rate that follows it at once: an enforcer without delay, used to the full unless a test says otherwise.
struct Follower {
    let law: Law
    var state: [UInt8]
    var applied: BitRate?
    var outcomes: [LoopOutcome] = []

    init(_ name: String, _ parameters: [String: String] = [:], applied: Int64?) throws {
        law = try Law(name: name, parameters: parameters)
        state = law.initialState
        self.applied = applied.map(BitRate.megabits)
    }

    @discardableResult
    mutating func step(_ change: (inout LoopInput) -> Void) -> LoopOutcome {
        var input = input(raw: .microseconds(300), applied: nil)
        input.applied = applied
        input.used = applied
        change(&input)
        let result = law.step(state: state, input: input)
        state = result.state
        if result.outcome.action != .hold, let desired = result.outcome.desired { applied = desired }
        outcomes.append(result.outcome)
        return result.outcome
    }

    var patches: Int { outcomes.count { $0.action != .hold } }
}

extension LoopInput {
    /// Any input that can come, sensible or not: every quality, every evidence, rates absent or odd.
    static func random(_ generator: inout SeededGenerator) -> LoopInput {
        let floor = Int64.random(in: 0...60_000_000, using: &generator)
        let rates: [Int64] = [0, 1, 999, 1_000, 9_999_999, 50_000_000, 190_000_123, 1_000_000_000, 1_000_000_000_000]
        func rate() -> BitRate? {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: nil
            case 1: BitRate(bitsPerSecond: rates.randomElement(using: &generator)!)
            default: BitRate(bitsPerSecond: Int64.random(in: 1_000_000...400_000_000, using: &generator))
            }
        }
        let quality = Bool.random(using: &generator) ? .measured : SampleQuality.allCases.randomElement(using: &generator)!
        let raws: [Int32] = [0, 1, 7_999, 8_000, 9_999, 10_000, 10_001, 12_000, 12_001, 15_000, 15_001, 50_000, .max]
        let raw = Bool.random(using: &generator) ? raws.randomElement(using: &generator)! : Int32.random(in: 0...30_000, using: &generator)
        return LoopInput(
            flow: 0, quality: quality, count: Int32.random(in: 0...100, using: &generator),
            raw: Int.random(in: 0..<8, using: &generator) == 0 ? nil : Delay(hundredNanoseconds: raw), ageMilliseconds: 10,
            lossPartsPerMillion: [nil, 0, 0, 0, 20_000, 900_000, 1_000_000].randomElement(using: &generator)!, target: .microseconds(1_000),
            bound: .microseconds(1_500), elapsedMilliseconds: [0, 1_000, 5_000, 5_000].randomElement(using: &generator)!, used: rate(), applied: rate(),
            floor: BitRate(bitsPerSecond: floor),
            ceiling: BitRate(bitsPerSecond: [0, floor, floor + 1, 1_000_000_000].randomElement(using: &generator)!), grant: rate(),
            evidence: Bool.random(using: &generator) ? standaloneEvidence : LoopEvidence(rawValue: Int16.random(in: 0..<1_024, using: &generator)))
    }
}
