import Events
import Quantities

/// `plateau@1`, the default: hardened, and five rules more.
///
/// 1. *Fresh evidence only.* It lowers on what was measured since the last decrease took effect, and raises on what was measured
///    since the last change did. So one bad second is one brake.
/// 2. *A raw sample above the SLA bound brakes at once.*
/// 3. *Ceiling memory* (`CeilingMemory`): back to just below the used rate at which the flow suffered, stay, probe rarely.
/// 4. *No raise of what is not used.* Without a throughput source: none above the highest rate at which use was proven, and an
///    unproven limit comes down × 0.7 each tick that the flow suffers.
/// 5. *Attribution.* Where the loop's own use is not above its floors, or two brakes did not help, the flow suffers from others'
///    traffic: it holds and says so, and brakes on only every `retryTicks`, in case it was wrong.
///
/// With a hub (not standalone) the coordinator probes for the whole link: this law then asks for a raise whenever it is calm and
/// its limit is used, and follows the grant. Its own ceilings still say how far to brake.
///
/// *Why it settles.* A sampled loop oscillates where its gain is too large for its delay. Here
/// - *the sample period* is one tick, and *the delay* from a decision to the first window that counts as evidence of it is the patch, its
///   enforcement and the settling: two ticks at most, as long as a limit is in force within a tick less the settling. A limit that comes
///   later is noticed by its use (the window is then no evidence), so the delay grows and the argument stays;
/// - *no two moves rest on one measurement* (rule 1), so never more than one is under way, and the delay cannot turn a correction into its
///   own echo;
/// - *the gain* down does not depend on how large the delay was: the first brake sets 0.95 of the use that was measured, an error of
///   −5 % whatever the overshoot, and each further one 0.7 to 0.9 of what stands. Up, a move is at most 20 %, ends at 0.95 and then 0.97
///   of a known ceiling, and only a probe goes past it, by 3 %.
///
/// So under a constant link and load that wants it, the limit stands between 0.95 and 1.03 of the ceiling once that was met; what moves it
/// still are probes, each of which lifts the ceiling or fails. A failed one costs about a tick of suffering and triples the wait for the
/// next, from `topProbeTicks` up to `probeBackoff` times that: at the defaults one in 960 ticks in the end, a tenth of a percent of the
/// time. *What the argument does not cover*: a link that changes faster than two ticks (bursts shorter than that are met by rules 2 and 5
/// only, and cost what they cost), and noise wider than the deadband; there the flap budget bounds the reversals.
struct PlateauRule: LawRule {
    struct Memory: LawMemory, Equatable {
        var pacing = Pacing()
        var ceilings = CeilingMemory()
        /// Brakes since the last calm sample.
        var brakes: UInt8 = 0
        /// Ticks held for not being our traffic.
        var held: UInt16 = 0
        /// The steering value at the first of them that knew the use; 0 where none did. Unit: 100 ns.
        var firstRaw: Int32 = 0
        /// The highest rate at which use was proven.
        var provenUse: Int64 = 0
        /// Used at the step before; negative where it was not measured.
        var lastUsed: Int64 = -1

        init() {}
        init?(bytes: [UInt8]) {
            guard var reader = StateReader(bytes, version: 1), let pacing = Pacing(from: &reader),
                let ceilings = CeilingMemory(from: &reader), let brakes = reader.read(UInt8.self),
                let held = reader.read(UInt16.self), let first = reader.read(Int32.self), let proven = reader.read(Int64.self),
                let last = reader.read(Int64.self), first >= 0, proven >= 0, proven <= BitRate.maximum.bitsPerSecond, reader.isAtEnd
            else { return nil }
            (self.pacing, self.ceilings, self.brakes, self.held) = (pacing, ceilings, brakes, held)
            (firstRaw, provenUse, lastUsed) = (first, proven, max(-1, last))
        }
        var bytes: [UInt8] {
            var writer = StateWriter(version: 1)
            pacing.write(into: &writer)
            ceilings.write(into: &writer)
            writer.write(brakes)
            writer.write(held)
            writer.write(firstRaw)
            writer.write(provenUse)
            writer.write(lastUsed)
            return writer.bytes
        }
    }

    static let table = [
        LawParameter("brake", .factor, "0.95", 500...999, "factor of the used rate: the first brake, and the plateau"),
        LawParameter("furtherBrake", .factor, "0.7", 100...999, "factor of the limit: each further brake on fresh evidence"),
        LawParameter("drain", .factor, "0.9", 100...999, "factor of the used rate: a further brake where the link was the limit"),
        LawParameter("climb", .factor, "1.2", 1001...4000, "factor: the most that one raise adds"),
        LawParameter("probe", .factor, "1.03", 1001...2000, "factor: the first step past a remembered ceiling"),
        LawParameter("approach", .factor, "0.97", 500...1000, "factor of the ceiling: how near a long calm comes"),
        LawParameter("approachTicks", .count, "6", 0...60_000, "ticks of calm and use before coming that near"),
        LawParameter("roughProbeTicks", .count, "6", 1...60_000, "ticks before a probe past a ceiling marked while the use was rising"),
        LawParameter("probeTicks", .count, "8", 1...60_000, "ticks before a probe while a higher ceiling is known"),
        LawParameter("topProbeTicks", .count, "60", 1...60_000, "ticks before a probe past the highest known ceiling"),
        LawParameter("probeBackoff", .count, "16", 1...32_768, "factor: the longest wait over the first, tripled by each failed probe"),
        LawParameter("usedAtLeast", .factor, "0.85", 1...1000, "factor of the limit: with less use a raise would teach nothing"),
        LawParameter("missingStep", .factor, "0.9", 100...999, "factor: one step down while the flow is not measured"),
        LawParameter("retryTicks", .count, "6", 1...60_000, "ticks between brakes once two did not help"),
    ] + PacingFilters.table(flapBudget: 12) + MissingPolicy.table

    let filters: PacingFilters
    let missingPolicy: MissingPolicy
    let settings: CeilingSettings
    let usedAtLeast, missingStep, retryTicks: Int64

    init(_ parameters: LawParameters) {
        filters = PacingFilters(parameters)
        missingPolicy = MissingPolicy(parameters)
        usedAtLeast = parameters["usedAtLeast"]
        missingStep = parameters["missingStep"]
        retryTicks = parameters["retryTicks"]
        var settings = CeilingSettings()
        settings.brake = parameters["brake"]
        settings.furtherBrake = parameters["furtherBrake"]
        settings.drain = parameters["drain"]
        settings.climb = parameters["climb"]
        settings.probe = parameters["probe"]
        settings.approach = parameters["approach"]
        settings.approachTicks = parameters["approachTicks"]
        settings.roughProbeTicks = parameters["roughProbeTicks"]
        settings.probeTicks = parameters["probeTicks"]
        settings.topProbeTicks = parameters["topProbeTicks"]
        settings.probeBackoff = parameters["probeBackoff"]
        self.settings = settings
    }

    func decide(_ memory: Memory, _ input: LoopInput) -> (Memory, LoopOutcome) {
        var step = PlateauStep(rule: self, memory: memory, input: input)
        let proposal = step.propose()
        let staged = filters.stage(proposal, step.memory.pacing, step.frame)
        let outcome = step.frame.conclude(
            staged, smoothed: step.memory.pacing.smoothed.delay, thresholds: step.thresholds, sufferedAt: step.sufferedAt)
        return (step.settled(outcome), outcome)
    }

    func turningPoints(_ memory: Memory, _ input: LoopInput) -> [Int32] {
        // Up to here two brakes helped enough to try another.
        let points = filters.turningPoints(memory.pacing, input)
        return memory.brakes >= 2 && memory.firstRaw > 0 ? points + [Int32(Int64(memory.firstRaw) * 7 / 10)] : points
    }
}
