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
    /// Values `b` such that the action may differ between `b` and `b + 1`. Completeness is not needed: `counterfactual` searches
    /// on where they miss.
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
        guard let raw = input.raw?.hundredNanoseconds, input.quality.hasValue, input.evidence.contains(.mayAct),
            !input.evidence.contains(.paused)
        else { return nil }
        func turned(at value: Int32) -> LoopAction {
            var other = input
            other.raw = Delay(hundredNanoseconds: value)
            return decide(memory, other).1.action
        }
        // Of each pair, the member on the far side of the measured value; what lies nearest first, the extremes last.
        var points = turningPoints(memory, input)
        points.removeAll { $0 < 0 || $0 == .max }
        for place in points.indices where raw <= points[place] { points[place] += 1 }
        points.sort { abs(Int64($0) - Int64(raw)) < abs(Int64($1) - Int64(raw)) }
        points.append(0)
        points.append(.max)
        var passed: Int32?
        for point in points where point != raw && point != passed {
            passed = point
            let there = turned(at: point)
            guard there != action else { continue }
            let neighbour = point > raw ? point - 1 : point + 1
            if neighbour == raw || turned(at: neighbour) == action { return (point, there) }
            var (near, far, found) = (raw, point, there)
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
