public import Quantities

/// What became of one probe: answered after a round trip, or never answered in time.
public struct ProbeRecord: Hashable, Sendable {
    public enum Outcome: Hashable, Sendable {
        /// The round trip less the reflector's own time, (T4−T1)−(T3−T2), so that clock skew cancels (RFC 8762 §4.3).
        case roundTrip(Nanoseconds)
        /// No answer within the probe's timeout.
        case lost
    }
    /// The longest round trip that is believed. A longer or a negative one is no measurement and counts as lost.
    public static let longestBelieved = Nanoseconds.seconds(60)

    /// Counts the probes of one sender, from any start; only neighbours are compared.
    public var sequence: Int64
    public var sentAt: MonotonicTime
    public var outcome: Outcome

    public init(sequence: Int64, sentAt: MonotonicTime, outcome: Outcome) {
        self.sequence = sequence
        self.sentAt = sentAt
        self.outcome = outcome
    }

    /// The round trip where there is one that can be believed.
    public var believedRoundTrip: Nanoseconds? {
        guard case .roundTrip(let span) = outcome, span >= .zero, span <= ProbeRecord.longestBelieved else { return nil }
        return span
    }
}
