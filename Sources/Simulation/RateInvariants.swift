import ControlLaw
import Coordinator
import Events
import Fleet
import Jitter
import Quantities
import Shipper

/// I12, I13 and I15: what a process may write, and what it must, judged by what it was given to know.
struct RateInvariants: Sendable {
    /// A grant as the network gave it.
    private struct Held: Sendable {
        var grant: Grant
        var livesUntil: MonotonicTime
    }
    /// A local brake: what the loop's limits came to, and the row that tells of it.
    private struct Brake: Sendable {
        var position: LogPosition
        var cap: BitRate
    }
    /// What one tick gave of a loop's flows, from the sources that measure windows for us.
    private struct Evidence: Sendable {
        var isMeasured = true
        var isWithinTarget = true
        var isWithinBound = true
        /// The last change of one of the loop's limits had settled before the window began.
        var isFresh = true
        /// Suffering that nothing excuses: a brake is due.
        var suffers = false
    }
    private struct Loop: Sendable {
        var link: LinkID
        var evidence: Evidence?
        /// When the last change of one of its limits was acknowledged.
        var changedAt: MonotonicTime?
        var brake: Brake?
        var brakesSinceCalm = 0
        /// The tick whose sample asks for a brake that has not come.
        var brakeDueSince: MonotonicTime?
    }
    private struct Site: Sendable {
        var held: Held?
        var loops: [Loop]
        var inFlight: Set<WorkloadID> = []
        var tickedAt: MonotonicTime?
        /// What its rows wish for each workload, and whether the first of them that did was made on a fresh window.
        var wishes: [Int: (rate: BitRate?, isFresh: Bool)] = [:]
        private var counted: [Int: (bytes: UInt64, at: MonotonicTime)] = [:]
        /// By workload, ticks in a row in which it used less than 85 % of its limit.
        private var ticksBelow: [Int: Int] = [:]
        /// As last read: one that cannot be read has not gone.
        private var limits: [Int: BitRate] = [:]

        init(loops: [Loop]) { self.loops = loops }

        func isIdle(_ workload: Int) -> Bool { ticksBelow[workload, default: 0] >= 5 }
        mutating func count(_ workload: Int, uses use: BitRate?, of limit: WorkloadReading.Limit) {
            switch limit {
            case .limited(let rate): limits[workload] = rate
            case .unlimited, .absent: limits[workload] = nil
            case .unknown: break
            }
            let isBelow = use.flatMap { use in limits[workload].map { use < $0.scaled(thousandths: 850) } } ?? false
            ticksBelow[workload] = isBelow ? ticksBelow[workload, default: 0] + 1 : 0
        }

        /// What a workload sent since its counter was last read; nil where that is not known.
        mutating func use(of workload: Int, by counter: WorkloadReading.Counter) -> BitRate? {
            guard case .bytes(let bytes, let at) = counter else { return nil }
            defer { counted[workload] = (bytes, at) }
            guard let last = counted[workload], bytes >= last.bytes, at > last.at else { return nil }
            return BitRate(bitsPerSecond: Int64(Int128(bytes - last.bytes) * 8_000_000_000 / Int128((at - last.at).count)))
        }
    }
    private let fleet: FleetConfiguration
    private var sites: [Site]
    /// Whether the law raises on a raw sample within the target alone.
    private let raisesWithinTarget: Bool
    /// A loop's total is never lowered further by the law's own clamp (its parameter `minimum`).
    private let lowestByLaw: BitRate

    init(_ fleet: FleetConfiguration, at now: MonotonicTime) {
        self.fleet = fleet
        sites = fleet.clusters.map { cluster in Site(loops: cluster.loops.map { Loop(link: $0.link) }) }
        raisesWithinTarget = ["plateau@1", "predictive@1"].contains(fleet.law.name)
        lowestByLaw = raisesWithinTarget ? .zero : .megabits(10)
    }

    // MARK: - What a process came to know

    mutating func heard(_ index: Int, _ answer: LogAnswer, askedAt: MonotonicTime) {
        let fetched: Grant? =
            switch answer {
            case .opened(_, let grant, _), .stored(_, let grant), .duplicate(_, let grant): grant
            default: nil
            }
        guard let fetched else { return }
        if let held = sites[index].held, fetched.version <= held.grant.version { return }
        sites[index].held = Held(grant: fetched, livesUntil: askedAt + fetched.timeToLive)
        guard let folded = fetched.foldedThrough else { return }
        for loop in sites[index].loops.indices {
            guard let brake = sites[index].loops[loop].brake?.position, brake.stream == folded.stream, brake.sequence <= folded.sequence else { continue }
            sites[index].loops[loop].brake = nil
        }
    }

    mutating func died(_ index: Int) {
        sites[index].held = nil
        sites[index].inFlight = []
        sites[index].tickedAt = nil
        for loop in sites[index].loops.indices {
            sites[index].loops[loop].brake = nil
            sites[index].loops[loop].brakeDueSince = nil
            sites[index].loops[loop].changedAt = nil
        }
    }
    /// A brake that a spool told of which is written no more ends with the new stream's.
    mutating func setAside(_ stream: StreamName, _ index: Int) {
        for loop in sites[index].loops.indices where sites[index].loops[loop].brake?.position.stream == stream {
            sites[index].loops[loop].brake = nil
        }
    }

    // MARK: - I15: what a tick gave

    mutating func ticked(_ cluster: ClusterSpecification, _ index: Int, _ observation: Observation, _ now: MonotonicTime) -> (Invariant, String)? {
        let start = sites[index].tickedAt ?? now + fleet.tick * -1
        sites[index].tickedAt = now
        let uses = observation.workloads.indices.map { sites[index].use(of: $0, by: observation.workloads[$0].counter) }
        for (workload, use) in uses.enumerated() { sites[index].count(workload, uses: use, of: observation.workloads[workload].limit) }
        var found: (Invariant, String)?
        for place in sites[index].loops.indices {
            let loop = sites[index].loops[place]
            if let since = loop.brakeDueSince, found == nil {
                found = (.braked, "\(cluster.id) on \(loop.link) suffers since \((now - since).milliseconds + fleet.tick.milliseconds) ms, and nothing was lowered")
            }
            var evidence = RateInvariants.evidence(of: cluster, loop.link, observation, fleet)
            evidence.isFresh = loop.changedAt.map { isFresh(observation, of: cluster, loop.link, after: $0 + fleet.settle, start) } ?? true
            if evidence.isMeasured && evidence.isWithinTarget && evidence.isFresh { sites[index].loops[place].brakesSinceCalm = 0 }
            evidence.suffers = evidence.suffers && mustBrake(cluster, index, loop, observation, uses, start)
            sites[index].loops[place].evidence = evidence
            sites[index].loops[place].brakeDueSince = evidence.suffers ? now : nil
        }
        return found
    }

    /// Whether all of the window came after `instant`; where packets are measured one by one, whether enough of them did.
    private func isFresh(
        _ observation: Observation, of cluster: ClusterSpecification, _ link: LinkID, after instant: MonotonicTime, _ start: MonotonicTime
    ) -> Bool {
        if instant <= start { return true }
        return zip(cluster.flows, observation.flows).allSatisfy { flow, given in
            guard flow.links.contains(link) else { return true }
            guard case .probes(let records) = given else { return false }
            return records.count { $0.sentAt >= instant && $0.believedRoundTrip != nil } >= FlowSample.fullCount
        }
    }

    /// Whether nothing excuses that a loop which suffers is not lowered: it may act, its own limits are in the way, they have been in force
    /// for the whole window, and two brakes have not failed to help already.
    private func mustBrake(_ cluster: ClusterSpecification, _ index: Int, _ loop: Loop, _ observation: Observation, _ uses: [BitRate?], _ start: MonotonicTime) -> Bool {
        guard cluster.mode == .enforce, loop.brakesSinceCalm < 2 else { return false }
        // Nor does a loop wait for its own limits alone: what a flow tells is of all the loops whose links it crosses.
        let related = Set(cluster.flows.filter { $0.links.contains(loop.link) }.flatMap(\.links))
        let changes = sites[index].loops.filter { related.contains($0.link) }.compactMap(\.changedAt)
        guard changes.allSatisfy({ $0 + fleet.settle <= start }) else { return false }
        let members = cluster.workloads.indices.filter { cluster.workloads[$0].links.contains(loop.link) }
        guard members.allSatisfy({ !sites[index].inFlight.contains(cluster.workloads[$0].id) }) else { return false }
        var (used, floors) = (BitRate.zero, BitRate.zero)
        for member in members {
            // Without a limit, or with one that cannot be read, other rules hold; and so where nothing counts the use.
            guard case .limited(let limit) = observation.workloads[member].limit, let use = uses[member] else { return false }
            used = used + min(use, limit)
            let floor = cluster.guardrails.clamp(cluster.workloads[member].floor)
            // An idle one counts with its use: it is not what fills the link, and is let alone (`LoopSums`).
            floors = floors + (sites[index].isIdle(member) ? max(floor, use) : floor)
        }
        return used > max(floors, lowestByLaw).scaled(thousandths: 1_300)
    }

    private static func evidence(
        of cluster: ClusterSpecification, _ link: LinkID, _ observation: Observation, _ fleet: FleetConfiguration
    ) -> Evidence {
        var evidence = Evidence()
        for (flow, given) in zip(cluster.flows, observation.flows) where flow.links.contains(link) {
            guard let level = fleet.slaClass(named: flow.slaClass) else { continue }
            switch given {
            case .external(.reading(let reading), _):
                let isFresh = reading.age.map { $0 <= fleet.tick } ?? false
                guard isFresh, (reading.count ?? FlowSample.fullCount) >= FlowSample.fullCount else {
                    evidence.isMeasured = false
                    continue
                }
                let p95 = Delay(rounding: reading.p95)
                evidence.isWithinTarget = evidence.isWithinTarget && p95 <= level.target
                evidence.isWithinBound = evidence.isWithinBound && p95 <= level.bound
                evidence.suffers = evidence.suffers || p95 > level.bound
            case .external: evidence.isMeasured = false
            case .probes(let records):
                evidence.isMeasured = evidence.isMeasured && records.count { $0.believedRoundTrip != nil } >= FlowSample.fullCount
            }
        }
        return evidence
    }

    // MARK: - What a shipper patches

    mutating func settled(_ index: Int, _ report: PatchReport, _ now: MonotonicTime) {
        sites[index].inFlight.remove(report.workload)
        // Nobody knows what an unanswered one did; one that lost a race may have written a part of the objects.
        guard report.result == .applied || report.result == .unknown || report.objectCount > 0 else { return }
        for loop in loops(of: report.workload, in: index) { sites[index].loops[loop].changedAt = now }
    }

    /// Rows on their way to the disk: when a wish was made counts, for a patch may be refused and tried again.
    mutating func wished(_ index: Int, _ tick: Tick) {
        for (place, use) in tick.workloads.enumerated() where place < fleet.clusters[index].workloads.count {
            if let known = sites[index].wishes[place], known.rate == use.desired { continue }
            // A lower wish needs no evidence; carried out again, where a limit was lost with its Pod, it raises over nothing.
            let isLower = use.desired.flatMap { desired in sites[index].wishes[place]?.rate.map { desired < $0 } } ?? false
            let isFresh =
                isLower
                || loops(of: fleet.clusters[index].workloads[place].id, in: index).allSatisfy { sites[index].loops[$0].evidence?.isFresh ?? false }
            sites[index].wishes[place] = (use.desired, isFresh)
        }
    }

    /// Rows on the disk that tell of brakes.
    mutating func decided(_ index: Int, _ tick: Tick, at position: LogPosition) {
        guard let decision = tick.decision, !decision.isShadow, decision.outcome.isBrake,
            sites[index].loops.indices.contains(Int(decision.link)), let cap = decision.outcome.desired
        else { return }
        sites[index].loops[Int(decision.link)].brake = Brake(position: position, cap: cap)
        // Carried out or overtaken by the centre: one that was neither is due already at the next tick.
        sites[index].loops[Int(decision.link)].brakesSinceCalm += 1
    }

    mutating func patched(_ cluster: ClusterSpecification, _ index: Int, _ patch: WorkloadPatch, _ now: MonotonicTime) -> (Invariant, String)? {
        guard let specification = cluster.workload(patch.workload) else { return (.bounded, "\(patch.workload) is nobody's") }
        defer { sites[index].inFlight.insert(patch.workload) }
        let name = "\(cluster.id)/\(patch.workload)"
        if let breach = bounded(patch.desired, cluster, name) { return breach }
        let isRaise = patch.before.map { patch.desired > $0 } ?? false
        guard isRaise, let before = patch.before else {
            for loop in loops(of: patch.workload, in: index) {
                if patch.before != nil, patch.decision == nil { sites[index].loops[loop].brakesSinceCalm += 1 }
                sites[index].loops[loop].brakeDueSince = nil
            }
            return nil
        }
        if patch.decision == nil { return (.founded, "\(name) is raised by a decision that stands nowhere") }
        let rise = "\(name) is raised from \(before.readable) to \(patch.desired.readable)"
        if cluster.delivery == .push { return (.founded, "\(rise) by the shipper, where the centre raises") }
        let isToFloor = patch.desired <= cluster.guardrails.clamp(specification.floor)
        for loop in loops(of: patch.workload, in: index) {
            if let problem = evidenceProblem(sites[index].loops[loop], isToFloor: isToFloor) { return (.founded, "\(rise) \(problem)") }
        }
        let place = cluster.workloads.firstIndex { $0.id == patch.workload } ?? 0
        guard isToFloor || sites[index].wishes[place]?.isFresh == true else {
            return (.founded, "\(rise) on a window that reaches back before the last change had settled")
        }
        guard cluster.delivery == .pull else { return nil }
        return grantProblem(patch, specification, cluster, index, now).map { (.founded, "\(rise) \($0)") }
    }

    private func bounded(_ rate: BitRate, _ cluster: ClusterSpecification, _ name: String) -> (Invariant, String)? {
        guard cluster.mode == .enforce else { return (.bounded, "\(name) is limited in a cluster that only observes") }
        let isWithin = rate > .zero && rate >= cluster.guardrails.minimum && rate <= cluster.guardrails.maximum
        return isWithin ? nil : (.bounded, "\(name) is set to \(rate.readable)")
    }

    /// - Parameter isToFloor: it comes back to what no site goes below, and need not wait until all is well within the target, nor until it is known
    ///   what the last change did.
    private func evidenceProblem(_ loop: Loop, isToFloor: Bool) -> String? {
        guard let evidence = loop.evidence else { return "before anything was measured" }
        guard evidence.isMeasured else { return "while a flow on \(loop.link) is not measured" }
        guard evidence.isWithinBound else { return "while a flow on \(loop.link) suffers" }
        return evidence.isWithinTarget || !raisesWithinTarget || isToFloor ? nil : "while a flow on \(loop.link) is above its target"
    }

    private func grantProblem(
        _ patch: WorkloadPatch, _ specification: WorkloadSpecification, _ cluster: ClusterSpecification, _ index: Int, _ now: MonotonicTime
    ) -> String? {
        guard let held = sites[index].held else { return "without any grant" }
        guard now < held.livesUntil else { return "under grant \(held.grant.version), which expired \((now - held.livesUntil).milliseconds) ms ago" }
        let granted = held.grant.rate(of: patch.workload) ?? .zero
        guard patch.desired <= max(granted, cluster.guardrails.clamp(specification.floor)) else {
            return "and \(granted.readable) are granted"
        }
        for loop in loops(of: patch.workload, in: index) {
            guard let brake = sites[index].loops[loop].brake else { continue }
            let others = cluster.workloads(crossing: sites[index].loops[loop].link).count > 1
            // Beside an idle workload a cap on the loop's total is more than a cap on each.
            guard !others, patch.desired > brake.cap else { continue }
            return "over the brake at \(brake.position), which no grant has folded"
        }
        return nil
    }

    private func loops(of workload: WorkloadID, in index: Int) -> [Int] {
        let links = fleet.clusters[index].workload(workload)?.links ?? []
        return sites[index].loops.indices.filter { links.contains(sites[index].loops[$0].link) }
    }

    // MARK: - What the centre patches

    func pushed(_ patch: PushPatch, by coordinator: Int, _ now: MonotonicTime) -> (Invariant, String)? {
        guard let cluster = fleet.cluster(patch.cluster) else { return (.bounded, "\(patch.cluster) is no cluster") }
        return bounded(patch.desired, cluster, "\(patch.cluster)/\(patch.workload)")
    }

    /// A limit fell by the centre's hand: that is the brake that was due, and what is measured before it is in force is of another limit.
    mutating func lowered(_ workload: WorkloadID, cluster index: Int, _ now: MonotonicTime) {
        for loop in loops(of: workload, in: index) {
            sites[index].loops[loop].brakeDueSince = nil
            sites[index].loops[loop].changedAt = now
        }
    }

    /// A limit rose by the centre's hand.
    func raised(
        _ patch: PushPatch, over writes: [SimulatedPods.Write], by coordinator: Int, cluster index: Int, readsThrough cursors: [StreamName: Int64],
        _ hearing: Hearing, _ now: MonotonicTime
    ) -> (Invariant, String)? {
        let name = "\(patch.cluster)/\(patch.workload)"
        for write in writes where !write.isBrake {
            guard let text = write.read.decision else { continue }
            guard let writer = LogPosition(parsing: text) else { return (.founded, "\(name) is raised over '\(text)', which stands nowhere") }
            if (cursors[writer.stream] ?? 0) < writer.sequence {
                return (.founded, "\(name) is raised over \(writer), which coordinator \(coordinator) has not read")
            }
        }
        let newest = hearing.newestTick(of: patch.cluster, by: coordinator)
        let oldest = fleet.tick * 2 + FleetSimulation.apiPatience
        guard let newest, now - newest <= oldest else { return (.founded, "\(name) is raised by the centre, which has not heard of the cluster for two ticks") }
        return nil
    }
}
