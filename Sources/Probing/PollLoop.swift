internal import Clocks
internal import Quantities
internal import Sockets

/// One of the things that a thread serves: some descriptors and a next deadline. Used from that thread only.
protocol PollParticipant: AnyObject {
    /// When `advance` is due even if no descriptor is ready; nil for never.
    var deadline: MonotonicTime? { get }
    /// Adds what it waits for, and remembers where it put it.
    func watch(in set: inout PollSet)
    /// Does what is ready and what is due. Called after every wait, with the time at its end.
    func advance(after set: PollSet, now: MonotonicTime)
}

/// Serves its participants until `stop` is raised. The wait ends at the earliest deadline.
func runPollLoop(_ participants: [any PollParticipant], until stop: EventSignal) {
    var set = PollSet()
    while true {
        set.removeAll()
        set.insert(stop.descriptor, for: .readable)
        var earliest: MonotonicTime?
        for participant in participants {
            participant.watch(in: &set)
            if let deadline = participant.deadline { earliest = min(earliest ?? deadline, deadline) }
        }
        let patience = earliest.map { ($0 - SystemClocks.monotonic()).count }
        _ = set.wait(nanoseconds: patience)
        if set.readiness(at: 0).contains(.readable) { return }
        let now = SystemClocks.monotonic()
        for participant in participants { participant.advance(after: set, now: now) }
    }
}
