/// A network device of this machine, in the machine's own network namespace or in a named one (`ip netns`).
public struct NetworkDevice: Hashable, Sendable, CustomStringConvertible {
    public let name: String
    public let networkNamespace: String?

    public init(name: String, networkNamespace: String? = nil) {
        self.name = name
        self.networkNamespace = networkNamespace
    }

    public var description: String { networkNamespace.map { "\(name) in \($0)" } ?? name }

    /// What stands before the object in a call of `tc` or `ip`.
    var namespaceArguments: [String] { networkNamespace.map { ["-n", $0] } ?? [] }
}
