// Aim: the scripted API server says what a real one says, or every test against it would prove nothing.
// Method: the recorded request of each exchange is sent to a server in the recorded state; status, type, Retry-After and body must be
// the recorded ones, byte for byte where the body holds no time, uid, version or field manager of its own.
import HTTPTransport
import JSONDocument
import ScriptedHTTP
import ScriptedKubernetesAPI
import Testing

@Suite struct ScriptedAPIConformanceTests {
    let client = HTTPClient()
    let pod = "telemetry-upload-deployment-75f788748b-fp2gl"

    @Test(arguments: [
        "03-pod-json-patch-malformed", "03-pod-json-patch-remove-missing", "03-pod-json-patch-test-fails", "03-pod-json-patch-test-missing",
        "03-pod-json-patch-test-rv-stale", "08-deployment-unknown", "08-group-unknown", "05-lease-get-missing", "02-pods-list-running",
        "11-pod-get-deleted",
    ])
    func `a recorded request gets the recorded answer, byte for byte`(name: String) async throws {
        let api = ScriptedKubernetesAPI()
        defer { api.stop() }
        try api.load(podList: RecordedExchange("02-pods-list-running").body)
        // The recorded `test` operations ran when the Pod stood at 40M.
        if name.contains("json-patch") { api.setAnnotation(pod: pod, "kubernetes.io/egress-bandwidth", "40M") }
        try await expectRecorded(name, from: api)
    }

    @Test func `an unknown namespace lists as empty`() async throws {
        let api = ScriptedKubernetesAPI(resourceVersion: 300)
        defer { api.stop() }
        try await expectRecorded("08-namespace-unknown-list", from: api)
    }

    @Test func `a patch whose test holds gives the recorded Pod, but for who manages which field`() async throws {
        let api = ScriptedKubernetesAPI()
        defer { api.stop() }
        try api.load(podList: RecordedExchange("02-pods-list-running").body)
        api.setAnnotation(pod: pod, "kubernetes.io/egress-bandwidth", "40M")
        api.setResourceVersion(288)
        let recorded = RecordedExchange("03-pod-json-patch-test-ok")
        let response = try await replay(recorded, to: api)
        #expect(response.status == recorded.status)
        #expect(try withoutManagers(response.body) == withoutManagers(Array(recorded.body.utf8)))
    }

    @Test func `throttling, a stalled storage and a bad token sound as recorded`() async throws {
        let api = ScriptedKubernetesAPI()
        defer { api.stop() }
        api.script(.throttle(retryAfterSeconds: 1))
        try await expectRecorded("09-apf-429-patch", from: api)
        api.script(.timeout)
        try await expectRecorded("13-etcd-stalled-patch-504", from: api)
        api.script(.unauthorized)
        try await expectRecorded("07-bad-bearer-token", from: api)
        // Twice, because a kept connection that ends without a byte makes the client send once more.
        api.script(.close, times: 2)
        let aborted = RecordedExchange("13-etcd-resumes-at-deadline-patch-aborted")
        #expect(aborted.status == 0)
        await #expect(throws: HTTPError.self) { try await replay(aborted, to: api) }
    }

    @Test func `a Lease is created, refused twice, renewed, and refused when stale, as recorded`() async throws {
        let api = ScriptedKubernetesAPI(resourceVersion: 295)
        defer { api.stop() }
        for name in ["05-lease-create", "05-lease-get"] {
            let (answer, recorded) = (try await replay(RecordedExchange(name), to: api), RecordedExchange(name))
            #expect(answer.status == recorded.status)
            #expect(try withoutManagers(answer.body) == withoutManagers(Array(recorded.body.utf8)), "\(name)")
        }
        try await expectRecorded("05-lease-create-again", from: api)
        let update = try await replay(RecordedExchange("05-lease-update"), to: api)
        #expect(update.status == 200)
        #expect(try JSONValue(parsing: update.body)["metadata"]?["resourceVersion"]?.string == "297")
        try await expectRecorded("05-lease-update-stale", from: api)
        try await expectRecorded("05-lease-update-no-rv", from: api)
        #expect(try await replay(RecordedExchange("05-lease-update-missing"), to: api).status == 201)
    }

    @Test func `a watch from a forgotten version is a 200 whose one event says 410`() async throws {
        let api = ScriptedKubernetesAPI(resourceVersion: 476)
        defer { api.stop() }
        api.forgetHistory()
        try await expectRecorded("15-watch-410-after-restart", from: api)
    }

    @Test func `a list is paged with a continue token and the number of what is left`() async throws {
        let api = ScriptedKubernetesAPI()
        defer { api.stop() }
        try api.load(podList: RecordedExchange("02-pods-list-running").body)
        let recorded = try JSONValue(parsing: RecordedExchange("10-list-limit-1").body)
        let first = try JSONValue(parsing: try await replay(RecordedExchange("10-list-limit-1"), to: api).body)
        #expect(first["items"]?.array?.count == 1)
        #expect(first["metadata"]?.members?.map(\.key) == recorded["metadata"]?.members?.map(\.key))
        #expect(first["metadata"]?["remainingItemCount"] == recorded["metadata"]?["remainingItemCount"])
    }

    private func expectRecorded(_ name: String, from api: ScriptedKubernetesAPI) async throws {
        let recorded = RecordedExchange(name)
        let response = try await replay(recorded, to: api)
        #expect(response.status == recorded.status)
        #expect(response.header("Content-Type") == recorded.header("Content-Type"))
        #expect(response.header("Retry-After") == recorded.header("Retry-After"))
        let body = String(decoding: response.body, as: UTF8.self)
        #expect(body == recorded.body || body == recorded.body + "\n", "\(name)")
        if let length = recorded.header("Content-Length") { #expect(String(response.body.count) == length, "\(name)") }
    }

    private func replay(_ exchange: RecordedExchange, to api: ScriptedKubernetesAPI) async throws -> HTTPResponse {
        let method = try #require(HTTPMethod(rawValue: exchange.method))
        let headers = exchange.requestHeaders.filter { !["Host", "Content-Length"].contains($0.name) }.map { HTTPHeader($0.name, $0.value) }
        return try await client.send(
            HTTPRequest(method, api.url + exchange.target, headers: headers, body: Array(exchange.requestBody.utf8)))
    }

    /// The object with what each server makes up for itself taken out.
    private func withoutManagers(_ body: [UInt8]) throws -> JSONValue {
        func stripped(_ value: JSONValue) -> JSONValue {
            guard case .object(let members) = value else { return value }
            return .object(
                members.filter { !["managedFields", "uid", "creationTimestamp"].contains($0.key) }.map { .init($0.key, stripped($0.value)) })
        }
        return stripped(try JSONValue(parsing: body))
    }
}
