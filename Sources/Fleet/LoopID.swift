public import Quantities

/// A control loop: one cluster's traffic on one link.
public struct LoopID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let cluster: ClusterID
    public let link: LinkID

    public init(cluster: ClusterID, link: LinkID) {
        self.cluster = cluster
        self.link = link
    }
    public static func < (left: LoopID, right: LoopID) -> Bool {
        left.cluster == right.cluster ? left.link < right.link : left.cluster < right.cluster
    }
    /// `plant-a/wan-a`.
    public var description: String { "\(cluster)/\(link)" }
}
