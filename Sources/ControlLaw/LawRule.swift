import Events
import Quantities

/// What a law remembers between two steps, as bytes and back.
protocol LawMemory: Sendable {
    init()
    /// Nil where the bytes are not such a memory.
    init?(bytes: [UInt8])
    var bytes: [UInt8] { get }
}

/// One law: a decision, and the steering values at which that decision might turn.
protocol LawRule: Sendable {
    associatedtype Memory: LawMemory
    static var table: [LawParameter] { get }
    init(_ parameters: LawParameters)
    func decide(_ memory: Memory, _ input: LoopInput) -> (Memory, LoopOutcome)
    /// Values beside which the action may differ. Completeness is not needed: `counterfactual` searches on where they miss.
    func turningPoints(_ memory: Memory, _ input: LoopInput) -> [Int32]
}

extension LawRule {
    func step(_ state: [UInt8], _ input: LoopInput) -> (state: [UInt8], outcome: LoopOutcome) {
        let memory = Memory(bytes: state) ?? Memory()
        var (after, outcome) = decide(memory, input)
        if let turn = counterfactual(memory, input, outcome.action) {
            outcome.counterfactual = Delay(hundredNanoseconds: turn.value)
            outcome.counterfactualAction = turn.action
        }
        return (after.bytes, outcome)
    }

    /// The steering value nearest to the measured one at which the action would have been another, and that action: at this
    /// value it is the other, one unit (100 ns) nearer to the measured value it is not.
    private func counterfactual(_ memory: Memory, _ input: LoopInput, _ action: LoopAction) -> (value: Int32, action: LoopAction)? {
        guard let raw = input.raw?.hundredNanoseconds, input.quality.hasValue else { return nil }
        func turned(at value: Int32) -> LoopAction {
            var other = input
            other.raw = Delay(hundredNanoseconds: value)
            return decide(memory, other).1.action
        }
        func distance(_ value: Int32) -> Int64 { abs(Int64(value) - Int64(raw)) }
        let points = (turningPoints(memory, input) + [0, Int32.max]).sorted { distance($0) < distance($1) }
        for point in points where point >= 0 && point != raw {
            let there = turned(at: point)
            guard there != action else { continue }
            var (near, far, found) = (raw, point, there)
            let neighbour = point > raw ? point - 1 : point + 1
            if neighbour == raw || turned(at: neighbour) == action { return (point, there) }
            while abs(Int64(far) - Int64(near)) > 1 {
                let middle = Int32((Int64(near) + Int64(far)) / 2)
                let here = turned(at: middle)
                if here == action { near = middle } else { (far, found) = (middle, here) }
            }
            return (far, found)
        }
        return nil
    }
}
