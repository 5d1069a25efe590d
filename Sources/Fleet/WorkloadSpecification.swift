public import Quantities

/// A managed best-effort workload: what may be slowed, and within which bounds.
public struct WorkloadSpecification: Hashable, Sendable {
    public var id: WorkloadID
    /// The Kubernetes kind: `Deployment`, `StatefulSet` or `DaemonSet`.
    public var kind: String
    public var namespace: String
    public var name: String
    /// What it keeps whatever happens. Never 0, and at least the smallest enforceable rate: a CNI reads 0 as unlimited.
    public var floor: BitRate
    public var ceiling: BitRate
    /// Its share relative to others of its tier, in millionths: 1 000 000 is the weight 1.
    public var weightMillionths: Int64
    /// The name of a `TierSpecification`.
    public var tier: String
    public var links: [LinkID]
    /// The rate that an adopted workload without an annotation of ours starts from. Default 100M.
    public var initial: BitRate

    public init(
        id: WorkloadID, kind: String = "Deployment", namespace: String = "default", name: String? = nil, floor: BitRate,
        ceiling: BitRate, weightMillionths: Int64 = 1_000_000, tier: String = TierSpecification.standard.name, links: [LinkID],
        initial: BitRate = .megabits(100)
    ) {
        self.id = id
        self.kind = kind
        self.namespace = namespace
        self.name = name ?? id.text
        self.floor = floor
        self.ceiling = ceiling
        self.weightMillionths = weightMillionths
        self.tier = tier
        self.links = links
        self.initial = initial
    }
}
