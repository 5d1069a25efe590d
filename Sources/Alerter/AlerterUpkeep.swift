import Fleet
import Quantities

/// What a leader does now and then beside its work: it says that it lives, and forgets old messages.
struct AlerterUpkeep: Sendable {
    /// How often old messages are looked for; a run that found as many as it may take is followed by another at the next tick.
    static let pruneEvery = Nanoseconds.seconds(3_600)
    /// A settled message is kept this long. The newest to each receiver about each cluster is kept for ever: a successor reads from
    /// it what was told.
    static let keptFor = Nanoseconds.seconds(30 * 86_400)

    private var beatAt: MonotonicTime?
    private var isBeating = false
    private var prunedAt: MonotonicTime?
    private var isPruning = false

    /// - Parameter sees: whether the log was read to its end lately. An alerter that sees nothing does not say that it lives.
    mutating func due(_ heartbeat: HeartbeatSpecification?, sees: Bool, term: Int64, firing: Int, now: Now) -> [AlerterEffect] {
        var effects: [AlerterEffect] = []
        if !isPruning, prunedAt.map({ now.monotonic - $0 >= AlerterUpkeep.pruneEvery }) ?? true {
            isPruning = true
            prunedAt = now.monotonic
            effects.append(.prune(term: term, keep: AlerterUpkeep.keptFor))
        }
        if let heartbeat, sees, !isBeating, beatAt.map({ now.monotonic - $0 >= heartbeat.every }) ?? true {
            isBeating = true
            beatAt = now.monotonic
            effects.append(.beat(Heartbeat(url: heartbeat.url, term: term, firing: firing, at: now.wall)))
        }
        return effects
    }

    mutating func beatEnded() { isBeating = false }

    /// - Parameter isFull: there may be more.
    mutating func pruneEnded(isFull: Bool) {
        isPruning = false
        if isFull { prunedAt = nil }
    }

    /// Another leads: what is under way ends by itself.
    mutating func leaveOff() { (isBeating, isPruning) = (false, false) }
}
