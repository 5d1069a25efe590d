import Clocks
import Cryptography
public import Fleet
import Glibc
public import HTTPTransport
public import Kubernetes

extension KubernetesClient {
    /// The client of a cluster by its configured access. Throws `KubernetesError` where that is not usable.
    public convenience init(_ cluster: ClusterSpecification, http: HTTPClient) throws {
        let connection: ClusterConnection
        switch cluster.access {
        case .inCluster: connection = try .inCluster(environment: processEnvironment())
        case .kubeconfig(let path, let context):
            connection = try Kubeconfig.load(path: path, environment: processEnvironment()).connection(context: context)
        case .none:
            throw KubernetesError(
                code: .badConfiguration, context: "\(cluster.id)", detail: "has no API access; write access: inCluster or kubeconfig")
        }
        self.init(connection: connection, http: http, now: { SystemClocks.now() })
    }
}

/// 0 … 1000, by lot.
@Sendable func randomThousandths() -> Int64 {
    var generator = SecureRandomNumberGenerator()
    return Int64.random(in: 0...1000, using: &generator)
}

/// The process's environment, read once at start by whoever needs it.
public func processEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    var entry = unsafe environ
    while let pointer = unsafe entry.pointee {
        let text = unsafe String(cString: pointer)
        if let equals = text.firstIndex(of: "=") { variables[String(text[..<equals])] = String(text[text.index(after: equals)...]) }
        unsafe entry += 1
    }
    return variables
}
