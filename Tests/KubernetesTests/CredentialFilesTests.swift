// Aim: credentials are found where kubectl and the kubelet put them.
import Glibc
import HTTPTransport
import Kubernetes
import Testing

@Suite struct CredentialFilesTests {
    let directory = "/tmp/fairlead-credentials-\(UInt32.random(in: 0 ... .max))"
    init() { mkdir(directory, 0o700) }

    @Test func `a Pod's service account leads to its own API server`() throws {
        for (name, text) in [("token", "t"), ("ca.crt", "c"), ("namespace", "plant\n")] { try write(text, to: "\(directory)/\(name)") }
        let environment = ["KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"]
        let connection = try ClusterConnection.inCluster(environment: environment, directory: directory)
        #expect(connection.server == "https://10.96.0.1:443")
        #expect(connection.namespace == "plant")
        guard case .tokenFile(let token) = connection.credentials, case .file(let authority)? = connection.tls.certificateAuthority else {
            Issue.record("not the mounted files")
            return
        }
        #expect(token == "\(directory)/token")
        #expect(authority == "\(directory)/ca.crt")
        let six = try ClusterConnection.inCluster(
            environment: ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"], directory: directory)
        #expect(six.server == "https://[fd00::1]:443")
    }

    @Test func `a Pod without a mounted service account says what is missing`() throws {
        let environment = ["KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"]
        do throws(KubernetesError) {
            _ = try ClusterConnection.inCluster(environment: environment, directory: directory)
            Issue.record("it was taken")
        } catch { #expect(error.detail.contains("automountServiceAccountToken")) }
    }

    @Test func `KUBECONFIG may list several files, of which some do not exist`() throws {
        try write("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]", to: "\(directory)/one")
        try write("clusters: [{name: c, cluster: {server: 'https://h:1'}}]", to: "\(directory)/two")
        let kubeconfig = try Kubeconfig.load(path: nil, environment: ["KUBECONFIG": "\(directory)/none:\(directory)/one:\(directory)/two"])
        #expect(try kubeconfig.connection().server == "https://h:1")
    }

    @Test(arguments: [["KUBECONFIG": "/no/such/file"], ["HOME": "/no/such/home"], [:]])
    func `no kubeconfig at all is said plainly`(environment: [String: String]) {
        do throws(KubernetesError) {
            _ = try Kubeconfig.load(path: nil, environment: environment)
            Issue.record("it was found")
        } catch { #expect(error.code == .badConfiguration) }
    }
}
