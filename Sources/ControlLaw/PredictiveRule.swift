import Events
import Quantities

/// `predictive@1`: `plateau@1`, and a brake before the spike. Where the forecast of the steering value lies above the SLA bound while
/// the measured one does not, the limit comes down to just below what is used, once, and the forecast is shown as the smoothed value.
///
/// It teaches the ceiling memory nothing, for nothing was suffered. After an early brake it waits `forecastRest` ticks before the next.
/// It is a candidate: `plateau@1` stays the default until a backtest says otherwise.
struct PredictiveRule: LawRule {
    struct Memory: LawMemory {
        var plateau = PlateauRule.Memory()
        var forecaster = DelayForecaster()
        /// Ticks since the last early brake, held at the longest.
        var sinceEarly: UInt16 = .max

        init() {}
        init?(bytes: [UInt8]) {
            guard var reader = StateReader(bytes, version: 1), let length = reader.read(UInt8.self) else { return nil }
            var part: [UInt8] = []
            for _ in 0..<length {
                guard let byte = reader.read(UInt8.self) else { return nil }
                part.append(byte)
            }
            guard let plateau = PlateauRule.Memory(bytes: part), let forecaster = DelayForecaster(from: &reader),
                let since = reader.read(UInt16.self), reader.isAtEnd
            else { return nil }
            (self.plateau, self.forecaster, sinceEarly) = (plateau, forecaster, since)
        }
        var bytes: [UInt8] {
            var writer = StateWriter(version: 1)
            let part = plateau.bytes
            writer.write(UInt8(part.count))
            for byte in part { writer.write(byte) }
            forecaster.write(into: &writer)
            writer.write(sinceEarly)
            return writer.bytes
        }
    }

    static let table = [
        LawParameter("forecast", .word(DelayForecaster.Method.allCases.map(\.word)), "learned", 0...2, "how the steering value is forecast"),
        LawParameter("forecastTicks", .count, "1", 1...4, "ticks: how far ahead"),
        LawParameter("forecastMargin", .factor, "1", 500...10_000, "factor of the bound that a forecast must pass to brake"),
        LawParameter("forecastRest", .count, "12", 0...60_000, "ticks between two early brakes"),
        LawParameter("earlyBrake", .factor, "0.95", 500...999, "factor of the used rate: the early brake"),
    ] + PlateauRule.table

    let plateau: PlateauRule
    private let method: DelayForecaster.Method
    private let ahead: Int
    private let margin, rest, earlyBrake: Int64

    init(_ parameters: LawParameters) {
        plateau = PlateauRule(parameters)
        // The parameter's own range allows no other value.
        method = DelayForecaster.Method(rawValue: parameters["forecast"]) ?? .learned
        ahead = Int(parameters["forecastTicks"])
        margin = parameters["forecastMargin"]
        rest = parameters["forecastRest"]
        earlyBrake = parameters["earlyBrake"]
    }

    func decide(_ memory: Memory, _ input: LoopInput) -> (Memory, LoopOutcome) {
        var memory = memory
        memory.sinceEarly = memory.sinceEarly == .max ? .max : memory.sinceEarly + 1
        let forecast = foresee(&memory, input)
        var (after, outcome) = plateau.decide(memory.plateau, input)
        if let forecast, let early = brakeEarly(forecast, memory, input), outcome.action != .decrease {
            outcome = early
            // As before this tick, but for its passing and the early brake itself: a raise that was replaced never was.
            after = memory.plateau
            after.pacing.advance(elapsedMilliseconds: input.elapsedMilliseconds, flapTicks: plateau.filters.flapTicks)
            after.pacing.smoothed = SmoothedDelay()
            after.pacing.count(early)
            after.lastUsed = input.used?.bitsPerSecond ?? -1
            memory.sinceEarly = 0
        }
        memory.plateau = after
        return (memory, outcome)
    }

    private func foresee(_ memory: inout Memory, _ input: LoopInput) -> Delay? {
        guard input.quality == .measured, let raw = input.raw, input.evidence.contains(.freshSinceDecrease) else {
            if !input.quality.hasValue { memory.forecaster.interrupt() }
            return nil
        }
        var used: Int32 = 0
        if let use = input.used?.bitsPerSecond, let applied = input.applied?.bitsPerSecond, applied > 0 {
            used = Int32(clamping: Int64(min(2_000, Int128(use) * 1000 / Int128(applied))))
        }
        memory.forecaster.add(raw, usedThousandths: used, ahead: ahead)
        return memory.forecaster.forecast(ahead: ahead, by: method)
    }

    private func brakeEarly(_ forecast: Delay, _ memory: Memory, _ input: LoopInput) -> LoopOutcome? {
        guard let raw = input.raw, raw <= input.bound, forecast > input.bound.scaled(thousandths: margin), Int64(memory.sinceEarly) > rest,
            let used = input.used?.bitsPerSecond
        else { return nil }
        var pacing = memory.plateau.pacing
        pacing.advance(elapsedMilliseconds: input.elapsedMilliseconds, flapTicks: plateau.filters.flapTicks)
        let frame = LoopFrame(
            input, minimum: LoopFrame.smallest, maximum: BitRate.maximum.bitsPerSecond, lastDesired: pacing.lastDesired)
        let proposal = Proposal(rate: scaled(min(used, frame.current ?? used), earlyBrake), reason: .aboveTarget, isBrake: true)
        let outcome = frame.conclude(
            plateau.filters.stage(proposal, pacing, frame), smoothed: forecast, thresholds: plateau.filters.thresholds(input, pacing))
        return outcome.action == .decrease ? outcome : nil
    }

    func turningPoints(_ memory: Memory, _ input: LoopInput) -> [Int32] { plateau.turningPoints(memory.plateau, input) }
}
