import ControlLaw
import Events
import Fleet
import Jitter
public import Quantities

/// One cluster's shipper: collect → decide → spool → brake → append. The synchronous heart; it opens nothing and waits for nothing.
///
/// The order within a tick is the promise: a decision is on disk before it is carried out, and carried out before its outcome is
/// told. A brake never waits for a full disk, nor for the log, nor for the coordinator.
public struct ShipperProcess: Sendable {
    let settings: ShipperSettings
    /// The live law first, then the shadows.
    let laws: [Law]
    var stream: StreamName
    let chain: HashChain
    let roster: Roster
    var meters: [FlowMeter]
    /// Under which the meters' base delays are kept.
    let baseKeys: [String]
    var workloads: [WorkloadTrack]
    var loops: [LoopTrack]
    var writer: LogWriter
    var grants = GrantHold()

    /// Where the next entry goes.
    var head: StreamHead
    var rosterSequence: Int64 = 0
    var tickNumber: Int64
    /// Where the newest tick's first row stands.
    var decidedAt: Int64?
    var lastTickAt: MonotonicTime?
    var isLeader = true
    var leaseTransitions: Int32 = 0
    /// Facts that wait for the next batch.
    var pendingFacts: [EventEnvelope]
    /// Entries whose sequence numbers are fixed, but which the spool has not confirmed. Bounded by `maximumUnspooled`.
    var unspooled: [SpoolBatch.Entry] = []
    var batchInFlight: (id: Int64, lastSequence: Int64, sentAt: MonotonicTime)?
    var nextBatch: Int64 = 1
    /// What the newest tick decided and the spool has not confirmed yet.
    var awaiting: AwaitedPatches?
    /// Why the spool was last set aside; whether a new one is being begun; and whether that failed: then each tick tries again.
    var setAsideReason = ""
    var isRenewing = false
    var renewalIsDue = false
    /// A hole that the log is told of as soon as the entry that mentions it is in the spool.
    var mention: (lost: LostRange, sequence: Int64)?
    /// One that could not be mentioned yet, for want of room.
    var unmentioned: LostRange?
    /// Patches sent and not settled, by workload: one at a time each.
    var inFlightPatches: [WorkloadID: WorkloadPatch] = [:]
    var heldRaises = HeldRaises()
    public internal(set) var status: ShipperStatus

    /// Ticks without confirmation after which a workload counts as not enforced.
    static let ticksToConfirm = 2

    public init(_ settings: ShipperSettings, from resumption: ShipperResumption) {
        self.settings = settings
        self.stream = resumption.stream
        self.chain = HashChain(settings.hash)
        let cluster = settings.cluster
        self.roster = Roster(settings)
        self.meters = cluster.flows.map { flow in
            let level = settings.serviceLevels.first { $0.name == flow.slaClass } ?? .robotControl
            return FlowMeter(
                flow: flow.id, target: level.target, base: BaseDelay(bytes: resumption.keyValues[StateKey.base(flow)] ?? []))
        }
        self.baseKeys = cluster.flows.map(StateKey.base)
        self.workloads = cluster.workloads.map { workload in
            let adoptable = resumption.keyValues[StateKey.adoptable(workload.id)].flatMap(StateKey.integer)
            return WorkloadTrack(workload, adoptable: adoptable.map { BitRate(bitsPerSecond: max(0, $0)) })
        }
        let laws = [settings.law] + settings.shadows
        self.laws = laws
        self.loops = cluster.loops.enumerated().map { index, loop in
            let keys = laws.map { StateKey.law(loop.link, $0.name) }
            let stored = keys.map { resumption.keyValues[$0] }
            return LoopTrack(
                link: loop.link, linkIndex: Int16(index), flows: cluster.flows.indices.filter { cluster.flows[$0].links.contains(loop.link) },
                workloads: cluster.workloads.indices.filter { cluster.workloads[$0].links.contains(loop.link) },
                states: zip(laws, stored).map { $1 ?? $0.initialState }, keys: keys, isResumed: stored[0] != nil)
        }
        self.head = resumption.head
        #if DEBUG
        if PlantedBug.sequenceReused.isPlanted, head.sequence > 0 { head.sequence -= 1 }
        #endif
        self.tickNumber = resumption.keyValues[StateKey.tickNumber].flatMap(StateKey.integer) ?? 0
        self.writer = LogWriter(
            stream: resumption.stream, spooled: resumption.head, acknowledged: resumption.acknowledged,
            highestEpochSeen: resumption.highestEpochSeen, seed: settings.seed)
        self.pendingFacts = []
        self.status = ShipperStatus(stream: resumption.stream)
        self.manner = resumption.head.sequence > 0 ? "resumed" : "fresh"
    }
    /// How this process came to its stream (`ProcessStart.manner`).
    var manner: String

    public mutating func step(_ input: ShipperInput, _ now: Now) -> [ShipperEffect] {
        defer { (status.backlog, status.logStanding) = (writer.backlog, writer.standing) }
        switch input {
        case .tick(let observation): return tick(observation, now)
        case .spooled(let batch, let dropped): return spooled(batch, dropped, now)
        case .spoolFailed(let batch, let problem, let isBeyondUse): return spoolFailed(batch, problem, isBeyondUse, now)
        case .spoolRead(let reading): return effects(of: writer.read(reading, now: now.monotonic), now)
        case .spoolRenewed(let resumption, let keptAs): return spoolRenewed(resumption, keptAs: keptAs, now)
        case .spoolRenewalFailed(let problem):
            (isRenewing, renewalIsDue) = (false, true)
            return [.note(ShipperNote(.error, "a new spool could not be begun; the loop goes on without the log", ["problem": problem]))]
        case .logAnswered(let answer): return logAnswered(answer, now)
        case .logUnreachable:
            writer.unreachable(now: now.monotonic)
            unmentioned = nil
            return wake()
        case .patchSettled(let report): return patchSettled(report, now)
        case .workloadArrived(let workload): return workloadArrived(workload, now)
        case .leadershipChanged(let isLeader, let transitions, let holder):
            guard isLeader != self.isLeader || transitions != leaseTransitions else { return [] }
            (self.isLeader, leaseTransitions) = (isLeader, transitions)
            record(.leadershipChanged(LeadershipChange(isLeader: isLeader, transitions: transitions, holder: holder)), now)
            return [.note(ShipperNote(.info, "leadership changed", ["leader": "\(isLeader)", "transitions": "\(transitions)"]))]
        case .woke:
            let raises = stillGranted(heldRaises.due(at: now.monotonic), at: now.monotonic)
            return releaseOverdueBrakes(now) + (mayAct ? patchNow(raises) : []) + effects(of: writer.proceed(now.monotonic), now)
        }
    }

    // MARK: - The tick

    private mutating func tick(_ observation: Observation, _ now: Now) -> [ShipperEffect] {
        var notes: [ShipperEffect] = []
        tickNumber += 1
        heldRaises.begin()
        if let version = grants.expired(at: now.monotonic) {
            record(.grantExpired(version), now)
            notes.append(.note(ShipperNote(.warning, "grant expired: brakes go on, raises stop", ["grant": "\(version)"])))
        }
        if renewalIsDue {
            renewalIsDue = false
            notes += renewSpool(setAsideReason)
        }
        declareRosterOnce(now)
        let uses = zip(workloads.indices, observation.workloads).map { workloads[$0].read($1) }
        adoptDesired()
        let measured = measure(observation.flows, now)
        let firstSequence = head.sequence + Int64(pendingFacts.count) + 1
        for index in loops.indices where loops[index].brake?.sequence == .max { loops[index].brake?.sequence = firstSequence }
        let rows = decide(measured, uses, firstSequence: firstSequence, now)
        lastTickAt = now.monotonic
        decidedAt = firstSequence
        notes += told(observation.problems)
        status.fold(rows, applied: workloads.map(\.applied), notes: observation.problems)
        return notes + spool(rows, patches: patchesDue(decidedAt: firstSequence), now)
    }

    /// One sample per flow. The window is what was sent since the last tick, less what was sent before the last change had taken
    /// effect and settled, as long as enough remains to be measured at all.
    private mutating func measure(_ observations: [FlowObservation], _ now: Now) -> [MeasuredFlow] {
        let windowStart = lastTickAt ?? (now.monotonic + settings.tick * -1)
        return zip(meters.indices, observations).map { index, observation in
            let window = EvidenceWindow(flow: index, loops: loops, windowStart: windowStart, now: now.monotonic)
            let reading = meters[index].read(observation, in: window)
            if let change = reading.change { baseMoved(change, of: index, now) }
            return MeasuredFlow(
                sample: reading.sample, freshness: window.freshness(of: reading), baseIsProven: reading.baseIsProven)
        }
    }

    private mutating func baseMoved(_ change: BaseChange, of flow: Int, _ now: Now) {
        record(.baseChanged(change), now)
        guard change.cause == "route-changed" else { return }
        // What was remembered of the old route's ceiling says nothing about the new one.
        for loop in loops.indices where loops[loop].flows.contains(flow) {
            loops[loop].states = zip(laws, loops[loop].states).map { $0.forgettingCeilings(state: $1) }
        }
    }

    /// After a start, and where the centre writes the raises, what stands there is what is desired.
    private mutating func adoptDesired() {
        for index in workloads.indices {
            guard workloads[index].appliedIsKnown else { continue }
            let applied = workloads[index].applied
            // Who may not act wishes for what stands: a replica that stood by must not begin with a wish of long ago.
            guard mayAct else {
                workloads[index].desired = applied
                continue
            }
            if workloads[index].desired == nil { workloads[index].desired = applied ?? adoptionRate(workloads[index]) }
            guard settings.cluster.delivery == .push, let applied, let desired = workloads[index].desired, workloads[index].pendingPatch == nil
            else { continue }
            // The centre lowers as well; only over a brake of ours it has raised nothing yet.
            let isBraked = loops.contains { $0.brake != nil && $0.workloads.contains(index) }
            if applied < desired || !isBraked { workloads[index].desired = applied }
        }
    }

    /// The rate that a workload without a limit of ours starts from, once Fairlead may act on it. One that had a limit, and has objects without
    /// one now, came to them while nobody looked: it goes on from no more than it had, for others were granted the rest.
    private func adoptionRate(_ track: WorkloadTrack) -> BitRate? {
        guard mayAct else { return nil }
        let workload = track.specification
        return settings.cluster.guardrails.clamp(min(max(min(workload.initial, track.adoptable ?? .maximum), workload.floor), workload.ceiling))
    }

    var mayAct: Bool { settings.cluster.mode == .enforce && isLeader }

    private mutating func decide(_ measured: [MeasuredFlow], _ uses: [WorkloadUse], firstSequence: Int64, _ now: Now) -> [Tick] {
        let living = grants.living(at: now.monotonic)
        var decisions: [LoopDecision] = []
        var wishes: [Int: BitRate] = [:]
        var inputs: [LoopInput] = []
        for index in loops.indices {
            releaseBrake(of: index, by: living)
            let input = loopInput(index, measured, uses, living, now)
            inputs.append(input)
            var live = LoopAction.hold
            for (lawIndex, law) in laws.enumerated() {
                let before = loops[index].states[lawIndex]
                let (after, outcome) = law.step(state: before, input: input)
                loops[index].states[lawIndex] = after
                let decision = LoopDecision(
                    link: loops[index].linkIndex, law: Int16(lawIndex), isShadow: lawIndex > 0, stateBefore: before, input: input,
                    outcome: outcome)
                if lawIndex == 0 { live = outcome.action }
                if lawIndex == 0 { carryOut(outcome, loop: index, sequence: firstSequence + Int64(decisions.count), uses, living, now, into: &wishes) }
                decisions.append(decision)
            }
            loops[index].decided(at: now.monotonic, used: input.used, hasLowered: live == .decrease, hasChanged: live != .hold)
        }
        for (workload, rate) in wishes { workloads[workload].desired = rate }
        if let living { followLoweredGrants(living) }
        raiseWishesIntoBounds()
        giveUpUnfoundedRaises(inputs, uses, wished: wishes, living)
        var decidedUses = uses
        for index in decidedUses.indices { decidedUses[index].desired = workloads[index].desired }
        return rows(decisions, samples: measured.map(\.sample), decidedUses, living, now)
    }

    /// One row for each decision, or one without: the first holds the samples.
    private func rows(_ decisions: [LoopDecision], samples: [FlowSample], _ uses: [WorkloadUse], _ living: Grant?, _ now: Now) -> [Tick] {
        (0..<max(1, decisions.count)).map { place in
            Tick(
                number: tickNumber, ordinal: Int16(place), at: now.wall, intervalMilliseconds: Int32(clamping: settings.tick.milliseconds),
                rosterSequence: rosterSequence, leaseTransitions: leaseTransitions, isLeader: isLeader, grant: living?.version,
                flows: place == 0 ? samples : [], workloads: place == 0 ? uses : [], decision: place < decisions.count ? decisions[place] : nil)
        }
    }

    /// Lowers what stands clearly above its own grant.
    ///
    /// The law speaks of a loop's total, in which an idle workload counts with its use: no total says that its limit came to stand
    /// above its grant. But the centre gives nobody the room between the two until it is reported lowered. What is less than a
    /// tenth is left: an idle workload's grant follows its use up and down.
    private mutating func followLoweredGrants(_ living: Grant) {
        guard mayAct else { return }
        // A pushed workload's wish follows what stands there; of one of which nothing runs nothing stands.
        for index in workloads.indices where settings.cluster.delivery == .pull || workloads[index].isAbsent {
            let specification = workloads[index].specification
            guard let desired = workloads[index].desired, let granted = living.rate(of: specification.id) else { continue }
            let allowed = max(granted, settings.cluster.guardrails.clamp(specification.floor))
            if allowed < desired.scaled(thousandths: ShipperProcess.followedBelow) { workloads[index].desired = allowed }
        }
    }
    /// A grant below this part of what is desired lowers it. Unit: thousandths.
    static let followedBelow: Int64 = 900

    private func loopInput(_ index: Int, _ measured: [MeasuredFlow], _ uses: [WorkloadUse], _ living: Grant?, _ now: Now) -> LoopInput {
        let loop = loops[index]
        let steering = SteeringFlow(of: loop.flows, measured, classes: settings.serviceLevels, flows: settings.cluster.flows)
        let isStandalone = settings.cluster.delivery == .standalone
        var sums = LoopSums(loop.workloads.map { member($0, uses, living) })
        if living == nil && !isStandalone { sums.ceiling = max(sums.floor, min(sums.ceiling, settings.cluster.autonomousCeiling)) }
        if let cap = loop.brake?.cap { sums.grant = sums.grant.map { min($0, cap) } }

        var evidence = steering.evidence
        let isOld = loop.outranLimit(used: sums.used, applied: sums.applied, at: now.monotonic)
        evidence.set(.freshSinceDecrease, steering.freshness.sinceDecrease && !isOld)
        evidence.set(.freshSinceChange, steering.freshness.sinceChange)
        #if DEBUG
        evidence.set(.freshSinceChange, PlantedBug.raiseOnStaleSample.isPlanted)
        #endif
        evidence.set(.confirmed, loop.workloads.allSatisfy { workloads[$0].isConfirmed && workloads[$0].pendingPatch == nil })
        evidence.set(.baseProven, loop.flows.allSatisfy { measured[$0].baseIsProven })
        evidence.set(.standalone, isStandalone)
        evidence.set(.notEnforced, loop.workloads.contains { workloads[$0].ticksUnconfirmed >= ShipperProcess.ticksToConfirm })
        evidence.set(.mayAct, mayAct)
        evidence.set(.resumed, loop.isResumed)
        return LoopInput(
            flow: steering.flow, quality: steering.quality, count: steering.sample?.count ?? 0, raw: steering.sample?.p95,
            ageMilliseconds: steering.sample?.ageMilliseconds, lossPartsPerMillion: steering.sample?.lossPartsPerMillion,
            target: steering.target, bound: steering.bound, elapsedMilliseconds: loop.elapsedMilliseconds(at: now.monotonic),
            used: sums.used, applied: sums.applied, floor: sums.floor, ceiling: sums.ceiling, grant: sums.grant, evidence: evidence)
    }

    func member(_ place: Int, _ uses: [WorkloadUse], _ living: Grant?) -> LoopSums.Member {
        let specification = workloads[place].specification
        let floor = settings.cluster.guardrails.clamp(specification.floor)
        return LoopSums.Member(
            used: uses[place].used, applied: workloads[place].applied, grant: living.map { $0.rate(of: specification.id) ?? .zero },
            floor: floor, ceiling: max(floor, settings.cluster.guardrails.clamp(specification.ceiling)),
            weight: specification.weightMillionths, idleWish: uses[place].idleWish, isAbsent: workloads[place].isAbsent)
    }

    /// Turns a loop's total into limits of its workloads. A workload on several links gets the lowest of what they leave it.
    private mutating func carryOut(
        _ outcome: LoopOutcome, loop index: Int, sequence: Int64, _ uses: [WorkloadUse], _ living: Grant?, _ now: Now,
        into wishes: inout [Int: BitRate]
    ) {
        guard mayAct, outcome.action != .hold, let total = outcome.desired else { return }
        let members = loops[index].workloads.map { member($0, uses, living) }
        let rates = LoopSums.divide(total, among: members, isDecrease: outcome.action == .decrease)
        for (place, rate) in zip(loops[index].workloads, rates) { wishes[place] = min(wishes[place] ?? rate, rate) }
        if outcome.isBrake { loops[index].brake = (total, sequence) }
        if outcome.action == .increase, outcome.reason == .probingCeiling {
            let half = now.monotonic + Nanoseconds(settings.tick.count / 2)
            for place in loops[index].workloads { heldRaises.expect(workloads[place].specification.id, at: half) }
        }
    }

    // MARK: - Patches

    private mutating func patchesDue(decidedAt sequence: Int64) -> [WorkloadPatch] {
        guard mayAct else { return [] }
        return workloads.compactMap { track in
            guard let desired = track.desired, track.appliedIsKnown, !track.isConfirmed, track.pendingPatch == nil else { return nil }
            // Where the centre delivers, the shipper writes brakes only.
            if settings.cluster.delivery == .push, let applied = track.applied, desired > applied { return nil }
            return WorkloadPatch(
                workload: track.specification.id, desired: desired, before: track.applied,
                decision: LogPosition(stream: stream, sequence: sequence), term: grants.highestTerm)
        }
    }

    mutating func patchNow(_ patches: [WorkloadPatch]) -> [ShipperEffect] {
        patches.compactMap { patch in
            guard let index = workloads.firstIndex(where: { $0.specification.id == patch.workload }), workloads[index].pendingPatch == nil
            else { return nil }
            workloads[index].patchBegan(patch.desired)
            // An idle one whose limit comes down to a little above its use sends what it sent: what was measured before is still evidence.
            let isDecrease = isBrake(patch) && !workloads[index].keepsRoom(under: patch.desired)
            for loop in loops.indices where loops[loop].workloads.contains(index) { loops[loop].changeBegan(isDecrease: isDecrease) }
            inFlightPatches[patch.workload] = patch
            return .patch(patch)
        }
    }

    private mutating func patchSettled(_ report: PatchReport, _ now: Now) -> [ShipperEffect] {
        guard let index = workloads.firstIndex(where: { $0.specification.id == report.workload }) else { return [] }
        workloads[index].pendingPatch = nil
        let patch = inFlightPatches.removeValue(forKey: report.workload)
        let mayStand = [.applied, .unknown].contains(report.result) || report.objectCount > 0
        if mayStand { workloads[index].mayStand(at: report.desired) }
        for loop in loops.indices where loops[loop].workloads.contains(index) {
            if mayStand { loops[loop].changeMayStand(at: now.monotonic) }
            guard loops[loop].workloads.allSatisfy({ workloads[$0].pendingPatch == nil }) else { continue }
            loops[loop].changeEnded(settle: settings.settle)
        }
        status.patches[report.result, default: 0] += 1
        let unenforced = settleArrivals(of: index, report.result, now)
        record(
            .patchSettled(
                PatchRecord(
                    cluster: settings.cluster.id, workload: report.workload, desired: report.desired, before: patch?.before,
                    result: report.result, decision: patch?.decision, term: patch?.term ?? 0, objectCount: report.objectCount,
                    detail: report.detail ?? unenforced.map { "new objects ran \($0.milliseconds) ms without a limit" })), now)
        // The outcome goes on the log at once rather than with the next tick: it is what the centre waits for.
        fixPendingFacts()
        return sendBatch(now) + patchArrivals(of: index)
    }

    // MARK: - The log

    private mutating func logAnswered(_ answer: LogAnswer, _ now: Now) -> [ShipperEffect] {
        var result: [ShipperEffect] = []
        continueFromColleague(answer)
        let (fenced, duplicates, movedBack) = (writer.timesFenced, writer.duplicates, writer.timesMovedBack)
        let (actions, fetched) = writer.answered(answer, now: now.monotonic)
        status.timesFenced += Int64(writer.timesFenced - fenced)
        status.duplicates += Int64(writer.duplicates - duplicates)
        status.timesMovedBack += Int64(writer.timesMovedBack - movedBack)
        if let fetched, grants.offer(fetched.0, sentAt: fetched.sentAt) { record(.grantReceived(fetched.0.version), now) }
        if let reason = writer.haltReason {
            result.append(.note(ShipperNote(.error, "the log refuses this spool; the loop goes on", ["reason": reason])))
        }
        return result + effects(of: actions, now) + wake()
    }

    /// A new replica takes over the law states where the cluster's last writer left them. The stream is opened with the first tick, so
    /// its own first decisions may have been made by then: as long as they changed nothing, they taught nothing.
    private mutating func continueFromColleague(_ answer: LogAnswer) {
        guard case .opened(_, _, let newest) = answer, let first = newest.first, first.position.stream != stream else { return }
        for row in newest {
            guard let decision = row.tick.decision, !decision.isShadow, let index = loops.firstIndex(where: { $0.linkIndex == decision.link }),
                loops[index].mayContinue
            else { continue }
            loops[index].resume(from: settings.law.step(state: decision.stateBefore, input: decision.input).state)
        }
    }

    mutating func effects(of actions: [LogWriter.Action], _ now: Now) -> [ShipperEffect] {
        var result: [ShipperEffect] = []
        for action in actions {
            // The next spool is another stream's: what is meant for this one must not be done to it, nor its answers come to the next writer.
            if isRenewing { break }
            switch action {
            case .send(let request): result.append(.send(request))
            case .read(let after): result.append(.readSpool(after: after))
            case .acknowledge(let last): result.append(.acknowledge(upTo: last))
            case .rememberEpoch(let epoch): result.append(.rememberEpoch(epoch))
            case .declare(let lost): result += mentionLoss(lost, now)
            case .setAside(let reason):
                status.conflicts += 1
                result.append(.note(ShipperNote(.error, "the log holds another history: the spool is set aside, a new stream begins", ["reason": reason])))
                result += renewSpool(reason)
            }
        }
        return result
    }

    /// A source or an enforcer that fails is told of once, and once more when none does. What each says may differ from tick to tick.
    private func told(_ problems: [String]) -> [ShipperEffect] {
        guard problems.isEmpty != status.problems.isEmpty else { return [] }
        guard let first = problems.first else { return [.note(ShipperNote(.info, "sources and enforcer answer again", [:]))] }
        return [.note(ShipperNote(.warning, "a source or the enforcer does not answer", ["problem": first, "problems": "\(problems.count)"]))]
    }

    func wake() -> [ShipperEffect] { writer.wakeAt.map { [.wake(at: $0)] } ?? [] }

    // MARK: - Facts and states

    /// Tells a fact with the next batch. At `maximumPendingFacts` the newest is not told: those before it keep their places.
    mutating func record(_ fact: Fact, _ now: Now) {
        guard pendingFacts.count < ShipperProcess.maximumPendingFacts else {
            status.factsNotTold += 1
            return
        }
        pendingFacts.append(EventEnvelope(fact, at: now.wall))
    }

    private mutating func declareRosterOnce(_ now: Now) {
        guard rosterSequence == 0 else { return }
        let start = ProcessStart(role: "shipper", version: settings.version, manner: manner)
        pendingFacts.insert(EventEnvelope(.processStarted(start), at: now.wall), at: 0)
        pendingFacts.append(EventEnvelope(.rosterDeclared(roster), at: now.wall))
        rosterSequence = head.sequence + Int64(pendingFacts.count)
    }
}
