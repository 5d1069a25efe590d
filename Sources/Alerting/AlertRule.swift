import Events
import Fleet
import OrderedCollections
public import Quantities

/// What can be told of a rule's condition at one moment.
public enum AlertCondition: Equatable, Sendable {
    /// True, with the sentence that says so; `since` where the observation knows it better than the evaluation.
    case met(String, since: MonotonicTime? = nil)
    case unmet
    /// Nobody can tell: the ticks that would say so do not come.
    case unknown(String)

    /// Whether an alert that is not there becomes one.
    func begins(_ rule: AlertRuleSpecification) -> Bool {
        switch self {
        case .met: true
        case .unmet: false
        case .unknown: rule.onNoData == .alert
        }
    }
}

/// The shipped rules. The raw value is the name in files, labels and SQL.
public enum AlertRule: String, Sendable, CaseIterable {
    /// A loop is at its floor *and* its flow still suffers: there is nothing left to lower here.
    case loopStuckAtFloor = "LoopStuckAtFloor"
    /// What is desired is not what is applied, or the loop stopped ticking. Quiet inside the deadband is neither.
    case patchesStopped = "PatchesStopped"
    /// No tick of the cluster's leading shipper reaches the log.
    case shipperSilent = "ShipperSilent"
    /// A critical flow's samples carry no number.
    case measurementMissing = "MeasurementMissing"
    /// The floors do not fit into what the links carry: a workload's share lies below its floor, which its site keeps all the same.
    case allocationInfeasible = "AllocationInfeasible"

    /// So many ticks without news make old news unknown.
    public static let silentAfterTicks: Int64 = 3

    /// Tells every subject of a cluster that the rule speaks of, in order, with what is true of it now.
    func look(at view: ClusterView, _ tell: (AlertSubject, AlertCondition) -> Void) {
        switch self {
        case .loopStuckAtFloor: view.loopsStuckAtFloor(tell)
        case .patchesStopped: view.patchesStopped(tell)
        case .shipperSilent: tell(AlertSubject(view.cluster.id), view.silence)
        case .measurementMissing: view.missingMeasurements(tell)
        case .allocationInfeasible: view.floorsThatDoNotFit(tell)
        }
    }
}

/// One cluster as the rules see it at one moment. One object, handed from rule to rule: a copy would copy the cluster's whole specification.
final class ClusterView {
    /// Every cluster of a fleet, in order: looked up once for all rules.
    static func all(of fleet: FleetConfiguration, _ observations: [ClusterID: AlertObservation], now: MonotonicTime) -> [ClusterView] {
        fleet.clusters.map { ClusterView($0, of: fleet, observations[$0.id] ?? AlertObservation(), now: now) }
    }

    let cluster: ClusterSpecification
    /// The links on which it has a loop.
    private let loops: [LinkID]
    private let observation: AlertObservation
    /// Older news than this is no news.
    private let patience: Nanoseconds
    /// An allocation is made anew at least every third of a grant's life, so one of twice that life is no news either.
    private let allocationPatience: Nanoseconds
    private let now: MonotonicTime

    private init(_ cluster: ClusterSpecification, of fleet: FleetConfiguration, _ observation: AlertObservation, now: MonotonicTime) {
        self.cluster = cluster
        loops = cluster.loops.map(\.link)
        self.observation = observation
        patience = fleet.tick * AlertRule.silentAfterTicks
        allocationPatience = fleet.grantTimeToLive * 2
        self.now = now
    }

    private var isHeard: Bool { observation.lastTickAt.map { now - $0 <= patience } ?? false }
    private var noTicks: AlertCondition { .unknown("\(cluster.id) sends no ticks, so nothing can be told of it") }

    var silence: AlertCondition {
        #if DEBUG
        if PlantedBug.silenceUntold.isPlanted { return .unmet }
        #endif
        guard let last = observation.lastTickAt else { return .unknown("The shipper of \(cluster.id) has never been heard of") }
        guard now - last > patience else { return .unmet }
        return .met("The shipper of \(cluster.id) has been silent for \(wholeSeconds(now - last))", since: last + patience)
    }

    func loopsStuckAtFloor(_ tell: (AlertSubject, AlertCondition) -> Void) {
        for link in loops { tell(AlertSubject(cluster.id, .loop(link)), stuckAtFloor(link)) }
    }

    private func stuckAtFloor(_ link: LinkID) -> AlertCondition {
        guard cluster.mode == .enforce, cluster.flows.contains(where: { $0.links.contains(link) }) else { return .unmet }
        guard isHeard, let loop = observation.loops[link], now - loop.decidedAt <= patience else { return noTicks }
        guard loop.isAtFloor, !loop.isPaused else { return .unmet }
        let flow = loop.flow?.text ?? "its flow"
        guard let steering = loop.steering else {
            return .unknown("The loop of \(cluster.id) on \(link) is at its floor and \(flow) is not measured")
        }
        guard steering > loop.target else { return .unmet }
        return .met(
            "The loop of \(cluster.id) on \(link) is at its floor of \(loop.floor.readable), and \(flow) still has \(steering) "
                + "of delay variation against a target of \(loop.target)")
    }

    func patchesStopped(_ tell: (AlertSubject, AlertCondition) -> Void) {
        guard cluster.mode == .enforce, !cluster.workloads.isEmpty else { return }
        tell(AlertSubject(cluster.id), ticksStopped)
        for link in loops { tell(AlertSubject(cluster.id, .loop(link)), decisionsStopped(link)) }
        for workload in cluster.workloads { tell(AlertSubject(cluster.id, .workload(workload.id)), differs(workload)) }
    }

    private var ticksStopped: AlertCondition {
        guard let last = observation.lastTickAt else { return noTicks }
        guard !isHeard else { return .unmet }
        return .met("\(cluster.id) has stopped ticking, so its shipper patches nothing", since: last)
    }

    private func decisionsStopped(_ link: LinkID) -> AlertCondition {
        // A cluster that sends nothing at all is one alert, not one for each loop.
        guard isHeard else { return noTicks }
        guard let loop = observation.loops[link] else {
            return .met("The loop of \(cluster.id) on \(link) has never decided, though the cluster ticks")
        }
        guard now - loop.decidedAt > patience else { return .unmet }
        return .met("The loop of \(cluster.id) on \(link) has stopped deciding, though the cluster ticks", since: loop.decidedAt)
    }

    private func differs(_ workload: WorkloadSpecification) -> AlertCondition {
        guard isHeard, let state = observation.workloads[workload.id] else { return noTicks }
        let isPaused = workload.links.contains { observation.loops[$0]?.isPaused ?? false }
        // A patch is read back a tick after it was decided: only what stays behind for longer is worth a word.
        guard let since = state.differsSince, now - since >= patience, let desired = state.desired, !isPaused else { return .unmet }
        let applied = state.applied.map { "is limited to \($0.readable)" } ?? "is not limited"
        return .met("\(workload.id) of \(cluster.id) should be limited to \(desired.readable) and \(applied)", since: since)
    }

    func missingMeasurements(_ tell: (AlertSubject, AlertCondition) -> Void) {
        for flow in cluster.flows { tell(AlertSubject(cluster.id, .flow(flow.id)), isMissing(flow.id)) }
    }

    private func isMissing(_ flow: FlowID) -> AlertCondition {
        guard isHeard, let state = observation.flows[flow] else { return noTicks }
        guard !state.quality.hasValue else { return .unmet }
        return .met("\(flow) of \(cluster.id) is not measured: \(state.quality.word)", since: state.since)
    }

    func floorsThatDoNotFit(_ tell: (AlertSubject, AlertCondition) -> Void) {
        guard cluster.mode == .enforce, cluster.delivery != .standalone else { return }
        for workload in cluster.workloads { tell(AlertSubject(cluster.id, .workload(workload.id)), fits(workload)) }
    }

    private func fits(_ workload: WorkloadSpecification) -> AlertCondition {
        guard let share = observation.shares[workload.id], now - share.decidedAt <= allocationPatience else {
            return .unknown("no allocation of these days names \(workload.id) of \(cluster.id)")
        }
        let floor = cluster.guardrails.clamp(workload.floor)
        guard share.share < floor else { return .unmet }
        return .met(
            "The floor of \(workload.id) of \(cluster.id) does not fit: \(share.binding) leaves it \(share.share.readable) of \(floor.readable), "
                + "and its site keeps the floor, so that more is let through than the link carries")
    }

    private func wholeSeconds(_ span: Nanoseconds) -> String { "\(span.count / 1_000_000_000) s" }
}
