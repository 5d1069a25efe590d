public import Quantities

/// How long ago something was, as people say it. Every number that is shown has one.
public struct Age: Hashable, Sendable {
    /// Negative where the instant lies ahead of the reader's clock.
    public let span: Nanoseconds

    public init(of instant: WallTime, at now: WallTime) { self.span = now - instant }
    public init(_ span: Nanoseconds) { self.span = span }

    /// `4 s ago`, `12 min ago`, `5 h ago`, `3 d ago`. Whole units, rounded down, two of the smaller unit before the larger is used.
    /// Less than a second either way is `now`; a clock further ahead says so, because an age from the future is a finding.
    public var text: String {
        let seconds = span.count / 1_000_000_000
        if seconds < 0 { return "\(span.readable) ahead of this clock" }
        return seconds == 0 ? "now" : "\(span.readable) ago"
    }

    /// The same without a direction: `40 s`.
    public var length: String { span.readable }
}
