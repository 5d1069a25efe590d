public import Quantities

/// Forecasts the steering value of one flow some ticks ahead, and learns from each tick how wrong it was.
///
/// Method: a linear combination of the newest four values and the newest use, weights moved by the normalized least-mean-squares rule
/// (B. Widrow and M. E. Hoff, "Adaptive switching circuits", 1960; J. Nagumo and A. Noda, "A learning method for system
/// identification", IEEE Trans. Automatic Control 12, 1967). All in integers: deterministic, and small enough for a law's state.
/// Beside it stand two dumb baselines that learn nothing: persistence (what is, stays) and the straight line through the newest two.
public struct DelayForecaster: Hashable, Sendable {
    public enum Method: Int64, Sendable, CaseIterable {
        case learned, persistence, trend
        public var word: String {
            switch self {
            case .learned: "learned"
            case .persistence: "persistence"
            case .trend: "trend"
            }
        }
    }
    /// Values looked at.
    static let order = 4
    /// Ticks ahead at most.
    public static let mostAhead = 4
    /// Ticks of learning before a forecast counts.
    static let apprenticeship: UInt16 = 30
    /// A longer delay is taken as this. Unit: 100 ns. Two such multiplied by a weight stay far inside 64 bits.
    private static let longest: Int32 = 500_000
    /// Fixed point of the weights: 2¹⁶ is 1.
    private static let one: Int64 = 1 << 16
    /// The rule's step: 1/8.
    private static let step: Int64 = 8

    /// Newest first. Unit: 100 ns.
    private var history: [Int32] = []
    /// Newest first: thousandths of the limit that was used.
    private var uses: [Int32] = []
    private var weights: [Int32]
    private var learned: UInt16 = 0
    /// Mean size of the error, smoothed. Unit: 100 ns.
    public private(set) var error: Int32 = 0

    public init() {
        // Begins as persistence.
        weights = [Int32(DelayForecaster.one)] + Array(repeating: 0, count: DelayForecaster.order)
    }

    /// Takes the value of one tick; `usedThousandths` of the limit was used. Learns from what was forecast for it `ahead` ticks ago.
    public mutating func add(_ delay: Delay, usedThousandths: Int32, ahead: Int) {
        let value = min(delay.hundredNanoseconds, DelayForecaster.longest)
        learn(value, ahead: ahead)
        history = Array(([value] + history).prefix(DelayForecaster.order + DelayForecaster.mostAhead))
        uses = Array(([max(0, min(2_000, usedThousandths))] + uses).prefix(1 + DelayForecaster.mostAhead))
    }

    /// A gap: what comes after it does not follow from what came before. The weights stay.
    public mutating func interrupt() {
        history = []
        uses = []
    }

    /// The value `ahead` ticks from now; nil before enough was seen.
    public func forecast(ahead: Int, by method: Method) -> Delay? {
        guard history.count >= DelayForecaster.order else { return nil }
        let value: Int64 =
            switch method {
            case .learned: learned >= DelayForecaster.apprenticeship ? combination(from: 0) : -1
            case .persistence: Int64(history[0])
            case .trend: Int64(history[0]) + Int64(ahead) * (Int64(history[0]) - Int64(history[1]))
            }
        guard value >= 0 || method == .trend else { return nil }
        return Delay(hundredNanoseconds: Int32(clamping: max(0, min(Int64(DelayForecaster.longest), value))))
    }

    /// The inputs as they were `back` ticks ago: four delays, and the use in the same order of size.
    private func inputs(from back: Int) -> [Int64] {
        history[back..<(back + DelayForecaster.order)].map(Int64.init) + [Int64(uses[back]) * 10]
    }

    private func combination(from back: Int) -> Int64 {
        zip(inputs(from: back), weights).reduce(0) { $0 + $1.0 * Int64($1.1) } / DelayForecaster.one
    }

    private mutating func learn(_ value: Int32, ahead: Int) {
        let back = ahead - 1
        guard back >= 0, history.count >= DelayForecaster.order + back, uses.count > back else { return }
        let inputs = inputs(from: back)
        let miss = Int64(value) - combination(from: back)
        let power = inputs.reduce(1_000_000) { $0 + $1 * $1 }
        for index in weights.indices {
            // |miss| < 2³⁸, an input < 2²⁰: the product fits.
            let move = Int64(Int128(miss) * Int128(inputs[index]) * Int128(DelayForecaster.one) / Int128(power * DelayForecaster.step))
            weights[index] = Int32(max(-DelayForecaster.one * 4, min(DelayForecaster.one * 4, Int64(weights[index]) + move)))
        }
        let size = Int32(clamping: min(Int64(DelayForecaster.longest), abs(miss)))
        error += (size - error) / 8
        learned = learned == .max ? .max : learned + 1
    }
}

extension DelayForecaster {
    func write(into writer: inout StateWriter) {
        writer.write(learned)
        writer.write(error)
        for weight in weights { writer.write(weight) }
        writer.write(UInt8(history.count))
        for value in history { writer.write(value) }
        writer.write(UInt8(uses.count))
        for use in uses { writer.write(Int16(use)) }
    }

    init?(from reader: inout StateReader) {
        self.init()
        guard let learned = reader.read(UInt16.self), let error = reader.read(Int32.self), error >= 0 else { return nil }
        (self.learned, self.error) = (learned, min(error, DelayForecaster.longest))
        for index in weights.indices {
            guard let weight = reader.read(Int32.self), abs(Int64(weight)) <= DelayForecaster.one * 4 else { return nil }
            weights[index] = weight
        }
        guard let count = reader.read(UInt8.self), count <= DelayForecaster.order + DelayForecaster.mostAhead else { return nil }
        for _ in 0..<count {
            guard let value = reader.read(Int32.self), (0...DelayForecaster.longest).contains(value) else { return nil }
            history.append(value)
        }
        guard let useCount = reader.read(UInt8.self), useCount <= 1 + DelayForecaster.mostAhead else { return nil }
        for _ in 0..<useCount {
            guard let use = reader.read(Int16.self), (0...2_000).contains(use) else { return nil }
            uses.append(Int32(use))
        }
        guard uses.count == min(history.count, 1 + DelayForecaster.mostAhead) else { return nil }
    }
}
