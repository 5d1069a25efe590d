public import Quantities

/// When a notification that was not delivered is tried again.
///
/// Shorter waits than Standard Webhooks recommends (its ninth is a day long): whoever is on call should hear within minutes of the
/// receiver's return, and the notifications about one cluster wait for each other, so that an end never overtakes its beginning.
public struct DeliverySchedule: Equatable, Sendable {
    /// After the first failed attempt, the second … the last one repeats. At least one.
    public var waits: [Nanoseconds]
    /// After so many attempts a notification is dead.
    public var maximumAttempts: Int
    /// A receiver may ask for a longer wait, up to this.
    public static let longestAskedFor = Nanoseconds.seconds(3_600)

    public init(waits: [Nanoseconds], maximumAttempts: Int) {
        precondition(!waits.isEmpty && maximumAttempts >= 1, "a schedule has a wait and an attempt")
        self.waits = waits
        self.maximumAttempts = maximumAttempts
    }

    /// 5 s, 15 s, 30 s, 1 min, 2 min, then every 5 min, for about three days.
    public static let standard = DeliverySchedule(
        waits: [.seconds(5), .seconds(15), .seconds(30), .seconds(60), .seconds(120), .seconds(300)], maximumAttempts: 870)

    /// How long to wait after a number of failed attempts (1 …); nil where it was tried often enough.
    /// - Parameters:
    ///   - retryAfter: what the receiver asked for; waited for where it is longer.
    ///   - jitterThousandths: 0 … 1000, by lot: up to a fifth is added, so that what failed together does not come back together.
    public func wait(afterAttempts attempts: Int, retryAfter: Nanoseconds?, jitterThousandths: Int64) -> Nanoseconds? {
        precondition(attempts >= 1, "a retry follows an attempt")
        guard attempts < maximumAttempts else { return nil }
        let planned = waits[min(attempts, waits.count) - 1]
        let wait = max(planned, min(retryAfter ?? .zero, DeliverySchedule.longestAskedFor))
        return wait + Nanoseconds(wait.count / 5_000 * jitterThousandths)
    }
}
