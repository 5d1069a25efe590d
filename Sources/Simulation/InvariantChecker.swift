import Alerter
import Coordination
import Coordinator
public import Events
import Fleet
import Quantities
import Shipper

/// Holds the invariants from outside: it sees inputs and effects, disks, the log and what stands on the Pods, never a process's state.
/// The first breach ends the run.
public struct InvariantChecker: Sendable {
    public private(set) var breach: Breach? { didSet { isBroken = breach != nil } }
    /// Asked at every step.
    private(set) var isBroken = false
    /// What happened so far, for the batch to count.
    public private(set) var faultsSeen: [FaultKind: Int] = [:]
    public internal(set) var reasonsSeen: [DecisionReason: Int] = [:]
    /// By cluster, what its newest row says of its workloads.
    private(set) var uses: [Int: [WorkloadUse]] = [:]
    private(set) var ticksSeen: Int64 = 0
    var log: LogInvariants
    var trust: TrustInvariants
    var rates: RateInvariants
    var shares: ShareInvariants
    /// By cluster, the newest batch that was read.
    private(set) var batchesRead: [Int: ReadBatch] = [:]
    struct ReadBatch: Sendable {
        let batch: Shipper.SpoolBatch
        /// Nil for one that cannot be read.
        let entries: [DecodedEntry?]

        /// By its digest in the chain.
        func entry(_ digest: Digest) -> DecodedEntry? {
            batch.entries.firstIndex { $0.digest == digest }.flatMap { entries[$0] }
        }
    }
    var alerts: AlertInvariants
    private var hearing = Hearing()
    private let beganAt: MonotonicTime
    private var step: Int64 = 0
    private(set) var now: MonotonicTime

    init(_ settings: FleetSimulation.Settings, at now: MonotonicTime) {
        beganAt = now
        self.now = now
        log = LogInvariants(settings.hash, readers: settings.coordinators)
        trust = TrustInvariants(settings.fleet, coordinators: settings.coordinators)
        rates = RateInvariants(settings.fleet, at: now)
        shares = ShareInvariants(settings.fleet)
        alerts = AlertInvariants(settings.fleet, alerters: settings.alerters)
    }

    mutating func begin(step: Int64, at now: MonotonicTime) {
        self.step = step
        self.now = now
    }
    mutating func struck(by fault: Fault) { faultsSeen[fault.kind, default: 0] += 1 }

    /// Keeps the first breach, with the place where it was seen.
    mutating func note(_ found: (Invariant, String)?) {
        guard let (invariant, detail) = found, !isBroken else { return }
        breach = Breach(invariant: invariant, detail: detail, step: step, at: now - beganAt)
    }

    // MARK: - Shippers

    mutating func shipper(_ cluster: ClusterSpecification, _ index: Int, took input: ShipperInput, answered effects: [ShipperEffect]) {
        if case .tick(let observation) = input { note(rates.ticked(cluster, index, observation, now)) }
        if case .patchSettled(let report) = input { rates.settled(index, report, now) }
        for case .spool(let batch) in effects { wished(batch, index) }
        for case .patch(let patch) in effects {
            if let decision = patch.decision, log.durableCount(of: decision.stream) < decision.sequence {
                note((.durable, "\(cluster.id) carries out \(decision), which is on no disk yet"))
            }
            note(rates.patched(cluster, index, patch, now))
        }
    }

    private mutating func wished(_ batch: Shipper.SpoolBatch, _ index: Int) {
        let entries = read(batch, index)
        // A batch that failed comes again, with what was made since behind it.
        for case .tick(let tick)? in entries.reversed() where tick.ordinal == 0 { return rates.wished(index, tick) }
    }

    /// The entries of a batch, nil for one that cannot be read. A batch is seen when it is made and when the disk has it.
    private mutating func read(_ batch: Shipper.SpoolBatch, _ index: Int) -> [DecodedEntry?] {
        if let known = batchesRead[index], known.batch == batch { return known.entries }
        let entries = batch.entries.map { try? $0.entry.decoded() }
        batchesRead[index] = ReadBatch(batch: batch, entries: entries)
        return entries
    }

    mutating func shipper(_ index: Int, heard answer: LogAnswer, askedAt: MonotonicTime) {
        rates.heard(index, answer, askedAt: askedAt)
    }

    mutating func spooled(_ batch: Shipper.SpoolBatch, in spool: SimulatedSpool, _ index: Int) {
        note(log.spooled(batch, in: spool.stream))
        guard !isBroken else { return }
        for (entry, decoded) in zip(batch.entries, read(batch, index)) {
            switch decoded {
            case .tick(let tick)?: decided(tick, at: LogPosition(stream: spool.stream, sequence: entry.sequence), index)
            case .event(let envelope)? where envelope.kind == "entries_lost":
                if case .entriesLost(let lost)? = try? envelope.fact() { log.mentioned(lost, in: spool.stream) }
            case .event?: break
            case nil: note((.chained, "\(spool.stream)/\(entry.sequence) cannot be read"))
            }
        }
    }

    private mutating func decided(_ tick: Tick, at position: LogPosition, _ index: Int) {
        if tick.ordinal == 0 {
            uses[index] = tick.workloads
            ticksSeen += 1
        }
        if let decision = tick.decision, !decision.isShadow { reasonsSeen[decision.outcome.reason, default: 0] += 1 }
        note(trust.acted(under: tick.grant, cluster: index))
        rates.decided(index, tick, at: position)
    }

    mutating func acknowledged(_ stream: StreamName, upTo sequence: Int64, _ index: Int) { note(log.acknowledged(stream, upTo: sequence, at: now)) }
    mutating func setAside(_ stream: StreamName, _ index: Int) {
        log.setAside(stream)
        rates.setAside(stream, index)
    }
    mutating func died(cluster index: Int) {
        trust.died(cluster: index)
        rates.died(index)
    }

    // MARK: - The centre

    mutating func coordinator(_ index: Int, took input: CoordinatorInput, answered effects: [CoordinatorEffect]) {
        switch input {
        case .records(let records, _, _):
            note(log.read(records, by: index))
            hearing.delivered(records, to: index, now)
        case .logMovedBack:
            log.readsAnew(index, at: now)
            hearing.readsAnew(index)
        case .leaseAnswered(let answer): trust.answered(answer, to: index)
        default: break
        }
        for effect in effects {
            if case .askLease = effect { trust.asked(index, now) }
            if effect.isDeed { note(trust.deed(of: index, now)) }
            if case .send(.append(let append)) = effect { note(shares.sends(append, from: index, hearing, now)) }
            if case .patch(let patch) = effect { note(rates.pushed(patch, by: index, now)) }
        }
    }
    mutating func placed(_ place: FleetPlace, reader: Int) { log.placed(place.cursors, reader: reader) }
    mutating func died(coordinator index: Int) {
        log.readsAnew(index, at: now)
        trust.died(coordinator: index)
    }
    /// What its predecessor sent to an API server may still be carried out, by what that one had heard; from here on this one's counts.
    mutating func started(coordinator index: Int) { hearing.readsAnew(index) }

    mutating func log(_ machine: LogMachine, took request: LogRequest, answered answer: LogAnswer) {
        note(log.judge(machine, request, answer))
    }
    /// What an append has put on the log.
    mutating func log(stored records: [LogRecord], _ sites: [SimulatedSite]) {
        note(shares.decided(records, sites, now))
        alerts.stored(records, now)
    }
    mutating func restored(_ machine: LogMachine, _ kept: [StreamName: LogInvariants.Kept], alerts changes: [AlertChange], from outbox: SimulatedOutbox) {
        log.restored(machine, kept, at: now)
        shares.restored()
        alerts.restored(changes, from: outbox, now)
    }

    // MARK: - The alerters

    mutating func alerter(_ index: Int, took input: AlerterInput, answered effects: [AlerterEffect]) {
        note(alerts.alerter(index, took: input, answered: effects, now))
    }
    mutating func told(_ delivery: AlertDelivery, outbox: SimulatedOutbox) { note(alerts.told(delivery, outbox: outbox, now)) }
    mutating func look(isWatched: Bool) { note(alerts.look(isWatched: isWatched, now)) }
    mutating func died(alerter index: Int) { alerts.died(alerter: index) }

    // MARK: - The Pods

    mutating func written(
        _ order: PatchOrder, _ writes: [SimulatedPods.Write], before: BitRate?, workload: Int, _ sites: [SimulatedSite], _ index: Int
    ) {
        guard let before, let after = sites[index].pods.limit(of: workload) else { return }
        if case .coordinator(_, _, let patch) = order.by, after < before { rates.lowered(patch.workload, cluster: index, now) }
        guard after > before, !before.carriesOut(after, over: sites[index].pods.workloads[workload].count) else { return }
        if case .coordinator(let centre, _, let patch) = order.by {
            note(rates.raised(patch, over: writes, by: centre, cluster: index, readsThrough: log.cursors(of: centre, at: now), hearing, now))
        }
        note(shares.raised(workload, in: index, from: before, to: after, sites, now))
    }
}
