internal import Quantities

/// When probes are due: every interval from a first instant, however late the thread wakes. Missed slots are passed over rather
/// than made up for, because a burst of probes would measure the burst.
struct SendPacing {
    let interval: Nanoseconds
    private(set) var next: MonotonicTime

    init(first: MonotonicTime, interval: Nanoseconds) {
        next = first
        self.interval = interval
    }

    /// Whether a probe is due now, and how many slots were missed before it. Moves on to the next slot.
    mutating func isDue(at now: MonotonicTime) -> (isDue: Bool, missed: UInt64) {
        guard now >= next else { return (false, 0) }
        let missed = (now - next).count / interval.count
        next = next + interval * (missed + 1)
        return (true, UInt64(missed))
    }
}
