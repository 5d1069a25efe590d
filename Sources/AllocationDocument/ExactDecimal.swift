/// A decimal number as it was written, held exactly: `coefficient × 10^exponent`.
struct ExactDecimal: Equatable, Sendable {
    var isNegative: Bool
    /// At most `mostDigits` digits; those behind are dropped, which no rate or weight can tell.
    var coefficient: UInt128
    var exponent: Int

    static let mostDigits = 36

    /// Reads a number by JSON's grammar.
    init(json text: String) {
        var coefficient: UInt128 = 0
        var exponent = 0
        var digits = 0
        var isFraction = false
        var mantissa = text[...]
        if let mark = text.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            mantissa = text[..<mark]
            // Beyond a million the number is out of every range whatever its digits are.
            exponent = Int(text[text.index(after: mark)...]) ?? (text[mark...].contains("-") ? -1_000_000 : 1_000_000)
            exponent = max(-1_000_000, min(1_000_000, exponent))
        }
        for character in mantissa.utf8 {
            if character == UInt8(ascii: ".") { isFraction = true }
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character) else { continue }
            if digits < ExactDecimal.mostDigits {
                coefficient = coefficient * 10 + UInt128(character - UInt8(ascii: "0"))
                if coefficient > 0 { digits += 1 }
                if isFraction { exponent -= 1 }
            } else if !isFraction {
                exponent += 1
            }
        }
        isNegative = text.utf8.first == UInt8(ascii: "-") && coefficient > 0
        self.coefficient = coefficient
        self.exponent = exponent
        while self.coefficient != 0 && self.coefficient % 10 == 0 {
            self.coefficient /= 10
            self.exponent += 1
        }
        if coefficient == 0 { self.exponent = 0 }
    }

    /// The whole part of the number times ten to a power; nil where it does not fit in 127 bits.
    func scaled(byPowerOfTen power: Int) -> Int128? {
        var value = coefficient
        var shift = exponent + power
        while shift > 0 && value != 0 {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            value = product
            shift -= 1
        }
        while shift < 0 && value != 0 {
            value /= 10
            shift += 1
        }
        guard let magnitude = Int128(exactly: value) else { return nil }
        return isNegative ? -magnitude : magnitude
    }

    /// Whether `scaled(byPowerOfTen:)` drops nothing.
    func isWhole(timesPowerOfTen power: Int) -> Bool { coefficient == 0 || exponent + power >= 0 }
}
