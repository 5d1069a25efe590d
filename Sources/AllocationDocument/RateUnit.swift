public import Quantities

/// The unit in which a document writes its rates.
public enum RateUnit: String, Sendable, CaseIterable {
    case bps, kbps
    case megabits = "Mbps"
    case gigabits = "Gbps"

    /// Decimal places between the unit and one bit per second.
    var power: Int {
        switch self {
        case .bps: 0
        case .kbps: 3
        case .megabits: 6
        case .gigabits: 9
        }
    }

    /// The rate in this unit, with as many digits as it takes to carry every bit: `166.666666`.
    public func text(_ rate: BitRate) -> String {
        var divisor: Int64 = 1
        for _ in 0..<power { divisor *= 10 }
        let fraction = rate.bitsPerSecond % divisor
        guard fraction > 0 else { return "\(rate.bitsPerSecond / divisor)" }
        var digits = String(fraction)
        digits = String(repeating: "0", count: power - digits.count) + digits
        while digits.last == "0" { digits.removeLast() }
        return "\(rate.bitsPerSecond / divisor).\(digits)"
    }
}
