/// A rate held finely enough to be shared out: a whole number of 2⁻⁶⁴ bit/s. The high 64 bits are the whole bits per second.
typealias FineRate = UInt128

/// How high the water stands: bit/s per unit of weight, a whole number of 2⁻¹²⁸, never negative.
///
/// A level is the floor of a capacity divided by a sum of weights, and a demand's rate the floor of its weight times the level.
/// Both roundings go down, so that the rates given at one level never add up to more than the capacity that made it; what the
/// roundings leave is less than one 2⁻⁶⁴ bit/s per demand (weights add up to less than 2⁶⁴).
public struct FillLevel: Hashable, Comparable, Sendable, BitwiseCopyable {
    /// Whole bit/s per unit of weight, and two words of binary fraction.
    let high: UInt64
    let middle: UInt64
    let low: UInt64

    init(high: UInt64, middle: UInt64, low: UInt64) {
        self.high = high
        self.middle = middle
        self.low = low
    }

    static var zero: FillLevel { FillLevel(high: 0, middle: 0, low: 0) }
    /// Above every level that a capacity can give: the level of what does not bind.
    static var unbounded: FillLevel { FillLevel(high: .max, middle: .max, low: .max) }

    /// The floor of `capacity / weight`, by three divisions of two words by one.
    @inline(__always)
    init(_ capacity: FineRate, dividedBy weight: UInt64) {
        let (first, rest) = UInt64(truncatingIfNeeded: capacity >> 64).quotientAndRemainder(dividingBy: weight)
        let (second, rest2) = weight.dividingFullWidth((rest, UInt64(truncatingIfNeeded: capacity)))
        let (third, _) = weight.dividingFullWidth((rest2, 0))
        self.init(high: first, middle: second, low: third)
    }

    /// The floor of `weight × level`, held at the largest fine rate where it would not fit.
    @inline(__always)
    func times(_ weight: UInt64) -> FineRate {
        let carry = low.multipliedFullWidth(by: weight).high
        let below = UInt128(middle) &* UInt128(weight) &+ UInt128(carry)
        let above = UInt128(high) &* UInt128(weight) &+ (below >> 64)
        guard above >> 64 == 0 else { return .max }
        return above << 64 | UInt128(UInt64(truncatingIfNeeded: below))
    }

    @inline(__always)
    public static func < (left: FillLevel, right: FillLevel) -> Bool {
        if left.high != right.high { return left.high < right.high }
        if left.middle != right.middle { return left.middle < right.middle }
        return left.low < right.low
    }
}

extension FillLevel: CustomStringConvertible {
    /// Hexadecimal, exact: `3e8` or `14d.5555…`, without zeros at the end of the fraction.
    public var description: String {
        var fraction = FillLevel.padded(middle) + FillLevel.padded(low)
        while fraction.last == "0" { fraction.removeLast() }
        return String(high, radix: 16) + (fraction.isEmpty ? "" : "." + fraction)
    }

    /// Reads what `description` writes; nil for anything else.
    public init?(hexadecimal text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let high = FillLevel.word(parts[0], longest: 16) else { return nil }
        let fraction = parts.count == 2 ? String(parts[1]) : "0"
        guard !fraction.isEmpty, fraction.utf8.count <= 32 else { return nil }
        let digits = fraction + String(repeating: "0", count: 32 - fraction.utf8.count)
        guard let middle = FillLevel.word(digits.prefix(16), longest: 16), let low = FillLevel.word(digits.suffix(16), longest: 16)
        else { return nil }
        self.init(high: high, middle: middle, low: low)
    }

    private static func word(_ digits: some StringProtocol, longest: Int) -> UInt64? {
        let allowed = Array("0123456789abcdef".utf8)
        guard !digits.isEmpty, digits.utf8.count <= longest, digits.utf8.allSatisfy(allowed.contains) else { return nil }
        return UInt64(digits, radix: 16)
    }

    private static func padded(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// How a fine rate becomes whole bits per second: down, once, at the very end.
///
/// Computed and not stored: a stored wide number is looked up behind a lock each time.
enum Rounding {
    /// 2⁻³² bit/s, given before rounding down, so that a share that is a whole number comes out as that number although its level
    /// (a third, say) has no finite binary fraction. Fewer than 2²² demands cross one resource, so on each resource this adds less
    /// than 2⁻¹⁰ bit/s, and whole rates that exceed a capacity by less than what lacks to its next whole bit do not exceed it.
    static var grace: FineRate { 1 << 32 }
    /// The largest fraction of a bit per second in an input, 1 − 2⁻⁹; a larger one counts as this. It leaves room for `grace`.
    static var largestFraction: UInt64 { .max << 55 }

    /// What a tier finds on a resource counts in whole 2⁻⁴⁰ bit/s: the last parts that rounding left of a full one are nothing, and
    /// do not come and go with every change upstream. Far below `grace`, far above what rounding leaves, 2²² parts at most.
    static var crumbs: FineRate { (1 << 24) - 1 }

    /// 2⁻⁶ bit/s: minimums that miss no more on a resource are met. More than `largestFraction` can take from what they need.
    private static var negligible: FineRate { 1 << 58 }

    /// What minimums miss, in whole bit/s, rounded up; 0 where it is negligible.
    static func shortfall(_ missing: FineRate) -> Int64 {
        missing <= negligible ? 0 : Int64(truncatingIfNeeded: (missing - negligible + 0xFFFF_FFFF_FFFF_FFFF) >> 64)
    }

    @inline(__always)
    static func wholeBits(_ rate: FineRate) -> UInt64 { UInt64(truncatingIfNeeded: (rate &+ grace) >> 64) }

    @inline(__always)
    static func fine(_ bitsPerSecond: UInt64) -> FineRate { FineRate(bitsPerSecond) << 64 }

    /// An input with its fraction in parts of 2⁻⁶⁴ bit/s.
    static func fine(_ bitsPerSecond: Int64, fraction: UInt64) -> FineRate {
        fine(UInt64(bitsPerSecond)) | FineRate(min(fraction, largestFraction))
    }
}
