public import Coordination
import Events
public import Fleet
public import Quantities

/// The centre's throttle: folds what every cluster tells, keeps what each link can carry, shares it, and grants the shares.
///
/// Everybody may fold; only the holder of the lease decides, and only while it trusts its own hold. What it decides exists once
/// it is on the log: there an older term is fenced, and from there `append` hands the grants out.
public struct CoordinatorProcess: Sendable {
    let fleet: FleetConfiguration
    private let hash: HashFunction
    private let seed: UInt64
    var lease: LeaseHold
    private var writer: CentralWriter?
    private var writerTerm: Int64?
    private var lastTerm: Int64?
    public internal(set) var state = FleetState()
    private let layout: FleetLayout
    /// In the configuration's order.
    private var capacities: [LinkCapacity]
    private var planner: AllocationPlanner
    private var ground: PlanGround?
    private var isReading = false
    /// Whether it is known where the folding begins.
    private var isPlaced = false
    /// Whether all that stood on the log when this term began has been folded: before that, nothing is decided.
    private var hasCaughtUp = false
    /// Nil unless the log moved back.
    private var grantsNothingUntil: MonotonicTime?
    private var nextVersion: Int64 = 1
    private var lastGrants: [ClusterID: Grant] = [:]
    private var lastIssuedAt: MonotonicTime?
    var claimedTerms: [ClusterID: Int64] = [:]
    private var claimsInFlight: Set<ClusterID> = []
    private var lastClaimsAt: MonotonicTime?
    var patchesInFlight: Set<String> = []
    /// What came of patches while this process could not write it down: told with its next decision. Each workload's newest.
    var untoldOutcomes: [Fact] = []
    public private(set) var plan: AllocationPlan?
    /// When all that stood on the log was last known to be folded; nil before the first time.
    public private(set) var lastReadAt: MonotonicTime?

    /// A grant is issued anew when a third of its life has passed, so that two may be lost on the way.
    private var refreshEvery: Nanoseconds { Nanoseconds(fleet.grantTimeToLive.count / 3) }

    public init(fleet: FleetConfiguration, hash: HashFunction, seed: UInt64) {
        self.fleet = fleet
        self.hash = hash
        self.seed = seed
        self.lease = LeaseHold(duration: fleet.lease.duration, renewEvery: fleet.lease.renewEvery)
        self.layout = FleetLayout(fleet)
        self.capacities = fleet.links.map { LinkCapacity(configured: $0.capacity, tick: fleet.tick, law: fleet.law) }
        self.planner = AllocationPlanner(layout)
    }

    /// The term in which this one leads now; nil where it does not.
    public func actingTerm(at now: MonotonicTime) -> Int64? { lease.actingTerm(at: now) }

    public mutating func step(_ input: CoordinatorInput, _ now: Now) -> [CoordinatorEffect] {
        switch input {
        case .tick: return askLease(now) + claims(now) + read() + advance(now)
        case .records(let records, let unreadable, let isComplete):
            isReading = false
            for record in records { state.fold(record, now: now.monotonic) }
            for position in unreadable { state.pass(over: position) }
            if isComplete {
                lastReadAt = now.monotonic
                caughtUp()
            }
            return (isComplete ? decide(now) : read()) + advance(now)
        case .placed(let place):
            (isReading, isPlaced) = (false, true)
            state.begin(at: place)
            return read()
        case .readFailed:
            isReading = false
            return []
        case .logMovedBack: return foldAnew(now)
        case .leaseAnswered(let answer): return leaseAnswered(answer, now)
        case .leaseUnanswered:
            lease.unanswered()
            return []
        case .logAnswered(let answer): return logAnswered(answer, now)
        case .logUnreachable:
            writer?.unreachable(now: now.monotonic)
            return wake()
        case .claimed(let cluster, let term):
            claimsInFlight.remove(cluster)
            claimedTerms[cluster] = term
            return []
        case .patchSettled(let patch, let result, let count, let detail): return patchSettled(patch, result, count, detail, now)
        case .woke: return advance(now)
        }
    }

    // MARK: - Leadership

    private mutating func askLease(_ now: Now) -> [CoordinatorEffect] {
        // A row that was put back may still name an older term of one's own, of which all versions were used.
        lease.shouldAsk(at: now.monotonic) ? [.askLease(highestTermSeen: max(state.highestTermSeen, lastTerm ?? 0))] : []
    }

    private mutating func leaseAnswered(_ answer: LeaseAnswer, _ now: Now) -> [CoordinatorEffect] {
        guard lease.answered(answer) else { return [] }
        guard let term = lease.term else {
            stopWriting()
            return [.note("leadership ended", [:])]
        }
        // What another wrote meanwhile must be folded before the first decision of this term.
        hasCaughtUp = false
        writer = CentralWriter(stream: .coordinator, term: term, hash: hash, seed: seed &+ UInt64(bitPattern: term))
        // One's own late request can fence one's own writer: the term is then taken up again, and its versions go on.
        if term != lastTerm { nextVersion = 1 }
        (writerTerm, lastTerm) = (term, term)
        lastGrants = [:]
        lastIssuedAt = nil
        claimedTerms = [:]
        claimsInFlight = []
        lastClaimsAt = nil
        return [.note("leadership began", ["term": "\(term)"])] + claims(now) + advance(now) + read()
    }

    /// Writes the term on the Pods of every pushed cluster where it does not stand yet: a claim that failed is made again, as often
    /// as the lease is renewed. Until it holds, nothing is raised there.
    private mutating func claims(_ now: Now) -> [CoordinatorEffect] {
        guard let term = lease.actingTerm(at: now.monotonic), let trustedUntil = lease.trustedUntil, term == writerTerm,
            lastClaimsAt.map({ now.monotonic - $0 >= fleet.lease.renewEvery }) ?? true
        else { return [] }
        let due = fleet.clusters.filter {
            $0.delivery == .push && $0.mode == .enforce && claimedTerms[$0.id] != term && !claimsInFlight.contains($0.id)
        }
        guard !due.isEmpty else { return [] }
        lastClaimsAt = now.monotonic
        claimsInFlight.formUnion(due.map(\.id))
        return due.map { .claim(PushClaim(cluster: $0.id, term: term, trustedUntil: trustedUntil)) }
    }

    /// All that stood on the log is folded: the links' last estimates are where this term goes on from.
    private mutating func caughtUp() {
        guard !hasCaughtUp else { return }
        hasCaughtUp = true
        let versions = state.grants.values.filter { $0.version.term == writerTerm }.map(\.version.version)
        nextVersion = max(nextVersion, (versions.max() ?? 0) + 1)
        for (index, link) in fleet.links.enumerated() {
            capacities[index].resume(from: state.learned[link.id])
            // What was suffered while another led was the other's to weigh.
            _ = state.takeEvidence(for: link.id)
        }
    }

    /// The database is one of an older day: what was folded of the days that it forgot is no longer on the log, and what is written there
    /// anew would lie behind the cursors. All is folded again before the next decision. And grants that it forgot may still be acted under:
    /// nothing is granted until the last of them has expired, and what was patched for it is reported.
    private mutating func foldAnew(_ now: Now) -> [CoordinatorEffect] {
        (isReading, isPlaced) = (false, false)
        hasCaughtUp = false
        grantsNothingUntil = now.monotonic + fleet.grantTimeToLive + fleet.tick * 2
        return [.note("the log moved back: the fleet is folded anew", [:])] + read()
    }

    private mutating func stopWriting() {
        writer = nil
        writerTerm = nil
        patchesInFlight = []
    }

    // MARK: - Fold and decide

    private mutating func read() -> [CoordinatorEffect] {
        guard !isReading else { return [] }
        isReading = true
        return [isPlaced ? .readLog(after: state.cursors) : .findPlace]
    }

    private mutating func decide(_ now: Now) -> [CoordinatorEffect] {
        guard let term = lease.actingTerm(at: now.monotonic), term == writerTerm, hasCaughtUp, let writer, writer.head != nil,
            writer.isIdle
        else { return [] }
        var view: FleetView?
        var facts = untoldOutcomes + estimateCapacities(&view, now)
        untoldOutcomes = []
        guard grantsNothingUntil.map({ now.monotonic >= $0 }) ?? true else { return publish(facts, now) }
        let isNew = planAnew(&view, now)
        if let plan, ground?.isForNobody == false, isNew || isRefreshDue(now) { facts += grant(plan, term: term, now) }
        return publish(facts, now)
    }

    /// What the newest plan rests on. While all of it stands another plan would be the same, and so would its grants.
    private struct PlanGround {
        var revision: Int64
        var effective: [BitRate]
        /// Until then no cluster grows too old to be granted anything.
        var holdsUntil: MonotonicTime
        /// Nobody could be granted anything.
        var isForNobody = false
    }

    /// Plans where something moved on which the newest plan rests. Returns whether it did.
    private mutating func planAnew(_ known: inout FleetView?, _ now: Now) -> Bool {
        let effective = capacities.map(\.effective)
        if let ground, ground.revision == state.revision, now.monotonic <= ground.holdsUntil, ground.effective == effective { return false }
        let view = lookUp(&known, now)
        ground = PlanGround(revision: state.revision, effective: effective, holdsUntil: view.holdsUntil)
        if let found = planner.plan(view, state, effective: effective) { plan = found } else { ground?.isForNobody = true }
        return true
    }

    /// Takes persons' words on each link, and folds the evidence of all loops on it into what it carries.
    private mutating func estimateCapacities(_ known: inout FleetView?, _ now: Now) -> [Fact] {
        var facts: [Fact] = []
        for (index, link) in fleet.links.enumerated() {
            let override = state.override(of: link.id)
            if let change = capacities[index].obey(override?.override.capacity, now: now.monotonic) {
                facts.append(estimate(change, of: link.id, evidence: override?.position))
            }
            let rows = state.takeEvidence(for: link.id)
            if rows.isEmpty && capacities[index].isAtRest { continue }
            let evidence = lookUp(&known, now).evidence(on: index, rows: rows)
            guard let change = capacities[index].fold(evidence, now: now.monotonic) else { continue }
            // In order of cluster: a dictionary's own order is another in every process.
            let told = rows.sorted { $0.key < $1.key }
            let witness = told.first { $0.value.contains { $0.outcome.sufferedAt != nil } } ?? told.first
            facts.append(estimate(change, of: link.id, evidence: witness.flatMap { state.clusters[$0.key]?.newest?.position }))
        }
        return facts
    }

    /// What is folded, looked up once a round: nothing is folded while it decides.
    private func lookUp(_ known: inout FleetView?, _ now: Now) -> FleetView {
        let view = known ?? FleetView(layout, state, now: now.monotonic)
        known = view
        return view
    }

    private func estimate(_ change: LinkCapacity.Change, of link: LinkID, evidence: LogPosition?) -> Fact {
        .capacityEstimated(
            CapacityEstimate(link: link, effective: change.effective, before: change.before, cause: change.cause, evidence: evidence))
    }

    private func isRefreshDue(_ now: Now) -> Bool { lastIssuedAt.map { now.monotonic - $0 >= refreshEvery } ?? true }

    /// New grants where a rate moved, and all of them anew in time before they expire.
    private mutating func grant(_ plan: AllocationPlan, term: Int64, _ now: Now) -> [Fact] {
        let isDue = isRefreshDue(now)
        let issued = isDue ? plan.grants : plan.grants.filter { lastGrants[$0.cluster]?.rates != $0.rates || needsRelease($0.cluster) }
        guard !issued.isEmpty else { return [] }
        let version = GrantVersion(term: term, version: nextVersion)
        nextVersion += 1
        if isDue { lastIssuedAt = now.monotonic }
        let grants = issued.map { cluster, rates in
            Grant(
                cluster: cluster, version: version, timeToLive: fleet.grantTimeToLive, rates: rates,
                foldedThrough: state.clusters[cluster]?.newest?.position)
        }
        for grant in grants { lastGrants[grant.cluster] = grant }
        let record = AllocationRecord(
            version: version, isFeasible: plan.isFeasible,
            links: zip(plan.links, capacities).map {
                var link = $0
                link.learned = $1.learnedUnderOverride
                return link
            },
            shares: plan.rows.map {
                AllocationRecord.Share(
                    cluster: $0.cluster, workload: $0.workload, share: $0.share, granted: $0.granted, binding: $0.binding, next: $0.next)
            },
            kept: plan.kept, certificate: plan.certificate, foldedThrough: plan.grants.compactMap { state.clusters[$0.cluster]?.newest?.position })
        return [.allocationDecided(record)] + grants.map(Fact.grantIssued)
    }

    /// A cluster whose newest rows braked holds that brake until a grant says that it was taken in.
    private func needsRelease(_ cluster: ClusterID) -> Bool {
        guard let view = state.clusters[cluster], let newest = view.newest?.position else { return false }
        let told = lastGrants[cluster]?.foldedThrough
        return view.isBraking && (told?.stream != newest.stream || (told?.sequence ?? 0) < newest.sequence)
    }

    mutating func publish(_ facts: [Fact], _ now: Now) -> [CoordinatorEffect] {
        guard !facts.isEmpty, writer?.isFull == false else { return [] }
        writer?.add(facts.map { LogEntry(EventEnvelope($0, at: now.wall)) })
        return advance(now)
    }

    // MARK: - The log

    private mutating func advance(_ now: Now) -> [CoordinatorEffect] {
        // A leader that no longer trusts itself sends nothing, whatever it has decided.
        guard let term = lease.actingTerm(at: now.monotonic), term == writerTerm else { return [] }
        return (writer?.proceed(now.monotonic)).map { [.send($0)] } ?? wake()
    }

    private func wake() -> [CoordinatorEffect] { (writer?.wakeAt).map { [.wake(at: $0)] } ?? [] }

    private mutating func logAnswered(_ answer: LogAnswer, _ now: Now) -> [CoordinatorEffect] {
        let settled = writer?.answered(answer, now: now.monotonic)
        if let reason = writer?.haltReason {
            stopWriting()
            lease.deposed()
            return [.note("leadership ended by the log", ["reason": reason])]
        }
        return (settled.map { push($0.stored, first: $0.first, now) } ?? []) + advance(now) + wake()
    }
}
