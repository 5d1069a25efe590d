public import Quantities

/// What a fleet is: its links, its promises to critical flows, its best-effort workloads, and how they are steered.
///
/// A value that `FleetDocument` read and found whole: every name that it mentions exists in it, every floor lies below its
/// ceiling, every rate within what can be enforced. A process holds one such value and replaces it as a whole.
public struct FleetConfiguration: Hashable, Sendable {
    public var name: String
    /// Time between two steps of every loop. Default 5 s.
    public var tick: Nanoseconds
    /// How long after a change was read back its effect counts as settled; what was measured before teaches nothing. Default 1 s.
    public var settle: Nanoseconds
    /// In ascending order of id.
    public var links: [LinkSpecification]
    /// The mission's two classes unless the fleet names its own.
    public var slaClasses: [ServiceLevelClass]
    /// In ascending rank; rank 0 is served first.
    public var tiers: [TierSpecification]
    public var law: LawSpecification
    public var lease: LeaseSpecification
    /// How long a grant lasts on the receiver's monotonic clock, from the moment the fetching request was sent. Default 30 s.
    public var grantTimeToLive: Nanoseconds
    public var onMissing: MissingMeasurementPolicy
    public var alerts: AlertRouting
    /// For ever unless the fleet says otherwise.
    public var retention: RetentionSpecification
    /// In ascending order of id.
    public var clusters: [ClusterSpecification]

    public init(
        name: String, tick: Nanoseconds = .seconds(5), settle: Nanoseconds = .seconds(1), links: [LinkSpecification] = [],
        slaClasses: [ServiceLevelClass] = ServiceLevelClass.mission, tiers: [TierSpecification] = [.standard],
        law: LawSpecification = LawSpecification(), lease: LeaseSpecification = LeaseSpecification(),
        grantTimeToLive: Nanoseconds = .seconds(30), onMissing: MissingMeasurementPolicy = MissingMeasurementPolicy(),
        alerts: AlertRouting = AlertRouting(), retention: RetentionSpecification = RetentionSpecification(), clusters: [ClusterSpecification] = []
    ) {
        self.name = name
        self.tick = tick
        self.settle = settle
        self.links = links
        self.slaClasses = slaClasses
        self.tiers = tiers
        self.law = law
        self.lease = lease
        self.grantTimeToLive = grantTimeToLive
        self.onMissing = onMissing
        self.alerts = alerts
        self.retention = retention
        self.clusters = clusters
    }
}

extension FleetConfiguration {
    public func link(_ id: LinkID) -> LinkSpecification? { links.first { $0.id == id } }
    public func slaClass(named name: String) -> ServiceLevelClass? { slaClasses.first { $0.name == name } }
    public func tier(named name: String) -> TierSpecification? { tiers.first { $0.name == name } }
    public func cluster(_ id: ClusterID) -> ClusterSpecification? { clusters.first { $0.id == id } }

    /// Every control loop of the fleet, by cluster, then link.
    public var loops: [LoopID] { clusters.flatMap(\.loops) }

    /// The clusters with a managed workload or a critical flow on `link`, in order of id.
    public func clusters(crossing link: LinkID) -> [ClusterSpecification] {
        clusters.filter { $0.crosses(link) }
    }

    /// What `link` keeps for the critical flows of all clusters.
    public func reserve(on link: LinkID) -> BitRate {
        clusters.reduce(.zero) { $0 + $1.reserve(on: link) }
    }
}
