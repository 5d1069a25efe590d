/// The kinds whose Pods can be found by a selector of their own.
public enum WorkloadKind: String, Sendable, CaseIterable {
    case deployment = "Deployment"
    case statefulSet = "StatefulSet"
    case daemonSet = "DaemonSet"

    /// The resource's name in a path under `/apis/apps/v1`.
    var resource: String {
        switch self {
        case .deployment: "deployments"
        case .statefulSet: "statefulsets"
        case .daemonSet: "daemonsets"
        }
    }
}

/// One workload of one cluster, by kind, namespace and name.
public struct WorkloadReference: Hashable, Sendable, CustomStringConvertible {
    public let kind: WorkloadKind
    public let namespace: String
    public let name: String

    /// Nil where a name is none that Kubernetes gives (RFC 1123: lower-case letters, digits, `-`, and `.` in the object's name).
    public init?(kind: WorkloadKind, namespace: String, name: String) {
        guard isObjectName(namespace, dots: false, maximum: 63), isObjectName(name, dots: true, maximum: 253) else { return nil }
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    /// Nil where the kind is not one of `WorkloadKind`, too.
    public init?(kind: String, namespace: String, name: String) {
        guard let kind = WorkloadKind(rawValue: kind) else { return nil }
        self.init(kind: kind, namespace: namespace, name: name)
    }

    public var description: String { "\(kind.rawValue) \(namespace)/\(name)" }
    var path: String { "/apis/apps/v1/namespaces/\(namespace)/\(kind.resource)/\(name)" }
}

func isObjectName(_ text: String, dots: Bool, maximum: Int) -> Bool {
    func isPlain(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.count <= maximum, isPlain(first), isPlain(last) else {
        return false
    }
    return text.utf8.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "-") || (dots && $0 == UInt8(ascii: ".")) }
}
