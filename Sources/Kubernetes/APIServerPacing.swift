public import Quantities

/// When one API server may be written to: the token bucket, what the server asked for itself (`Retry-After`), and a back-off after
/// failures. A brake passes the back-off, because trying it costs little and not trying it costs the flow; it does not pass the
/// server's own word.
public struct APIServerPacing: Sendable {
    public enum Admission: Equatable, Sendable {
        case go
        /// Nothing was taken; come back after this long with what is newest then.
        case wait(Nanoseconds)
    }
    public enum Answer: Equatable, Sendable {
        case understood
        case throttled(retryAfter: Nanoseconds)
        /// No answer, or a 5xx.
        case failed
    }
    /// Back-off after the first failure, doubled with each further one up to the longest.
    public static let shortestBackOff = Nanoseconds.milliseconds(500)
    public static let longestBackOff = Nanoseconds.seconds(30)

    private var bucket: TokenBucket
    private var closedUntil = MonotonicTime(nanoseconds: .min)
    private var raisesUntil = MonotonicTime(nanoseconds: .min)
    private var failures: Int64 = 0

    public init(bucket: TokenBucket = TokenBucket()) { self.bucket = bucket }

    public mutating func admit(at now: MonotonicTime, forBrake: Bool) -> Admission {
        let until = forBrake ? closedUntil : max(closedUntil, raisesUntil)
        guard until <= now else { return .wait(until - now) }
        return bucket.take(at: now, forBrake: forBrake).map { .wait($0) } ?? .go
    }

    /// - Parameter jitterThousandths: 0 … 1000, drawn by the caller; spreads many clients that failed together.
    public mutating func answered(_ answer: Answer, at now: MonotonicTime, jitterThousandths: Int64) {
        switch answer {
        case .understood: failures = 0
        case .throttled(let retryAfter):
            // Up to a tenth later than asked, never earlier.
            closedUntil = max(closedUntil, now + retryAfter + Nanoseconds(retryAfter.count / 10_000 * jitterThousandths))
        case .failed:
            failures = min(failures + 1, 16)
            let doubled = APIServerPacing.shortestBackOff * (Int64(1) << (failures - 1))
            let longest = min(doubled, APIServerPacing.longestBackOff)
            // Half of it fixed, half by lot.
            let delay = Nanoseconds(longest.count / 2 + longest.count / 2_000 * jitterThousandths)
            raisesUntil = max(raisesUntil, now + delay)
        }
    }
}
