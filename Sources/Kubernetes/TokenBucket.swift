public import Quantities

/// How many writes one API server is asked for: a token bucket (RFC 2697's committed part) kept as the instant at which it will be
/// full again, so that it needs no refilling. A part of it is reserved for brakes.
public struct TokenBucket: Sendable {
    /// Time in which one token comes back.
    public let interval: Nanoseconds
    /// Tokens when full.
    public let burst: Int64
    /// The last tokens, which only a brake may take. 0 …< `burst`.
    public let brakeReserve: Int64
    private var fullAt = MonotonicTime(nanoseconds: .min)

    /// Default: as client-go paces itself many times over, 50 a second, 100 at once, 50 of these for brakes.
    public init(interval: Nanoseconds = .milliseconds(20), burst: Int64 = 100, brakeReserve: Int64 = 50) {
        precondition(interval > .zero && burst > 0 && (0..<burst).contains(brakeReserve), "a bucket holds tokens that come back")
        self.interval = interval
        self.burst = burst
        self.brakeReserve = brakeReserve
    }

    /// Takes a token and answers nil, or takes none and answers how long to wait for one.
    public mutating func take(at now: MonotonicTime, forBrake: Bool) -> Nanoseconds? {
        let start = max(fullAt, now)
        let usable = forBrake ? burst : burst - brakeReserve
        // With this token taken the bucket is full again at `next`; it may be that far away at most.
        let next = start + interval
        let furthest = now + interval * usable
        guard next <= furthest else { return next - furthest }
        fullAt = next
        return nil
    }
}
