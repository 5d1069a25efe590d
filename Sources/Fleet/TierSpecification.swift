/// A strict priority among best-effort workloads: a lower rank takes all it may use before a higher one gets more than its floor.
public struct TierSpecification: Hashable, Sendable {
    public var name: String
    /// 0 is the most important.
    public var rank: Int16
    /// The Kubernetes PriorityClasses and Kueue WorkloadPriorityClasses whose workloads belong here. Each stands in one tier.
    public var priorityClasses: [String]
    /// Workloads of this priority and above belong here, unless a higher bound of another tier takes them.
    public var priorityAtLeast: Int32?

    public init(name: String, rank: Int16, priorityClasses: [String] = [], priorityAtLeast: Int32? = nil) {
        self.name = name
        self.rank = rank
        self.priorityClasses = priorityClasses
        self.priorityAtLeast = priorityAtLeast
    }

    /// The only tier of a fleet that names none of its own.
    public static let standard = TierSpecification(name: "standard", rank: 0)
}
