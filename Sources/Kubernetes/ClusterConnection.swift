public import HTTPTransport

/// Where an API server is, how it is trusted, and who we are to it.
public struct ClusterConnection: Sendable {
    public enum Credentials: Sendable {
        /// None beyond a client certificate in `tls`.
        case none
        case token(SecretBytes)
        /// Read again every minute, because bound tokens are replaced at four fifths of their life.
        case tokenFile(String)
        case password(user: String, SecretBytes)
    }
    /// `https://host:6443`, without a trailing slash; may carry a path prefix.
    public var server: String
    public var tls: TLSOptions
    public var credentials: Credentials
    public var proxyURL: String?
    /// The namespace that stands for "here": that of the context or of our own Pod.
    public var namespace: String
    /// Whom to act as, if not as ourselves.
    public var impersonatedUser: String?
    public var impersonatedGroups: [String]

    public init(
        server: String, tls: TLSOptions = TLSOptions(), credentials: Credentials = .none, proxyURL: String? = nil,
        namespace: String = "default", impersonatedUser: String? = nil, impersonatedGroups: [String] = []
    ) {
        var server = server
        while server.hasSuffix("/") { server.removeLast() }
        self.server = server
        self.tls = tls
        self.credentials = credentials
        self.proxyURL = proxyURL
        self.namespace = namespace
        self.impersonatedUser = impersonatedUser
        self.impersonatedGroups = impersonatedGroups
    }
}

extension ClusterConnection {
    /// Where the kubelet mounts a service account.
    public static let serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The API server of the cluster that this process runs in, as the kubelet describes it to every Pod.
    /// - Parameters:
    ///   - environment: `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT` are read from it.
    ///   - directory: where the service account is mounted.
    public static func inCluster(
        environment: [String: String], directory: String = serviceAccountDirectory
    ) throws(KubernetesError) -> ClusterConnection {
        let context = "in-cluster access"
        guard let host = environment["KUBERNETES_SERVICE_HOST"], let port = environment["KUBERNETES_SERVICE_PORT"], !host.isEmpty else {
            throw KubernetesError(
                code: .badConfiguration, context: context,
                detail: "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this process does not run in a Pod")
        }
        let tokenPath = "\(directory)/token"
        let authority = "\(directory)/ca.crt"
        for path in [tokenPath, authority] where !isReadableFile(path) {
            throw KubernetesError(
                code: .badConfiguration, context: context,
                detail: "\(path) cannot be read: the Pod's service account is not mounted (automountServiceAccountToken)")
        }
        let namespace = readSmallFile("\(directory)/namespace").map { String(decoding: $0, as: UTF8.self) } ?? "default"
        let address = host.contains(":") ? "[\(host)]" : host
        return ClusterConnection(
            server: "https://\(address):\(port)", tls: TLSOptions(certificateAuthority: .file(authority)),
            credentials: .tokenFile(tokenPath), namespace: namespace.trimmed)
    }
}
