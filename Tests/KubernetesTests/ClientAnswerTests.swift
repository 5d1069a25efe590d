// Aim: what a real server answers is understood as what it is.
// Method: recorded answers, played back word for word to the real client.
import HTTPTransport
import JSONDocument
import Kubernetes
import Quantities
import ScriptedHTTP
import ScriptedKubernetesAPI
import Testing

@Suite struct ClientAnswerTests {
    /// What a brake on the one recorded Pod ends as, when the server answers the patch as recorded.
    func result(of recorded: String) async throws -> PodPatchOutcome.Result {
        let deployment = RecordedExchange("02-deployment-get")
        let list = RecordedExchange("10-list-limit-1")
        let patch = RecordedExchange(recorded)
        let items = try JSONValue(parsing: list.body)["items"]?.array ?? []
        let onlyPod = JSONValue.object([.init("metadata", ["resourceVersion": .string("300")]), .init("items", .array(items))])
        let server = ScriptedHTTPServer { request in
            switch (request.method, request.path) {
            case ("GET", let path) where path.hasSuffix("/pods"): return .json(200, onlyPod.text)
            case ("GET", let path) where path.contains("/deployments/"): return .json(200, deployment.body)
            case ("GET", _):
                return .json(200, items[0].text)
            default:
                let headers = patch.headers.filter { ["Content-Type", "Retry-After"].contains($0.name) }.map { ($0.name, $0.value) }
                return patch.status == 0 ? .close : .respond(status: patch.status, headers: headers, body: Array(patch.body.utf8))
            }
        }
        defer { server.stop() }
        let client = KubernetesClient(connection: ClusterConnection(server: server.url), http: HTTPClient()) {
            Now(monotonic: MonotonicTime(nanoseconds: 1), wall: WallTime(microseconds: 0))
        }
        let workload = try #require(WorkloadReference(kind: .deployment, namespace: "default", name: "telemetry-upload-deployment"))
        let outcomes = try await PodEnforcer(client: client, jitterThousandths: { 0 })
            .apply(workload: workload, desired: .megabits(20), decision: "p/1", epoch: 1)
        return try #require(outcomes.first).result
    }

    @Test(arguments: [
        ("03-pod-json-patch-test-ok", "applied"), ("03-pod-json-patch-test-fails", "lost_race"), ("03-pod-json-patch-test-missing", "lost_race"),
        ("03-pod-json-patch-test-rv-stale", "lost_race"), ("03-pod-json-patch-malformed", "refused"), ("03-pod-patch-gone", "gone"),
        ("03-pod-patch-number-value", "refused"), ("03-pod-patch-bad-annotation-key", "refused"), ("07-bad-bearer-token", "refused"),
        ("07-forbidden-patch", "refused"), ("09-apf-429-patch", "throttled"), ("13-etcd-stalled-patch-504", "unknown"),
        ("13-etcd-resumes-at-deadline-patch-aborted", "unknown"),
    ])
    func `a recorded answer to a patch has its word`(recorded: String, word: String) async throws {
        #expect(try await result(of: recorded).name == word)
    }

    @Test func `a message that quotes the whole object is cut`() async throws {
        guard case .refused(let error) = try await result(of: "03-pod-patch-number-value") else {
            Issue.record("not refused")
            return
        }
        #expect(error.status == 422)
        #expect(error.detail.utf8.count < 600)
        #expect(error.detail.hasPrefix(#" "" is invalid: patch: Invalid value"#))
    }

    @Test func `a recorded Pod is read back with its limit`() async throws {
        guard case .applied(let pod) = try await result(of: "03-pod-json-patch-test-ok") else {
            Issue.record("not applied")
            return
        }
        #expect(pod.name == "telemetry-upload-deployment-75f788748b-fp2gl")
        #expect(pod.uid == "817f8f8e-5c7a-4642-9ec9-1a3d252778ea")
        #expect(pod.rate == .megabits(30))
        #expect(pod.decision == nil)
        #expect(pod.isEnforceable)
    }

    @Test func `an Event about a workload is what the API takes`() async throws {
        let api = ScriptedKubernetesAPI()
        defer { api.stop() }
        let client = KubernetesClient(connection: ClusterConnection(server: api.url), http: HTTPClient()) {
            Now(monotonic: MonotonicTime(nanoseconds: 1), wall: WallTime(microseconds: 1_795_000_000_123_456))
        }
        let workload = try #require(WorkloadReference(kind: .deployment, namespace: "default", name: "telemetry"))
        try await client.report(
            ClusterEvent(workload: workload, reason: "BandwidthChanged", message: "from 100M to 20M", reporter: "fairlead-shipper-1"))
        let event = try #require(api.reportedEvents.first)
        #expect(event.json == #"{"apiVersion":"v1","kind":"Event","metadata":{"name":"telemetry.6608b01611240","namespace":"default"},"#
            + #""involvedObject":{"apiVersion":"apps/v1","kind":"Deployment","namespace":"default","name":"telemetry"},"#
            + #""reason":"BandwidthChanged","message":"from 100M to 20M","source":{"component":"fairlead","host":"fairlead-shipper-1"},"#
            + #""firstTimestamp":"2026-11-18T11:06:40Z","lastTimestamp":"2026-11-18T11:06:40Z","count":1,"type":"Normal","#
            + #""reportingComponent":"fairlead.dev/fairlead","reportingInstance":"fairlead-shipper-1"}"#)
    }

    @Test(arguments: [("Deployment", "default", "a.b-c"), ("StatefulSet", "x", "a"), ("DaemonSet", "kube-system", "a1")])
    func `names that Kubernetes gives are taken`(kind: String, namespace: String, name: String) {
        #expect(WorkloadReference(kind: kind, namespace: namespace, name: name) != nil)
    }

    @Test(arguments: [
        ("Pod", "default", "a"), ("Deployment", "a/b", "a"), ("Deployment", "default", "../secrets"), ("Deployment", "default", "a?x=1"),
        ("Deployment", "", "a"), ("Deployment", "Default", "a"), ("Deployment", "default", "-a"), ("Deployment", "default", "a%2F"),
    ])
    func `a name that could lead a path astray is refused`(kind: String, namespace: String, name: String) {
        #expect(WorkloadReference(kind: kind, namespace: namespace, name: name) == nil)
    }
}
