internal import Cryptography
internal import HTTPTransport
internal import Yams

/// One or several kubeconfig files (client-go `clientcmd/api/v1`), read as `kubectl` reads them: the first file that names a thing wins.
public struct Kubeconfig {
    /// Where a file lies and what stands in it.
    public struct File: Sendable {
        public let path: String
        public let text: String
        public init(path: String, text: String) {
            self.path = path
            self.text = text
        }
    }
    private struct Entry {
        let node: Node
        let directory: String
        let path: String
    }
    private var contexts: [String: Entry] = [:]
    private var clusters: [String: Entry] = [:]
    private var users: [String: Entry] = [:]
    private let description: String
    public private(set) var currentContext: String?
    public var contextNames: [String] { contexts.keys.sorted() }

    public init(files: [File]) throws(KubernetesError) {
        description = files.map(\.path).joined(separator: ":")
        for file in files {
            let root: Node?
            do { root = try Yams.compose(yaml: file.text) } catch {
                throw KubernetesError(code: .badConfiguration, context: file.path, detail: "is not YAML: \(APIStatus.bounded("\(error)"))")
            }
            guard let root, root.mapping != nil else {
                throw KubernetesError(code: .badConfiguration, context: file.path, detail: "is no kubeconfig: it has no keys")
            }
            let directory = file.path.lastIndex(of: "/").map { String(file.path[..<$0]) } ?? "."
            Kubeconfig.merge(root["contexts"], part: "context", of: file.path, directory, into: &contexts)
            Kubeconfig.merge(root["clusters"], part: "cluster", of: file.path, directory, into: &clusters)
            Kubeconfig.merge(root["users"], part: "user", of: file.path, directory, into: &users)
            if currentContext == nil, let current = root["current-context"]?.string, !current.isEmpty { currentContext = current }
        }
    }

    /// Reads the files themselves. With no path given: those of `KUBECONFIG`, else `~/.kube/config`.
    public static func load(path: String?, environment: [String: String]) throws(KubernetesError) -> Kubeconfig {
        let paths: [String]
        if let path {
            paths = [path]
        } else if let listed = environment["KUBECONFIG"], !listed.isEmpty {
            // kubectl skips the files of the list that do not exist.
            paths = listed.split(separator: ":").map(String.init).filter(isReadableFile)
        } else {
            paths = ["\(environment["HOME"] ?? "")/.kube/config"]
        }
        guard !paths.isEmpty else {
            throw KubernetesError(code: .badConfiguration, context: "KUBECONFIG", detail: "none of its files exists")
        }
        var files: [File] = []
        for path in paths {
            guard let bytes = readSmallFile(path) else {
                throw KubernetesError(code: .badConfiguration, context: path, detail: whyUnreadable(path))
            }
            files.append(File(path: path, text: String(decoding: bytes, as: UTF8.self)))
        }
        return try Kubeconfig(files: files)
    }

    private static func merge(_ list: Node?, part: String, of path: String, _ directory: String, into table: inout [String: Entry]) {
        for item in list?.array() ?? [] {
            guard let name = item["name"]?.string, let node = item[part], table[name] == nil else { continue }
            table[name] = Entry(node: node, directory: directory, path: path)
        }
    }
}

extension Kubeconfig {
    /// The connection of a context; nil takes the current one.
    public func connection(context wanted: String? = nil) throws(KubernetesError) -> ClusterConnection {
        guard let name = wanted ?? currentContext else {
            throw problem("has no current-context; name one of: \(contextNames.joined(separator: ", "))")
        }
        guard let context = contexts[name]?.node else {
            throw problem("has no context \(name); it has: \(contextNames.joined(separator: ", "))")
        }
        guard let clusterName = context["cluster"]?.string, let cluster = clusters[clusterName] else {
            throw problem("context \(name) names no cluster that the file describes")
        }
        guard let server = cluster.node["server"]?.string, server.hasPrefix("https://") || server.hasPrefix("http://") else {
            throw problem("cluster \(clusterName) has no server address that begins with https:// or http://")
        }
        var connection = ClusterConnection(server: server)
        if let namespace = context["namespace"]?.string, !namespace.isEmpty { connection.namespace = namespace }
        connection.proxyURL = cluster.node["proxy-url"]?.string
        connection.tls.serverName = cluster.node["tls-server-name"]?.string
        connection.tls.skipsVerification = cluster.node["insecure-skip-tls-verify"]?.bool ?? false
        connection.tls.certificateAuthority = try material(cluster, "certificate-authority")
        if let userName = context["user"]?.string, !userName.isEmpty {
            guard let user = users[userName] else { throw problem("context \(name) names the user \(userName), which the file does not describe") }
            try identify(&connection, as: user, userName)
        }
        return connection
    }

    private func identify(_ connection: inout ClusterConnection, as user: Entry, _ name: String) throws(KubernetesError) {
        if let plugin = user.node["exec"], plugin.mapping != nil {
            throw problem(
                "user \(name) gets its credentials from the exec plugin \(plugin["command"]?.string ?? "?"), which is not supported yet;"
                    + " give it a tokenFile, a token or a client certificate")
        }
        if user.node["auth-provider"]?.mapping != nil {
            throw problem("user \(name) uses an auth-provider, which Kubernetes removed in 1.26; give it a tokenFile or a client certificate")
        }
        connection.tls.clientCertificate = try material(user, "client-certificate")
        connection.tls.clientKey = try material(user, "client-key")
        // The order is client-go's: a token file wins over a token.
        if let path = user.node["tokenFile"]?.string, !path.isEmpty {
            connection.credentials = .tokenFile(absolute(path, user))
        } else if let token = user.node["token"]?.string, !token.isEmpty {
            connection.credentials = .token(SecretBytes(token))
        } else if let login = user.node["username"]?.string, !login.isEmpty {
            connection.credentials = .password(user: login, SecretBytes(user.node["password"]?.string ?? ""))
        }
        connection.impersonatedUser = user.node["as"]?.string
        connection.impersonatedGroups = (user.node["as-groups"]?.array() ?? []).compactMap(\.string)
    }

    /// `<key>-data` in base 64 wins over the path under `<key>`.
    private func material(_ entry: Entry, _ key: String) throws(KubernetesError) -> TLSOptions.Material? {
        if let text = entry.node["\(key)-data"]?.string, !text.isEmpty {
            guard let bytes = Base64.decode(text.filter { !$0.isWhitespace }) else { throw problem("\(key)-data is not base 64") }
            return .data(SecretBytes(bytes))
        }
        guard let path = entry.node[key]?.string, !path.isEmpty else { return nil }
        let file = absolute(path, entry)
        guard isReadableFile(file) else { throw problem("\(key) names \(file), which cannot be read") }
        return .file(file)
    }

    /// Paths in a kubeconfig are relative to the file they stand in.
    private func absolute(_ path: String, _ entry: Entry) -> String { path.hasPrefix("/") ? path : "\(entry.directory)/\(path)" }

    private func problem(_ detail: String) -> KubernetesError {
        KubernetesError(code: .badConfiguration, context: description, detail: detail)
    }
}
