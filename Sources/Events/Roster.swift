public import Quantities

/// The names behind the arrays of the ticks that follow, in the arrays' order. Declared at start and whenever the configuration
/// or a law changes.
public struct Roster: Equatable, Sendable {
    public struct Flow: Equatable, Sendable {
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
    public struct Workload: Equatable, Sendable {
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
    public struct Law: Equatable, Sendable {
        /// `plateau@1`.
        public var name: String
        /// All parameters, canonical: sorted `key=value` joined by `;`.
        public var parameters: String
        public init(name: String, parameters: String) {
            self.name = name
            self.parameters = parameters
        }
    }

    public var cluster: ClusterID
    public var configuration: Digest
    public var mode: String
    public var flows: [Flow]
    public var workloads: [Workload]
    public var links: [LinkID]
    public var laws: [Law]

    public init(
        cluster: ClusterID, configuration: Digest, mode: String, flows: [Flow], workloads: [Workload], links: [LinkID],
        laws: [Law]
    ) {
        self.cluster = cluster
        self.configuration = configuration
        self.mode = mode
        self.flows = flows
        self.workloads = workloads
        self.links = links
        self.laws = laws
    }
}
