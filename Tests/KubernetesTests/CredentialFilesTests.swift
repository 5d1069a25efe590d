// Aim: credentials are found where kubectl and the kubelet put them.
import HTTPTransport
import Kubernetes
import ScriptedHTTP
import Testing

@Suite struct CredentialFilesTests {
    let directory = TemporaryDirectory()

    @Test func `a Pod's service account leads to its own API server`() throws {
        for (name, text) in [("token", "t"), ("ca.crt", "c"), ("namespace", "plant\n")] { directory.write(text, to: name) }
        let environment = ["KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"]
        let connection = try ClusterConnection.inCluster(environment: environment, directory: directory.path)
        #expect(connection.server == "https://10.96.0.1:443")
        #expect(connection.namespace == "plant")
        guard case .tokenFile(let token) = connection.credentials, case .file(let authority)? = connection.tls.certificateAuthority else {
            Issue.record("not the mounted files")
            return
        }
        #expect(token == "\(directory.path)/token")
        #expect(authority == "\(directory.path)/ca.crt")
        let six = try ClusterConnection.inCluster(
            environment: ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"], directory: directory.path)
        #expect(six.server == "https://[fd00::1]:443")
    }

    @Test func `a Pod without a mounted service account says what is missing`() throws {
        let environment = ["KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"]
        do throws(KubernetesError) {
            _ = try ClusterConnection.inCluster(environment: environment, directory: directory.path)
            Issue.record("it was taken")
        } catch { #expect(error.detail.contains("automountServiceAccountToken")) }
    }

    @Test func `KUBECONFIG may list several files, of which some do not exist`() throws {
        directory.write("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]", to: "one")
        directory.write("clusters: [{name: c, cluster: {server: 'https://h:1'}}]", to: "two")
        let kubeconfig = try Kubeconfig.load(path: nil, environment: ["KUBECONFIG": "\(directory.path)/none:\(directory.path)/one:\(directory.path)/two"])
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
