public import ControlLaw
public import Events
public import Fleet
public import Quantities

/// What one loop on a link told since the last round.
public struct LoopReport: Sendable, Equatable {
    public var loop: LoopID
    /// Whether the cluster is heard (its newest tick is at most some ticks old) and has a critical flow on this link. One that
    /// has none is counted with its use and asked for nothing.
    public var watches: Bool
    /// Whether it is heard: a silent loop's flow may be suffering, so nothing is probed.
    public var isHeard: Bool
    /// The rows since the last round, oldest first; empty where none came.
    public var rows: [LoopDecision]
    /// The loop's newest row, whenever it came; nil before the first.
    public var newest: LoopDecision?

    public init(loop: LoopID, watches: Bool, isHeard: Bool, rows: [LoopDecision], newest: LoopDecision?) {
        self.loop = loop
        self.watches = watches
        self.isHeard = isHeard
        self.rows = rows
        self.newest = newest
    }
}

/// The evidence of all loops on one link for one round.
public struct LinkEvidence: Sendable, Equatable {
    public var loops: [LoopReport]
    /// What the allocation keeps on the link beside the loops' grants: reserves of critical flows, and clusters that are granted
    /// nothing now. The effective capacity includes it, as the configured one does.
    public var kept: BitRate

    public init(loops: [LoopReport], kept: BitRate) {
        self.loops = loops
        self.kept = kept
    }
}

/// What a directed link can carry without harming the critical flows on it, learned from the evidence of all loops that cross
/// it. The configured capacity at first, and never more.
///
/// - **Suffered**: a flow on the link suffers on fresh evidence. What all workloads carried then, and what is kept, is the mark;
///   the capacity falls to 0.95 of it, and further by the same rules as `plateau@1` (the same `CeilingMemory`) while fresh
///   evidence of suffering goes on. One event is one fall, however many loops felt it: a loop's first report within an episode
///   counts once for all; a second one counts where the loop has braked and measured afresh, or, for a loop that did not brake
///   because the traffic is not its own, after `patience` ticks, in which the others have received their lower grants.
/// - **Calm**: every loop is heard, measures afresh and does not suffer; some loop asks for more; the room is granted, applied
///   and used. Then the capacity climbs back to just below the ceiling, stays, and rarely probes past it. One capacity per link
///   means one probe at a time per link.
///
/// - **Overridden**: a person says what it carries. It is never more than configured; suffering lowers the belief below it, calm
///   raises it up to it and no further; and when it ends, what was learned before holds again, unless the flow suffered meanwhile.
///
/// A pure value: time is given, and equal rounds give equal capacities.
public struct LinkCapacity: Sendable, Equatable {
    /// What is worth an event: why the capacity moved, in the words of `CapacityEstimate.cause`.
    public struct Change: Sendable, Equatable {
        public var before: BitRate
        public var effective: BitRate
        public var cause: String
    }

    /// Ticks in which a fallen capacity reaches every cluster: a grant on the way, the settling, a window measured afresh.
    public static let patience: Int64 = 3
    /// So much of what is applied must be used before more of it can teach anything. Unit: thousandths.
    public static let usedAtLeast: Int64 = 850
    /// So much of the room must be applied. An idle workload is granted a quarter more than it uses and counts with its use, so
    /// not all of the room can be. Unit: thousandths.
    public static let appliedAtLeast: Int64 = 800
    /// A flow that suffers again while less than this part of the estimate is carried has disproved it. Unit: thousandths.
    public static let disprovedBelow: Int64 = 900
    /// A loop that has at least this much of its grant in force has followed it. Unit: thousandths.
    public static let followedAtLeast: Int64 = 970

    public let configured: BitRate
    public private(set) var effective: BitRate
    public private(set) var memory = CeilingMemory()
    private let tick: Nanoseconds
    private let settings: CeilingSettings
    private var loweredAt: MonotonicTime?
    private var changedAt: MonotonicTime?
    private var calmCountedAt: MonotonicTime?
    /// The loops that reported suffering since the last calm, each with its steering value when it first did.
    private var sufferers: [LoopID: Delay] = [:]
    /// Falls since the last calm.
    private var falls = 0
    /// Σ of the grants that the loops held when the capacity moved last: a raise has arrived where they hold more.
    private var grantedAtChange: BitRate = .zero
    /// What all carried in the last round that brought rows; nil before the first.
    private var carriedBefore: BitRate?
    /// A person's word, and what was believed before it; nil where none is in force.
    private var standing: Override?

    private struct Override: Equatable, Sendable {
        var capacity: BitRate
        var learned: BitRate
        var memory: CeilingMemory
        var hasSuffered = false
    }
    /// Why an estimate moved, where a person moved it.
    public static let overridden = "overridden"
    public static let overrideEnded = "override-ended"

    /// What evidence says that it carries, where a person's word stands over it; nil where none does.
    public var learnedUnderOverride: BitRate? { standing.map { $0.hasSuffered ? effective : $0.learned } }

    /// Whether a round that brings no rows changes nothing, however much time has passed: all that such a round can do is to end an
    /// episode of suffering.
    public var isAtRest: Bool { sufferers.isEmpty && falls == 0 }

    /// The most that it may be believed to carry.
    private var most: BitRate { standing?.capacity ?? configured }

    public init(configured: BitRate, tick: Nanoseconds, settings: CeilingSettings = CeilingSettings()) {
        self.configured = configured
        self.tick = tick
        self.settings = settings
        effective = configured
    }

    /// With the ceiling settings of the fleet's law, so that link and loops wait and probe alike. A law without a ceiling memory,
    /// or one that cannot be read (the shippers refuse it at their start), leaves the defaults.
    public init(configured: BitRate, tick: Nanoseconds, law: LawSpecification) {
        let known = try? Law(name: law.name, parameters: law.parameters)
        self.init(configured: configured, tick: tick, settings: known?.ceilingSettings ?? CeilingSettings())
    }

    /// A new leader goes on from the estimate that stands on the log. What it does not know, the failures of earlier probes and
    /// higher ceilings, it learns anew: the ceiling is taken to lie just above the estimate.
    public mutating func resume(from estimate: BitRate?) {
        guard let estimate, estimate < configured else { return }
        self = LinkCapacity(configured: configured, tick: tick, settings: settings)
        effective = estimate
        _ = memory.suffered(
            at: BitRate(bitsPerSecond: estimate.bitsPerSecond / settings.brake * 1000), under: nil, .first, by: settings)
    }

    /// Takes a person's word, or its end (nil). Asked each round: the same word again changes nothing.
    public mutating func obey(_ override: BitRate?, now: MonotonicTime) -> Change? {
        let capacity = override.map { min($0, configured) }
        guard capacity != standing?.capacity else { return nil }
        let before = effective
        let (learned, known) = (standing?.learned ?? effective, standing?.memory ?? memory)
        if let capacity {
            // Who says that it carries more vouches for it: the ceilings below are forgotten, until the flow suffers again.
            if capacity > effective { memory = CeilingMemory() }
            effective = capacity
            standing = Override(capacity: capacity, learned: learned, memory: known, hasSuffered: standing?.hasSuffered ?? false)
        } else {
            if standing?.hasSuffered == false { (effective, memory) = (learned, known) }
            standing = nil
        }
        guard effective != before else { return nil }
        changedAt = now
        if effective < before { loweredAt = now }
        return Change(before: before, effective: effective, cause: capacity == nil ? LinkCapacity.overrideEnded : LinkCapacity.overridden)
    }

    /// Folds one round. Returns what moved; nil where nothing did.
    public mutating func fold(_ evidence: LinkEvidence, now: MonotonicTime) -> Change? {
        let before = effective
        let cause = suffer(evidence, now) ?? rise(evidence, now)
        if evidence.loops.contains(where: { !$0.rows.isEmpty }) {
            carriedBefore = evidence.loops.map(carried).reduce(.zero, +)
        }
        guard let cause, effective != before else { return nil }
        changedAt = now
        grantedAtChange = granted(evidence)
        if effective < before { loweredAt = now }
        return Change(before: before, effective: effective, cause: cause)
    }

    // MARK: Suffering

    private mutating func suffer(_ evidence: LinkEvidence, _ now: MonotonicTime) -> String? {
        let suffering = evidence.loops.filter { newRows($0).contains { $0.outcome.sufferedAt != nil } }
        guard !suffering.isEmpty else { return nil }
        let isFirst = sufferers.isEmpty
        let carried = evidence.loops.map(carried).reduce(.zero, +)
        // What all carried lies so far below the estimate that the estimate is wrong, however soon that is told.
        let isDisproved = carried + evidence.kept < effective.scaled(thousandths: LinkCapacity.disprovedBelow)
        let counts = isFirst || suffering.contains { isFurtherEvidence($0, isDisproved: isDisproved, now) }
        let episode = episode(suffering)
        for report in suffering where sufferers[report.loop] == nil { sufferers[report.loop] = rawSuffered(report) }
        guard counts else { return nil }
        // A use that was rising towards a room it did not come near says too little of the link: see `plateau@1`.
        let isRising = carried > (carriedBefore ?? .zero).scaled(thousandths: 1_050)
            && carried + evidence.kept < effective.scaled(thousandths: 850)
        let fallen = memory.suffered(
            at: min(carried + evidence.kept, effective), under: effective, episode, isRough: isRising, by: settings)
        falls += 1
        standing?.hasSuffered = true
        // Nothing below what is kept can be shared out; and suffering raises nothing, however much is kept.
        effective = min(effective, max(fallen, evidence.kept))
        return "suffered"
    }

    /// Above the deadband and below the bound a loop lowers gently; only a brake says that the mark was wrong. And where all who
    /// suffer again suffer far less, it was right.
    private func episode(_ suffering: [LoopReport]) -> CeilingMemory.Episode {
        let isBraked = suffering.contains { newRows($0).contains { $0.outcome.sufferedAt != nil && $0.outcome.reason != .aboveTarget } }
        guard !sufferers.isEmpty, isBraked else { return .first }
        let isDraining = suffering.allSatisfy { report in
            guard let first = sufferers[report.loop], let raw = rawSuffered(report) else { return false }
            return CeilingMemory.Episode(falls: falls, firstRaw: first, raw: raw) == .draining
        }
        return isDraining ? .draining : .again
    }

    private func rawSuffered(_ report: LoopReport) -> Delay? { newRows(report).last { $0.outcome.sufferedAt != nil }?.input.raw }

    /// A backlog is history: what a loop suffered long before its newest row moves nothing now.
    private func newRows(_ report: LoopReport) -> ArraySlice<LoopDecision> { report.rows.suffix(Int(LinkCapacity.patience)) }

    /// A loop tells once a tick, but each report waits for the coordinator's next poll, so two may lie closer than a tick.
    private func isFurtherEvidence(_ report: LoopReport, isDisproved: Bool, _ now: MonotonicTime) -> Bool {
        guard let loweredAt else { return true }
        let age = now - loweredAt
        if age >= tick * LinkCapacity.patience { return true }
        let hasBraked = newRows(report).contains { row in
            row.outcome.sufferedAt != nil && row.outcome.action == .decrease && row.input.evidence.contains(.freshSinceDecrease)
        }
        return hasBraked && sufferers[report.loop] != nil && (isDisproved || age >= tick)
    }

    /// What a loop's workloads carried: the rate at which it suffered, else what it last used, else what it may use.
    private func carried(_ report: LoopReport) -> BitRate {
        if let suffered = newRows(report).last(where: { $0.outcome.sufferedAt != nil })?.outcome.sufferedAt { return suffered }
        let input = (report.rows.last ?? report.newest)?.input
        return input?.used ?? input?.applied ?? input?.grant ?? .zero
    }

    // MARK: Calm

    private mutating func rise(_ evidence: LinkEvidence, _ now: MonotonicTime) -> String? {
        let watching = evidence.loops.filter(\.watches)
        guard !watching.isEmpty, evidence.loops.allSatisfy(\.isHeard), watching.allSatisfy({ isCalm($0.newest) }) else { return nil }
        if let loweredAt, now - loweredAt < tick * 2 { return nil }
        sufferers = [:]
        falls = 0
        guard effective < most, watching.contains(where: { !$0.rows.isEmpty }) else { return nil }
        if let calmCountedAt, now - calmCountedAt < Nanoseconds(tick.count * 9 / 10) { return nil }
        if let changedAt, now - changedAt < tick * 2 { return nil }
        calmCountedAt = now
        let advice = memory.calm(
            limit: effective, isUsed: isUsed(evidence), isInForce: isInForce(evidence), by: settings)
        guard advice.rate > effective, evidence.loops.contains(where: { $0.newest?.outcome.requested != nil }) else { return nil }
        effective = min(advice.rate, most)
        return advice.step == .probe ? "probing" : "calm"
    }

    private func isCalm(_ row: LoopDecision?) -> Bool {
        guard let row, row.input.quality == .measured, let raw = row.input.raw else { return false }
        return row.outcome.sufferedAt == nil && raw <= row.outcome.upperThreshold && row.input.evidence.contains(.freshSinceChange)
            && row.input.evidence.contains(.baseProven)
    }

    /// Whether the room is applied and made use of.
    private func isUsed(_ evidence: LinkEvidence) -> Bool {
        let room = effective.minus(evidence.kept)
        let inputs = evidence.loops.compactMap { $0.newest?.input }
        let used = inputs.map { $0.used ?? .zero }.reduce(.zero, +)
        let applied = inputs.map { $0.applied ?? room }.reduce(.zero, +)
        return used >= applied.scaled(thousandths: LinkCapacity.usedAtLeast)
            && applied >= room.scaled(thousandths: LinkCapacity.appliedAtLeast)
    }

    /// Whether the last raise has arrived: the loops hold more than before it, and each that uses its limit has followed its grant.
    private func isInForce(_ evidence: LinkEvidence) -> Bool {
        guard granted(evidence) > grantedAtChange.scaled(thousandths: 1_002) else { return false }
        return evidence.loops.compactMap { $0.newest?.input }.allSatisfy { input in
            guard let grant = input.grant, let applied = input.applied else { return false }
            let isIdle = (input.used ?? .zero) < applied.scaled(thousandths: LinkCapacity.usedAtLeast)
            return isIdle || applied >= grant.scaled(thousandths: LinkCapacity.followedAtLeast)
        }
    }

    private func granted(_ evidence: LinkEvidence) -> BitRate {
        evidence.loops.compactMap { $0.newest?.input.grant }.reduce(.zero, +)
    }
}
