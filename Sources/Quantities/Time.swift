/// A span of time. Unit: nanoseconds. May be negative where two instants are subtracted.
public struct Nanoseconds: Hashable, Comparable, Sendable {
    public let count: Int64

    public init(_ count: Int64) { self.count = count }
    public static let zero = Nanoseconds(0)
    // About 292 years either way; a longer one is held there. Never the lowest Int64, so that each span has its opposite.
    public static func microseconds(_ count: Int64) -> Nanoseconds { Nanoseconds(held(count, times: 1_000)) }
    public static func milliseconds(_ count: Int64) -> Nanoseconds { Nanoseconds(held(count, times: 1_000_000)) }
    public static func seconds(_ count: Int64) -> Nanoseconds { Nanoseconds(held(count, times: 1_000_000_000)) }

    public var milliseconds: Int64 { count / 1_000_000 }
    public var seconds: Double { Double(count) / 1e9 }

    public static func < (left: Nanoseconds, right: Nanoseconds) -> Bool { left.count < right.count }
    public static func + (left: Nanoseconds, right: Nanoseconds) -> Nanoseconds { Nanoseconds(left.count + right.count) }
    public static func - (left: Nanoseconds, right: Nanoseconds) -> Nanoseconds { Nanoseconds(left.count - right.count) }
    public static func * (left: Nanoseconds, right: Int64) -> Nanoseconds { Nanoseconds(left.count * right) }
}

extension Nanoseconds: CustomStringConvertible {
    /// The shortest exact form with a unit: `5s`, `1500us`, `250ms`.
    public var description: String {
        for (suffix, factor) in Nanoseconds.units where count != 0 && count % factor == 0 { return "\(count / factor)\(suffix)" }
        return "\(count)ns"
    }

    /// For people, without its sign: `40 s`, `12 min`, `5 h`, `3 d`. Whole units, rounded down, two of the smaller unit before the
    /// larger is used.
    public var readable: String {
        let seconds = (count / 1_000_000_000).magnitude
        return switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7_200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3_600) h"
        default: "\(seconds / 86_400) d"
        }
    }

    static let units: [(String, Int64)] = [
        ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
    ]

    /// Reads `1.5ms`, `250us`, `5s`, `10m`, `24h`. A bare number is refused.
    public init(parsing text: String) throws(QuantityError) {
        let unit = String(text.drop { $0.isNumber || $0 == "." })
        guard !unit.isEmpty else {
            let isShort = (1...6).contains(text.count)
            throw QuantityError(
                text, "has no unit", hint: isShort ? "write \(text)ms or \(text)s" : "write a time with its unit, such as 5ms or 10s")
        }
        guard let factor = Nanoseconds.units.first(where: { $0.0 == unit })?.1 else {
            throw QuantityError(text, "has an unknown unit of time", hint: "use ns, us, ms, s, m or h")
        }
        let value = try DecimalNumber(parsing: text.dropLast(unit.count), of: text, what: "time")
        guard let count = value.scaled(by: factor) else {
            throw QuantityError(text, "is finer than a nanosecond or too long", hint: "use a smaller unit")
        }
        self.init(count)
    }
}

/// A reading of a clock that never steps, in nanoseconds since an origin that only this process (or simulated node) knows.
/// Order, fencing, cooldown and expiry rest on it; it is never compared across machines and never stored as a date.
public struct MonotonicTime: Hashable, Comparable, Sendable {
    public let nanoseconds: Int64
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanoseconds < right.nanoseconds }
    public static func - (left: MonotonicTime, right: MonotonicTime) -> Nanoseconds {
        Nanoseconds(left.nanoseconds - right.nanoseconds)
    }
    public static func + (left: MonotonicTime, right: Nanoseconds) -> MonotonicTime {
        MonotonicTime(nanoseconds: left.nanoseconds + right.count)
    }
}

/// A civil instant, in microseconds since 1970-01-01T00:00:00Z. For people and for columns; nothing is ordered or expired by it.
///
/// Somebody else's clock may say anything, so no sum or difference of two instants traps: it is held at the ends of its type.
public struct WallTime: Hashable, Comparable, Sendable {
    public let microseconds: Int64
    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// What the log takes as a writer's civil time: 1970 to 2255. A machine whose clock was never set says 1970.
    public static let plausible = WallTime(microseconds: 0)...WallTime(microseconds: 9_000_000_000_000_000)
    /// The nearest instant that the log takes.
    public var madePlausible: WallTime { min(max(self, WallTime.plausible.lowerBound), WallTime.plausible.upperBound) }

    public static func < (left: WallTime, right: WallTime) -> Bool { left.microseconds < right.microseconds }
    public static func - (left: WallTime, right: WallTime) -> Nanoseconds {
        let (difference, overflow) = left.microseconds.subtractingReportingOverflow(right.microseconds)
        return .microseconds(overflow ? (left < right ? -.max : .max) : difference)
    }
    public static func + (left: WallTime, right: Nanoseconds) -> WallTime {
        let (sum, overflow) = left.microseconds.addingReportingOverflow(right.count / 1_000)
        return WallTime(microseconds: overflow ? (right.count < 0 ? .min : .max) : sum)
    }
}

extension WallTime: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds: `2026-11-23T06:40:00.125Z`.
    public var description: String {
        let (days, microsOfDay) = floorDivide(microseconds, 86_400_000_000)
        let (year, month, day) = civilDate(daysSinceEpoch: days)
        let seconds = microsOfDay / 1_000_000
        let millis = microsOfDay / 1_000 % 1_000
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(padded(seconds / 3600, 2)):"
            + "\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2)).\(padded(millis, 3))Z"
    }
}

/// The instant at which a `step` runs: both clocks, read once by the driver. The core reads none itself.
public struct Now: Hashable, Sendable {
    public let monotonic: MonotonicTime
    public let wall: WallTime
    public init(monotonic: MonotonicTime, wall: WallTime) {
        self.monotonic = monotonic
        self.wall = wall
    }
}

private func held(_ count: Int64, times factor: Int64) -> Int64 {
    let (product, overflow) = count.multipliedReportingOverflow(by: factor)
    return overflow ? (count < 0 ? -.max : .max) : max(product, -.max)
}

private func floorDivide(_ value: Int64, _ divisor: Int64) -> (Int64, Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
}

/// Proleptic Gregorian date of a day number, by 400-year eras (H. Hinnant, "chrono-compatible low-level date algorithms").
private func civilDate(daysSinceEpoch: Int64) -> (Int64, Int64, Int64) {
    let (era, dayOfEra) = floorDivide(daysSinceEpoch + 719_468, 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
}

private func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
