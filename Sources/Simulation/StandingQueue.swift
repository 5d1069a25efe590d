import Quantities

/// The wait in one link's queue over time: after each change of load it approaches its new mean, a third of the way each 20 ms.
///
/// It remembers its last changes, so that a window can be read at its end instead of packet by packet.
struct StandingQueue: Sendable {
    private struct Turn: Sendable {
        var at: MonotonicTime
        var from: Int64
        var towards: Int64
    }
    static let step = Nanoseconds.milliseconds(20)
    /// After so many steps it has arrived: (2/3)⁴⁰ of the way is less than a nanosecond of a millisecond.
    static let stepsToArrive: Int64 = 40
    /// What lies further back is answered with the oldest turn still known.
    static let maximumTurns = 16

    /// Oldest first, never empty.
    private var turns: [Turn]

    init(at now: MonotonicTime) { turns = [Turn(at: now, from: 0, towards: 0)] }

    mutating func head(for target: Nanoseconds, at now: MonotonicTime) {
        guard turns[turns.count - 1].towards != target.count else { return }
        let turn = Turn(at: now, from: wait(at: now), towards: target.count)
        if turns[turns.count - 1].at == now { turns[turns.count - 1] = turn } else { turns.append(turn) }
        if turns.count > StandingQueue.maximumTurns { turns.removeFirst() }
    }

    /// Unit: nanoseconds.
    func wait(at instant: MonotonicTime) -> Int64 {
        let turn = turns.last { $0.at <= instant } ?? turns[0]
        let steps = (instant - turn.at).count / StandingQueue.step.count
        guard steps < StandingQueue.stepsToArrive else { return turn.towards }
        var wait = turn.from
        for _ in 0..<max(0, steps) { wait += (turn.towards - wait) / 3 }
        return wait
    }

    func isStill(since instant: MonotonicTime) -> Bool {
        turns[turns.count - 1].at + StandingQueue.step * StandingQueue.stepsToArrive <= instant
    }
}
