public import Quantities

/// What the coordinator lets one cluster use: a ceiling per workload. Ordered by (term, version); an older one is ignored.
///
/// What it holds stands in a box that nobody changes: many keep it, and hand it on.
public struct Grant: Hashable, Sendable {
    public struct Rate: Hashable, Sendable {
        public var workload: WorkloadID
        public var rate: BitRate
        public init(workload: WorkloadID, rate: BitRate) {
            self.workload = workload
            self.rate = rate
        }
    }
    private struct Terms: Hashable, Sendable {
        var cluster: ClusterID
        var version: GrantVersion
        var timeToLive: Nanoseconds
        var rates: [Rate]
        var foldedThrough: LogPosition?
    }
    private var terms: Boxed<Terms>

    public var cluster: ClusterID { get { terms.value.cluster } set { terms.value.cluster = newValue } }
    public var version: GrantVersion { get { terms.value.version } set { terms.value.version = newValue } }
    /// How long it lives, counted on the receiver's monotonic clock from the moment the request that fetched it was sent.
    public var timeToLive: Nanoseconds { get { terms.value.timeToLive } set { terms.value.timeToLive = newValue } }
    /// One rate per managed workload, in the order of their ids.
    public var rates: [Rate] { get { terms.value.rates } set { terms.value.rates = newValue } }
    /// The newest tick of the cluster that the coordinator had folded when it computed this: a local brake at or before it is
    /// accounted for, a later one stays in force. Nil: none was folded yet.
    public var foldedThrough: LogPosition? { get { terms.value.foldedThrough } set { terms.value.foldedThrough = newValue } }

    public init(
        cluster: ClusterID, version: GrantVersion, timeToLive: Nanoseconds, rates: [Rate], foldedThrough: LogPosition?
    ) {
        terms = Boxed(Terms(cluster: cluster, version: version, timeToLive: timeToLive, rates: rates, foldedThrough: foldedThrough))
    }

    public func rate(of workload: WorkloadID) -> BitRate? { rates.first { $0.workload == workload }?.rate }
}

/// One allocation, as it was decided: what each link could carry, what each workload's share is and what binds it.
public struct AllocationRecord: Equatable, Sendable {
    public struct Share: Equatable, Sendable {
        public var cluster: ClusterID
        public var workload: WorkloadID
        /// The allocator's answer.
        public var share: BitRate
        /// After hysteresis and pause: what is granted.
        public var granted: BitRate
        /// What binds the share: a resource (`link wan-a`), or the workload's own `ceiling` or, where it is idle, its `use`.
        public var binding: String
        /// The next one behind it; nil where there is none.
        public var next: String?
        public init(
            cluster: ClusterID, workload: WorkloadID, share: BitRate, granted: BitRate, binding: String, next: String?
        ) {
            self.cluster = cluster
            self.workload = workload
            self.share = share
            self.granted = granted
            self.binding = binding
            self.next = next
        }
    }
    public struct Link: Equatable, Sendable {
        public var link: LinkID
        public var configured: BitRate
        public var effective: BitRate
        public var reserved: BitRate
        public var used: BitRate
        /// What evidence says that it carries, where a person's word stands over it; nil where none does.
        public var learned: BitRate?
        public init(
            link: LinkID, configured: BitRate, effective: BitRate, reserved: BitRate, used: BitRate, learned: BitRate? = nil
        ) {
            self.link = link
            self.configured = configured
            self.effective = effective
            self.reserved = reserved
            self.used = used
            self.learned = learned
        }
    }
    /// What a workload of a cluster that is granted nothing now may still use: annotations have no expiry.
    public struct Kept: Equatable, Sendable {
        public var cluster: ClusterID
        public var workload: WorkloadID
        public var rate: BitRate
        public init(cluster: ClusterID, workload: WorkloadID, rate: BitRate) {
            self.cluster = cluster
            self.workload = workload
            self.rate = rate
        }
    }

    public var version: GrantVersion
    public var isFeasible: Bool
    public var links: [Link]
    public var shares: [Share]
    /// Stated anew with every allocation, so that whoever begins to fold from the newest one knows it. Absent from older entries.
    public var kept: [Kept]
    /// The certificate as the allocator wrote it, to be checked by anybody.
    public var certificate: String
    /// How far each cluster's stream was folded: as (stream, sequence).
    public var foldedThrough: [LogPosition]

    public init(
        version: GrantVersion, isFeasible: Bool, links: [Link], shares: [Share], kept: [Kept] = [], certificate: String,
        foldedThrough: [LogPosition]
    ) {
        self.version = version
        self.isFeasible = isFeasible
        self.links = links
        self.shares = shares
        self.kept = kept
        self.certificate = certificate
        self.foldedThrough = foldedThrough
    }
}
