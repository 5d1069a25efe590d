// Aim: a kubeconfig means here what it means to kubectl, and what cannot be used says so in a sentence.
import HTTPTransport
import Kubernetes
import Testing

@Suite struct KubeconfigTests {
    func config(_ text: String, path: String = "/etc/kube/config") throws -> Kubeconfig { try Kubeconfig(files: [.init(path: path, text: text)]) }

    @Test func `the current context leads to its cluster and user`() throws {
        let connection = try config(
            """
            current-context: two
            contexts:
            - {name: one, context: {cluster: c1, user: u1}}
            - {name: two, context: {cluster: c2, user: u2, namespace: plant}}
            clusters:
            - {name: c1, cluster: {server: "https://one:6443"}}
            - {name: c2, cluster: {server: "https://two:6443/prefix/", tls-server-name: kubernetes, insecure-skip-tls-verify: true, proxy-url: "http://proxy:3128"}}
            users:
            - {name: u1, user: {token: abc}}
            - {name: u2, user: {token: abc, tokenFile: tokens/t, as: robot, as-groups: [g1, g2]}}
            """
        ).connection()
        #expect(connection.server == "https://two:6443/prefix")
        #expect(connection.namespace == "plant")
        #expect(connection.tls.serverName == "kubernetes")
        #expect(connection.tls.skipsVerification)
        #expect(connection.proxyURL == "http://proxy:3128")
        #expect(connection.impersonatedUser == "robot")
        #expect(connection.impersonatedGroups == ["g1", "g2"])
        guard case .tokenFile(let path) = connection.credentials else {
            Issue.record("a token file wins over a token")
            return
        }
        #expect(path == "/etc/kube/tokens/t", "a path is relative to the file it stands in")
    }

    @Test func `a context can be named`() throws {
        let kubeconfig = try config("contexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'http://h:1'}}]")
        #expect(try kubeconfig.connection(context: "a").server == "http://h:1")
        #expect(kubeconfig.contextNames == ["a"])
    }

    @Test func `data wins over a path`() throws {
        let connection = try config(
            """
            current-context: a
            contexts: [{name: a, context: {cluster: c, user: u}}]
            clusters: [{name: c, cluster: {server: "https://h:1", certificate-authority: /nowhere, certificate-authority-data: Y2E=}}]
            users: [{name: u, user: {client-certificate: /nowhere, client-certificate-data: Y2VydA==, client-key-data: a2V5}}]
            """
        ).connection()
        guard case .data(let authority)? = connection.tls.certificateAuthority, case .data(let key)? = connection.tls.clientKey,
            case .data(let certificate)? = connection.tls.clientCertificate
        else {
            Issue.record("not read from data")
            return
        }
        #expect(authority.withBytes { $0 } == Array("ca".utf8))
        #expect(certificate.withBytes { $0 } == Array("cert".utf8))
        #expect(key.withBytes { $0 } == Array("key".utf8))
    }

    @Test func `the first of several files that names a thing wins`() throws {
        let merged = try Kubeconfig(files: [
            .init(path: "/a/one", text: "contexts: [{name: x, context: {cluster: c}}]"),
            .init(path: "/b/two", text: "current-context: x\ncontexts: [{name: x, context: {cluster: wrong}}]\nclusters: [{name: c, cluster: {server: 'https://h'}}]"),
        ])
        #expect(try merged.connection().server == "https://h")
    }

    @Test(arguments: [
        ("", "it has no keys"), ("{", "is not YAML"), ("a: b", "has no current-context"),
        ("current-context: x", "has no context x"),
        ("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]", "names no cluster"),
        ("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: h}}]", "begins with https://"),
        (
            "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: 'https://h'}}]\nusers: [{name: u, user: {exec: {command: aws}}}]",
            "exec plugin aws, which is not supported yet"
        ),
        (
            "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: 'https://h'}}]",
            "names the user u"
        ),
        (
            "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://h', certificate-authority-data: '%'}}]",
            "is not base 64"
        ),
        (
            "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://h', certificate-authority: /no/such}}]",
            "/no/such, which cannot be read"
        ),
    ])
    func `what cannot be used says so`(text: String, sentence: String) {
        do throws(KubernetesError) {
            _ = try Kubeconfig(files: [.init(path: "/etc/kube/config", text: text)]).connection()
            Issue.record("it was taken")
        } catch {
            #expect(error.code == .badConfiguration)
            #expect("\(error)".contains(sentence), "\(error)")
        }
    }

    @Test func `no description shows a token`() throws {
        let connection = try config(
            "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: 'https://h'}}]\nusers: [{name: u, user: {token: s3cr3t}}]"
        ).connection()
        #expect(!"\(connection)".contains("s3cr3t"))
        #expect(!String(reflecting: connection).contains("s3cr3t"))
    }

    @Test func `outside a Pod, in-cluster access says that it is not in one`() {
        do throws(KubernetesError) {
            _ = try ClusterConnection.inCluster(environment: [:])
            Issue.record("it was taken")
        } catch { #expect(error.detail.contains("does not run in a Pod")) }
    }
}
