/// A name that Fairlead itself gives to a thing. Each kind of thing has its own type, so that two names cannot be swapped.
public protocol Identifier: Hashable, Comparable, Sendable, CustomStringConvertible, Codable, ExpressibleByStringLiteral {
    var text: String { get }
    init(_ text: String)
}

extension Identifier {
    public static func < (left: Self, right: Self) -> Bool { left.text.utf8.lexicographicallyPrecedes(right.text.utf8) }
    public var description: String { text }
    public init(stringLiteral value: String) { self.init(value) }
    public init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(String.self)) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// A Kubernetes cluster, by our own id (the Cilium name and number are attributes, because some fleets hand those out themselves).
public struct ClusterID: Identifier {
    public let text: String
    public init(_ text: String) { self.text = text }
}
/// A critical flow within one cluster.
public struct FlowID: Identifier {
    public let text: String
    public init(_ text: String) { self.text = text }
}
/// A managed best-effort workload within one cluster.
public struct WorkloadID: Identifier {
    public let text: String
    public init(_ text: String) { self.text = text }
}
/// A directed link of the fleet, whose capacity the configuration states.
public struct LinkID: Identifier {
    public let text: String
    public init(_ text: String) { self.text = text }
}
