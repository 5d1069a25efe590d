public import Quantities

/// Interarrival jitter of one flow, smoothed over its whole life: J += (|D| − J) / 16. Unit: nanoseconds, never negative.
///
/// D is the difference of two successive round trips, which is the difference of their transit times where both clocks are one.
/// A probe sent no later than the last one counted leaves it alone. Source: RFC 3550 §6.4.1, with the appendix A.8 scaling by 16.
public struct InterarrivalJitter: Hashable, Sendable {
    private var sixteenfold: Int64 = 0
    private var last: (sentAt: MonotonicTime, span: Nanoseconds)?
    private var hasValue = false

    public init() {}

    /// Nil before the second probe.
    public var value: Nanoseconds? { hasValue ? Nanoseconds(sixteenfold / 16) : nil }

    public mutating func count(_ span: Nanoseconds, sentAt: MonotonicTime) {
        if let last {
            guard sentAt > last.sentAt else { return }
            sixteenfold += abs(span.count - last.span.count) - (sixteenfold + 8) / 16
            hasValue = true
        }
        last = (sentAt, span)
    }

    public static func == (left: InterarrivalJitter, right: InterarrivalJitter) -> Bool {
        left.sixteenfold == right.sixteenfold && left.hasValue == right.hasValue && left.last?.sentAt == right.last?.sentAt
            && left.last?.span == right.last?.span
    }
    public func hash(into hasher: inout Hasher) {
        hasher.combine(sixteenfold)
        hasher.combine(last?.sentAt)
    }
}
