public import Quantities

/// When a message that was not delivered is tried again: the schedule that Standard Webhooks 1.0.0 recommends, some three days long.
public enum WebhookRetrySchedule {
    /// Time between the end of one attempt and the next. The first attempt is at once.
    public static let delays: [Nanoseconds] = [
        .seconds(5), .seconds(5 * 60), .seconds(30 * 60), .seconds(2 * 3_600), .seconds(5 * 3_600), .seconds(10 * 3_600),
        .seconds(14 * 3_600), .seconds(20 * 3_600), .seconds(24 * 3_600),
    ]

    /// How long to wait after a number of failed attempts (1 …); nil where it was tried often enough and is dead.
    /// - Parameters:
    ///   - retryAfter: what the receiver asked for; waited for where it is longer.
    ///   - jitterThousandths: 0 … 1000, by lot: up to a tenth is added, so that messages that failed together do not come back together.
    public static func delay(afterAttempts attempts: Int, retryAfter: Nanoseconds?, jitterThousandths: Int64) -> Nanoseconds? {
        precondition(attempts >= 1, "a retry follows an attempt")
        guard attempts <= delays.count else { return nil }
        let delay = max(delays[attempts - 1], retryAfter ?? .zero)
        return delay + Nanoseconds(delay.count / 10_000 * jitterThousandths)
    }
}
