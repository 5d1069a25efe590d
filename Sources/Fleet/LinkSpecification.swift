public import Quantities

/// A directed link and the rate that it is believed to carry. Cluster Mesh has no such object, so the fleet states it.
public struct LinkSpecification: Hashable, Sendable {
    public var id: LinkID
    /// What the operator states; the evidence of the loops may lower what is used of it, never raise it.
    public var capacity: BitRate
    /// The cluster at each end, where the end is a cluster.
    public var from: ClusterID?
    public var to: ClusterID?
    public var description: String

    public init(id: LinkID, capacity: BitRate, from: ClusterID? = nil, to: ClusterID? = nil, description: String = "") {
        self.id = id
        self.capacity = capacity
        self.from = from
        self.to = to
        self.description = description
    }
}
