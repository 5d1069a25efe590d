/// A quantity as a person wrote it that cannot be read: what was written, what is wrong with it, and what to write instead.
public struct QuantityError: Error, Equatable, Sendable, CustomStringConvertible {
    public let text: String
    public let problem: String
    public let hint: String

    public init(_ text: some StringProtocol, _ problem: String, hint: String) {
        self.text = String(text)
        self.problem = problem
        self.hint = hint
    }

    public var description: String { "'\(text)' \(problem); \(hint)" }
}

/// A non-negative decimal number held exactly, so that `1.5ms` never passes through a binary fraction.
struct DecimalNumber {
    let digits: Int64
    let fractionDigits: Int

    init(parsing text: some StringProtocol, of whole: String, what: String) throws(QuantityError) {
        var digits: Int64 = 0
        var fractionDigits = 0
        var seenPoint = false
        var seenDigit = false
        for character in text {
            if character == "." && !seenPoint {
                seenPoint = true
                continue
            }
            guard let digit = character.wholeNumberValue, character.isASCII else {
                throw QuantityError(whole, "is not a \(what)", hint: "write digits, then the unit, without a space")
            }
            let (tens, overflowed) = digits.multipliedReportingOverflow(by: 10)
            let (next, overflowedAgain) = tens.addingReportingOverflow(Int64(digit))
            guard !overflowed && !overflowedAgain && fractionDigits < 15 else {
                throw QuantityError(whole, "has too many digits", hint: "use a larger unit")
            }
            digits = next
            seenDigit = true
            if seenPoint { fractionDigits += 1 }
        }
        guard seenDigit else { throw QuantityError(whole, "has no digits", hint: "write digits, then the unit") }
        self.digits = digits
        self.fractionDigits = fractionDigits
    }

    /// The number times `factor`, or nil where that is not whole or does not fit.
    func scaled(by factor: Int64) -> Int64? {
        var divisor: Int64 = 1
        for _ in 0..<fractionDigits { divisor *= 10 }
        let product = Int128(digits) * Int128(factor)
        guard product % Int128(divisor) == 0 else { return nil }
        return Int64(exactly: product / Int128(divisor))
    }
}

/// A number for people, with `significantDigits` digits and no exponent; the same on every machine and in every locale.
public func decimal(_ value: Double, significantDigits: Int) -> String {
    guard value.isFinite else { return "–" }
    let magnitude = abs(value)
    var whole = 1
    var bound = 10.0
    while magnitude >= bound && whole < 18 {
        whole += 1
        bound *= 10
    }
    return decimal(value, fractionDigits: max(0, significantDigits - whole))
}

/// A number for people with exactly `fractionDigits` digits behind the point, rounded half away from zero.
public func decimal(_ value: Double, fractionDigits: Int) -> String {
    guard value.isFinite else { return "–" }
    var scale = 1.0
    for _ in 0..<fractionDigits { scale *= 10 }
    let wide = (abs(value) * scale).rounded()
    // Beyond 64 bits there are no digits behind the point to speak of.
    guard wide < 0x1p63 else { return "\(value)" }
    let scaled = Int64(wide)
    let divisor = Int64(scale)
    let sign = value < 0 && scaled != 0 ? "-" : ""
    guard fractionDigits > 0 else { return "\(sign)\(scaled)" }
    let fraction = String(scaled % divisor)
    return "\(sign)\(scaled / divisor).\(String(repeating: "0", count: fractionDigits - fraction.count))\(fraction)"
}
