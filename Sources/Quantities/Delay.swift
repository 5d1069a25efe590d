/// A one-packet delay, delay variation or jitter. Unit: 100 nanoseconds, 0 … about 214 s.
///
/// This is the unit in which a sample is stored and in which a law reads it, so that a decision re-runs exactly from its row.
public struct Delay: Hashable, Comparable, Sendable {
    public let hundredNanoseconds: Int32

    public init(hundredNanoseconds: Int32) {
        precondition(hundredNanoseconds >= 0, "a delay is never negative")
        self.hundredNanoseconds = hundredNanoseconds
    }
    /// Rounds to the nearest 100 ns; a longer span than fits is held at the longest, a negative one at zero.
    public init(rounding span: Nanoseconds) {
        self.hundredNanoseconds = Int32(clamping: max(0, (span.count + 50) / 100))
    }
    public static let zero = Delay(hundredNanoseconds: 0)
    public static func microseconds(_ count: Int32) -> Delay { Delay(hundredNanoseconds: count * 10) }

    public var nanoseconds: Nanoseconds { Nanoseconds(Int64(hundredNanoseconds) * 100) }
    public var milliseconds: Double { Double(hundredNanoseconds) / 10_000 }
    public static func < (left: Delay, right: Delay) -> Bool { left.hundredNanoseconds < right.hundredNanoseconds }

    /// The delay times a whole number of thousandths, rounded down and held at the longest.
    public func scaled(thousandths: Int64) -> Delay {
        Delay(hundredNanoseconds: Int32(clamping: Int64(hundredNanoseconds) * thousandths / 1000))
    }
}

extension Delay: CustomStringConvertible {
    /// In milliseconds with two decimals and the unit: `1.25 ms`.
    public var description: String { "\(decimal(milliseconds, fractionDigits: 2)) ms" }
}
