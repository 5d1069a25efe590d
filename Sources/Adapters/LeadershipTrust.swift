import Clocks
import Quantities
import Synchronization

/// Until when this replica may act as its cluster's leader: kept by the election, asked right before each write. What a process was
/// told of its leadership may be older than its last word to the API server; this is not.
final class LeadershipTrust: Sendable {
    private let ends: Mutex<MonotonicTime?>
    private let now: @Sendable () -> MonotonicTime

    init(now: @escaping @Sendable () -> MonotonicTime = { SystemClocks.monotonic() }) {
        ends = Mutex(nil)
        self.now = now
    }
    func set(until end: MonotonicTime?) { ends.withLock { $0 = end } }
    var holds: Bool { ends.withLock { $0 }.map { now() < $0 } ?? false }
}
