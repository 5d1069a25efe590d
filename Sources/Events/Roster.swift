public import Quantities

/// The names behind the arrays of the ticks that follow, in the arrays' order. Declared at start and whenever the configuration
/// or a law changes.
///
/// What it holds stands in a box that nobody changes: each row asks for its roster.
public struct Roster: Hashable, Sendable {
    public struct Flow: Hashable, Sendable {
        public var id: FlowID
        /// From where it is measured: the vantage is part of the sample.
        public var vantage: String
        /// `probe`, `prometheus` or `trace`.
        public var source: String
        public var serviceLevel: String
        public var target: Delay
        public var bound: Delay
        public var links: [LinkID]
        public init(
            id: FlowID, vantage: String, source: String, serviceLevel: String, target: Delay, bound: Delay, links: [LinkID]
        ) {
            self.id = id
            self.vantage = vantage
            self.source = source
            self.serviceLevel = serviceLevel
            self.target = target
            self.bound = bound
            self.links = links
        }
    }
    public struct Workload: Hashable, Sendable {
        public var id: WorkloadID
        public var floor: BitRate
        public var ceiling: BitRate
        public var links: [LinkID]
        public init(id: WorkloadID, floor: BitRate, ceiling: BitRate, links: [LinkID]) {
            self.id = id
            self.floor = floor
            self.ceiling = ceiling
            self.links = links
        }
    }
    /// A law by name, version and parameters: enough to run it again.
    public struct Law: Hashable, Sendable {
        /// `plateau@1`.
        public var name: String
        /// All parameters, canonical: sorted `key=value` joined by `;`.
        public var parameters: String
        public init(name: String, parameters: String) {
            self.name = name
            self.parameters = parameters
        }
    }

    private struct Names: Hashable, Sendable {
        var cluster: ClusterID
        var configuration: Digest
        var mode: String
        var flows: [Flow]
        var workloads: [Workload]
        var links: [LinkID]
        var laws: [Law]
    }
    private var names: Boxed<Names>

    public var cluster: ClusterID { get { names.value.cluster } set { names.value.cluster = newValue } }
    public var configuration: Digest { get { names.value.configuration } set { names.value.configuration = newValue } }
    public var mode: String { get { names.value.mode } set { names.value.mode = newValue } }
    public var flows: [Flow] { get { names.value.flows } set { names.value.flows = newValue } }
    public var workloads: [Workload] { get { names.value.workloads } set { names.value.workloads = newValue } }
    public var links: [LinkID] { get { names.value.links } set { names.value.links = newValue } }
    public var laws: [Law] { get { names.value.laws } set { names.value.laws = newValue } }

    public init(
        cluster: ClusterID, configuration: Digest, mode: String, flows: [Flow], workloads: [Workload], links: [LinkID],
        laws: [Law]
    ) {
        names = Boxed(
            Names(cluster: cluster, configuration: configuration, mode: mode, flows: flows, workloads: workloads, links: links, laws: laws))
    }
}
