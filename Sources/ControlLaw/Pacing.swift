import Events
import Quantities

/// What the paced laws remember of their own changes: when the last was, which way, and the reversals that still count.
struct Pacing: Equatable {
    /// The flap budget counts at most so many.
    static let mostReversals = 16

    var smoothed = SmoothedDelay()
    var missing: UInt16 = 0
    /// Since the last change. Unit: milliseconds, held at the longest.
    var sinceChange: UInt32 = .max
    /// The raw value of the last change's `LoopAction`; 0 before the first.
    var lastDirection: UInt8 = 0
    /// Ticks since each reversal that still counts, newest first.
    var reversals: [UInt16] = []
    var lastDesired: Int64?
    /// Where the deadband adapts.
    var noise: AdaptiveDeadband.Noise?

    /// Takes a believable sample.
    mutating func smooth(_ raw: Delay, of input: LoopInput, by filters: PacingFilters) {
        if let adaptive = filters.adaptive {
            var measured = noise ?? AdaptiveDeadband.Noise()
            adaptive.measure(raw, smoothed: smoothed.delay, input, into: &measured)
            noise = measured
        } else {
            noise = nil
        }
        smoothed.add(raw, gainThousandths: filters.gain)
    }

    mutating func advance(elapsedMilliseconds: Int32, flapTicks: Int64) {
        let (sum, overflow) = sinceChange.addingReportingOverflow(UInt32(max(0, elapsedMilliseconds)))
        sinceChange = overflow ? .max : sum
        guard !reversals.isEmpty else { return }
        for index in reversals.indices where reversals[index] < .max { reversals[index] += 1 }
        while let oldest = reversals.last, Int64(oldest) >= flapTicks { reversals.removeLast() }
    }

    mutating func count(_ outcome: LoopOutcome) {
        lastDesired = outcome.desired?.bitsPerSecond
        guard outcome.action != .hold else { return }
        let direction = UInt8(outcome.action.rawValue)
        if lastDirection != 0, lastDirection != direction { reversals = Array(([0] + reversals).prefix(Pacing.mostReversals)) }
        lastDirection = direction
        sinceChange = 0
    }

    func write(into writer: inout StateWriter) {
        writer.write(smoothed.fixed ?? -1)
        writer.write(missing)
        writer.write(sinceChange)
        writer.write(noise == nil ? lastDirection : lastDirection | Pacing.noiseFollows)
        writer.write(lastDesired ?? -1)
        writer.write(UInt8(reversals.count))
        for age in reversals { writer.write(age) }
        noise?.write(into: &writer)
    }

    /// Beside the direction, in its byte: the noise follows the reversals.
    private static let noiseFollows: UInt8 = 0x80

    init() {}
    init?(from reader: inout StateReader) {
        guard let fixed = reader.read(Int64.self), let missing = reader.read(UInt16.self), let since = reader.read(UInt32.self),
            let mark = reader.read(UInt8.self), mark & ~Pacing.noiseFollows <= 2, let last = reader.read(Int64.self),
            let count = reader.read(UInt8.self), count <= Pacing.mostReversals
        else { return nil }
        smoothed = SmoothedDelay(fixed: fixed)
        self.missing = missing
        sinceChange = since
        lastDirection = mark & ~Pacing.noiseFollows
        lastDesired = last < 0 ? nil : last
        for _ in 0..<count {
            guard let age = reader.read(UInt16.self) else { return nil }
            reversals.append(age)
        }
        guard mark & Pacing.noiseFollows != 0 else { return }
        guard let noise = AdaptiveDeadband.Noise(from: &reader) else { return nil }
        self.noise = noise
    }
}

/// The filters around a stepping law: smoothing, deadband, flap budget, cooldown.
struct PacingFilters: Sendable {
    /// `flapBudget` is the law's own default.
    static func table(flapBudget: Int) -> [LawParameter] {
        [
            LawParameter("smoothing", .factor, "0.3", 1...1000, "factor: weight of the newest sample in the smoothed delay"),
            LawParameter("deadbandLow", .factor, "0.8", 1...1000, "factor of the target: below it a raise is thought of"),
            LawParameter("deadbandHigh", .factor, "1.2", 1000...10_000, "factor of the target: above it the rate is lowered"),
            LawParameter("cooldown", .time, "10s", 0...86_400_000, "time between two changes; a brake above the bound never waits"),
            LawParameter("cooldownTicks", .count, "2", 0...10_000, "ticks after which the cooldown ends in any case, for short ticks"),
            LawParameter("flapBudget", .count, "\(flapBudget)", 2...16, "reversals of direction within flapTicks; when spent, the lower rate is held"),
            LawParameter("flapTicks", .count, "60", 1...60_000, "ticks for which a reversal counts"),
            LawParameter("minimumCount", .count, "10", 1...40, "probes: a partial sample of fewer is no evidence"),
        ] + AdaptiveDeadband.table
    }

    /// Nil where the deadband stays as it is.
    let adaptive: AdaptiveDeadband?
    let gain, low, high, cooldown, cooldownTicks, flapBudget, flapTicks, minimumCount: Int64

    init(_ parameters: LawParameters) {
        gain = parameters["smoothing"]
        low = parameters["deadbandLow"]
        high = parameters["deadbandHigh"]
        cooldown = parameters["cooldown"]
        cooldownTicks = parameters["cooldownTicks"]
        flapBudget = parameters["flapBudget"]
        flapTicks = parameters["flapTicks"]
        minimumCount = parameters["minimumCount"]
        adaptive = AdaptiveDeadband(parameters)
    }

    /// The deadband of this tick: what the ticks before it measured, never the sample that is judged by it.
    func thresholds(_ input: LoopInput, _ pacing: Pacing) -> Thresholds {
        let bare = Thresholds(target: input.target, lowThousandths: low, highThousandths: high)
        guard let adaptive, let noise = pacing.noise else { return bare }
        return adaptive.widened(bare, by: noise, input)
    }

    /// The believable steering value of this tick, if there is one.
    func believable(_ input: LoopInput) -> Delay? {
        guard input.quality.hasValue, let raw = input.raw else { return nil }
        return input.quality == .partial && Int64(input.count) < minimumCount ? nil : raw
    }

    /// Flap budget, then cooldown.
    func stage(_ proposal: Proposal, _ pacing: Pacing, _ frame: LoopFrame) -> Staged {
        var staged = Staged(proposal)
        guard let current = frame.current, let rate = proposal.rate, rate != current, !proposal.isBrake else { return staged }
        let reverses = pacing.lastDirection == UInt8(LoopAction.decrease.rawValue)
        if rate > current, reverses, Int64(pacing.reversals.count) >= flapBudget - 1 {
            staged.afterFlapBudget = current
            staged.afterCooldown = current
            staged.reason = .flapBudget
            return staged
        }
        let tick = Int64(max(0, frame.input.elapsedMilliseconds))
        if Int64(pacing.sinceChange) < min(cooldown, cooldownTicks * tick) {
            staged.afterCooldown = current
            staged.reason = .cooldown
        }
        return staged
    }

    func turningPoints(_ pacing: Pacing, _ input: LoopInput) -> [Int32] {
        let (smoothed, thresholds) = (pacing.smoothed, thresholds(input, pacing))
        // Below the lower threshold is strict: the pair lies one unit lower.
        let below = Delay(hundredNanoseconds: max(0, thresholds.lower.hundredNanoseconds - 1))
        let reached = [below, thresholds.upper].compactMap { smoothed.largestSample(reaching: $0, gainThousandths: gain) }
        return reached + [input.bound.hundredNanoseconds, input.target.hundredNanoseconds]
    }
}
