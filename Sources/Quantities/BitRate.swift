/// A rate of information transfer, a whole number of bits per second, never negative.
///
/// Written with a decimal suffix as in Kubernetes quantities: `k` = 10³, `M` = 10⁶, `G` = 10⁹, `T` = 10¹² (RFC 2697 speaks of
/// committed rates in the same unit). A bare number is refused where a person writes it, because one CNI reads it as bits and
/// another as bytes.
public struct BitRate: Hashable, Comparable, Sendable {
    /// Bits per second. 0 … `BitRate.maximum`.
    public let bitsPerSecond: Int64

    /// The highest rate that is believed: 1 Pbit/s, the bound of Kubernetes' own bandwidth helper.
    public static let maximum = BitRate(bitsPerSecond: 1_000_000_000_000_000)
    public static let zero = BitRate(bitsPerSecond: 0)

    /// Traps on a negative number: a negative rate is our own mistake, never a measurement.
    public init(bitsPerSecond: Int64) {
        precondition(bitsPerSecond >= 0, "a rate is never negative")
        self.bitsPerSecond = bitsPerSecond
    }

    public static func megabits(_ megabitsPerSecond: Int64) -> BitRate {
        BitRate(bitsPerSecond: megabitsPerSecond * 1_000_000)
    }

    public static func < (left: BitRate, right: BitRate) -> Bool { left.bitsPerSecond < right.bitsPerSecond }

    /// The sum, held at `maximum` rather than overflowing.
    public static func + (left: BitRate, right: BitRate) -> BitRate {
        let (sum, overflow) = left.bitsPerSecond.addingReportingOverflow(right.bitsPerSecond)
        return overflow ? maximum : BitRate(bitsPerSecond: sum)
    }

    /// What is left, never below zero.
    public func minus(_ other: BitRate) -> BitRate {
        BitRate(bitsPerSecond: max(0, bitsPerSecond - other.bitsPerSecond))
    }

    /// The rate times a whole number of thousandths, rounded down. Exact: the product is taken in 128 bits.
    public func scaled(thousandths: Int64) -> BitRate {
        precondition(thousandths >= 0, "a scale is never negative")
        let wide = Int128(bitsPerSecond) * Int128(thousandths) / 1000
        return BitRate(bitsPerSecond: Int64(min(wide, Int128(BitRate.maximum.bitsPerSecond))))
    }
}

extension BitRate: CustomStringConvertible {
    /// The shortest exact form with a decimal suffix: `100M`, `2500k`, `7` (seven bits per second).
    public var description: String {
        for (suffix, factor) in BitRate.suffixes where bitsPerSecond != 0 && bitsPerSecond % factor == 0 {
            return "\(bitsPerSecond / factor)\(suffix)"
        }
        return "\(bitsPerSecond)"
    }

    /// For people: three significant digits and the unit, `94.2 Mbit/s`.
    public var readable: String {
        let (name, factor): (String, Double) =
            switch bitsPerSecond {
            case 1_000_000_000...: ("Gbit/s", 1e9)
            case 1_000_000...: ("Mbit/s", 1e6)
            case 1_000...: ("kbit/s", 1e3)
            default: ("bit/s", 1)
            }
        return "\(decimal(Double(bitsPerSecond) / factor, significantDigits: 3)) \(name)"
    }

    fileprivate static let suffixes: [(Character, Int64)] = [
        ("T", 1_000_000_000_000), ("G", 1_000_000_000), ("M", 1_000_000), ("k", 1_000),
    ]
}

extension BitRate {
    /// Reads `100M`, `2.5G`, `800k`. Throws with the reason and the nearest right spelling.
    public init(parsing text: String) throws(QuantityError) {
        guard let last = text.last else { throw QuantityError(text, "a rate is empty", hint: "write it with a suffix, such as 100M") }
        guard let factor = BitRate.suffixes.first(where: { $0.0 == last })?.1 else {
            throw BitRate.refusal(of: text, last: last)
        }
        let value = try DecimalNumber(parsing: text.dropLast(), of: text, what: "rate")
        guard let bits = value.scaled(by: factor) else {
            throw QuantityError(text, "is not a whole number of bits per second", hint: "use a smaller suffix")
        }
        guard bits <= BitRate.maximum.bitsPerSecond else {
            throw QuantityError(text, "is above the highest rate believed, 1000T", hint: "check the suffix")
        }
        self.init(bitsPerSecond: bits)
    }

    /// A number of a million and more was surely meant as bits per second; with a suffix of its own it would be absurd.
    private static func hint(forBare text: String) -> String {
        let bits = Int64(text)
        if text.count > 18 || bits.map({ $0 > maximum.bitsPerSecond }) == true {
            return "write a rate with a suffix, such as 100M; the highest is 1000T"
        }
        if let bits, bits >= 1_000_000 { return "write \(BitRate(bitsPerSecond: bits / 1_000 * 1_000)) if bits per second are meant" }
        return "write \(text)M for megabits per second, or \(text)k, \(text)G"
    }

    private static func refusal(of text: String, last: Character) -> QuantityError {
        if last.isNumber {
            return QuantityError(text, "has no unit", hint: hint(forBare: text))
        }
        return switch last {
        case "K": QuantityError(text, "uses K, which is no Kubernetes suffix", hint: "write \(text.dropLast())k")
        case "m": QuantityError(text, "uses m, which means milli", hint: "write \(text.dropLast())M for megabits per second")
        case "i": QuantityError(text, "uses a binary suffix", hint: "rates are decimal: k, M, G, T")
        default: QuantityError(text, "has an unknown unit", hint: "rates end in k, M, G or T, in decimal bits per second")
        }
    }
}
