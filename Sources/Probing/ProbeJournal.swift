internal import Synchronization

/// Where a target's thread leaves its results and the shipper finds them.
final class ProbeJournal: Sendable {
    private struct Content {
        var results: [ProbeResult] = []
        var counters = ProbeCounters()
        var trouble: String?
    }

    /// The most results that wait for `drain`: 200 s at 20 per second. The oldest give way, and are counted.
    static let bound = 4_096

    private let content = Mutex(Content())

    func record(_ results: [ProbeResult]) {
        guard !results.isEmpty else { return }
        content.withLock { content in
            for result in results {
                switch result.outcome {
                case .roundTrip: content.counters.roundTrips += 1
                case .lost: content.counters.lost += 1
                }
                content.results.append(result)
            }
            let excess = content.results.count - ProbeJournal.bound
            if excess > 0 {
                // In larger steps than one, so that an abandoned journal does not shift its whole buffer for each probe.
                let dropped = max(excess, ProbeJournal.bound / 8)
                content.results.removeFirst(dropped)
                content.counters.overflowed += UInt64(dropped)
            }
        }
    }

    func count(_ change: (inout ProbeCounters) -> Void) { content.withLock { change(&$0.counters) } }

    func set(trouble: String?) { content.withLock { $0.trouble = trouble } }

    func drain() -> ProbeBatch {
        content.withLock { content in
            defer { content.results.removeAll(keepingCapacity: true) }
            return ProbeBatch(results: content.results, counters: content.counters, trouble: content.trouble)
        }
    }
}
