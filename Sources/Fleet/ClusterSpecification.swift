public import Quantities

/// One Kubernetes cluster (or plain host): what must be protected in it, what may be slowed, and by which means.
public struct ClusterSpecification: Hashable, Sendable {
    /// How the coordinator's raises reach the cluster.
    public enum Delivery: String, Hashable, Sendable, CaseIterable {
        /// The coordinator patches through the cluster's API server.
        case push
        /// The shipper fetches the grant with its append and patches.
        case pull
        /// No coordinator: the shipper grants its own raises.
        case standalone
    }
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// Measure and decide; write nothing, say nothing. A newly added cluster observes.
        case observe
        /// Also publish what would be done.
        case recommend
        /// Act.
        case enforce
    }
    public var id: ClusterID
    /// The cluster's name and number within Cilium Cluster Mesh, where it has them.
    public var ciliumName: String?
    public var ciliumID: Int?
    public var access: APIAccess
    public var delivery: Delivery
    public var mode: Mode
    public var enforcer: EnforcerSpecification
    public var guardrails: Guardrails
    /// The ceiling for the sum of a loop while no grant lives: brakes go on, raises stop. Default: the upper guardrail.
    public var autonomousCeiling: BitRate
    /// In the order of the file.
    public var flows: [FlowSpecification]
    /// In the order of the file.
    public var workloads: [WorkloadSpecification]
    public var usage: UsageSourceSpecification

    public init(
        id: ClusterID, ciliumName: String? = nil, ciliumID: Int? = nil, access: APIAccess = .none, delivery: Delivery = .pull,
        mode: Mode = .observe, enforcer: EnforcerSpecification, guardrails: Guardrails, autonomousCeiling: BitRate? = nil,
        flows: [FlowSpecification] = [], workloads: [WorkloadSpecification] = [], usage: UsageSourceSpecification = .enforcer
    ) {
        self.id = id
        self.ciliumName = ciliumName
        self.ciliumID = ciliumID
        self.access = access
        self.delivery = delivery
        self.mode = mode
        self.enforcer = enforcer
        self.guardrails = guardrails
        self.autonomousCeiling = autonomousCeiling ?? guardrails.maximum
        self.flows = flows
        self.workloads = workloads
        self.usage = usage
    }
}

extension ClusterSpecification {
    public func flow(_ id: FlowID) -> FlowSpecification? { flows.first { $0.id == id } }
    public func workload(_ id: WorkloadID) -> WorkloadSpecification? { workloads.first { $0.id == id } }

    /// Every link that a flow or a workload of this cluster crosses, in order of id.
    public var links: [LinkID] {
        Set(flows.flatMap(\.links) + workloads.flatMap(\.links)).sorted()
    }

    /// Whether a flow or a workload of this cluster crosses `link`.
    public func crosses(_ link: LinkID) -> Bool {
        flows.contains { $0.links.contains(link) } || workloads.contains { $0.links.contains(link) }
    }

    /// The control loops of this cluster, in order of link: the links on which there is something to slow.
    /// A link with critical flows only has nothing to steer and no loop.
    public var loops: [LoopID] {
        var links: [LinkID] = []
        for workload in workloads {
            for link in workload.links where !links.contains(link) { links.append(link) }
        }
        return links.sorted().map { LoopID(cluster: id, link: $0) }
    }

    public func flows(crossing link: LinkID) -> [FlowSpecification] { flows.filter { $0.links.contains(link) } }
    public func workloads(crossing link: LinkID) -> [WorkloadSpecification] { workloads.filter { $0.links.contains(link) } }

    /// What this cluster's critical flows keep for themselves on `link`.
    public func reserve(on link: LinkID) -> BitRate {
        flows(crossing: link).reduce(.zero) { $0 + $1.reserve }
    }
}

/// The hard lowest and highest rate of any single managed workload; nothing central can cross them.
public struct Guardrails: Hashable, Sendable {
    public var minimum: BitRate
    public var maximum: BitRate

    /// Traps unless `minimum` ≤ `maximum`.
    public init(minimum: BitRate, maximum: BitRate) {
        precondition(minimum <= maximum, "the lower guardrail lies above the upper one")
        self.minimum = minimum
        self.maximum = maximum
    }

    public func clamp(_ rate: BitRate) -> BitRate { min(max(rate, minimum), maximum) }
}

/// Where the credentials for the cluster's API server come from.
public enum APIAccess: Hashable, Sendable {
    /// No path: `KUBECONFIG` or the usual file. No context: the file's current one. Exec plugins stand in the file itself.
    case kubeconfig(path: String?, context: String?)
    /// The service account of the Pod.
    case inCluster
    /// The cluster has no API server that we use.
    case none
}

/// What carries out a rate.
public enum EnforcerSpecification: Hashable, Sendable {
    /// The CNI's annotation on the Pods.
    case kubernetes
    /// Linux traffic control on a device, in a network namespace where one is named.
    case tc(device: String, networkNamespace: String?)
    /// The simulated plant behind this address.
    case simulated(url: String)
}

/// Where the used rate of each managed workload is counted.
public enum UsageSourceSpecification: Hashable, Sendable {
    /// The enforcer's own counters (`tc`, `simulated`).
    case enforcer
    /// A PromQL template whose answer is bit/s; `{namespace}` and `{workload}` are filled in.
    case prometheus(url: String, query: String)
    /// Not counted: nothing is raised above the highest rate whose use was once proven.
    case none
}
