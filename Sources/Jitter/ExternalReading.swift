public import Quantities

/// One answer of a source that measures for us (Prometheus, a recorded trace of quantiles): delay above the base, as it says.
public struct ExternalReading: Hashable, Sendable {
    public var p50: Nanoseconds?
    /// The steering value.
    public var p95: Nanoseconds
    /// How many measurements stand behind it; nil where the source does not say.
    public var count: Int32?
    public var lost: Int32
    /// Age of the newest measurement; nil where the source does not say, and then it is not believed.
    public var age: Nanoseconds?
    /// What was measured before this is in none of it; nil for a reading of the tick's own window. A query over a range longer than
    /// the tick goes on telling of the time before a change, long after the change.
    public var since: MonotonicTime?

    public init(
        p50: Nanoseconds? = nil, p95: Nanoseconds, count: Int32? = nil, lost: Int32 = 0, age: Nanoseconds?, since: MonotonicTime? = nil
    ) {
        self.p50 = p50
        self.p95 = p95
        self.count = count
        self.lost = lost
        self.age = age
        self.since = since
    }

    /// Seconds as a metric states them. Nil for what is no delay: not a number, infinite, negative, above 60 s.
    public static func span(seconds: Double) -> Nanoseconds? {
        guard seconds.isFinite, seconds >= 0, seconds <= 60 else { return nil }
        return Nanoseconds(Int64((seconds * 1e9).rounded()))
    }
}

/// What an external source came back with.
public enum ExternalAnswer: Hashable, Sendable {
    case reading(ExternalReading)
    /// It answered, and has no such series.
    case absent
    /// It refused, timed out, or said what cannot be read.
    case failed
}
