import Synchronization

/// Tells, once, that something was counted for the n-th time.
final class Countdown: Sendable {
    private let left: Atomic<Int>
    init(_ count: Int) { left = Atomic(count) }
    func passes() -> Bool { left.subtract(1, ordering: .relaxed).newValue == 0 }
}
