/// A strict priority among best-effort workloads: a lower rank takes all it may use before a higher one gets more than its floor.
public struct TierSpecification: Hashable, Sendable {
    public var name: String
    /// 0 is the most important.
    public var rank: Int16

    public init(name: String, rank: Int16) {
        self.name = name
        self.rank = rank
    }

    /// The only tier of a fleet that names none of its own.
    public static let standard = TierSpecification(name: "standard", rank: 0)
}
