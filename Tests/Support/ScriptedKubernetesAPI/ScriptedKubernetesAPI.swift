internal import JSONDocument
public import ScriptedHTTP
internal import Synchronization

/// A kube-apiserver as far as our client speaks to one: Deployments, Pods with JSON Patch, watches, Leases, Events. Its words are
/// those of a real 1.36.2, which `ScriptedAPIConformanceTests` holds against recorded exchanges. Faults are scripted on top.
public final class ScriptedKubernetesAPI: Sendable {
    /// What happens to a request instead of, or around, its proper handling.
    public enum Fault: Sendable {
        /// 429 as API Priority and Fairness says it: plain text and `Retry-After`.
        case throttle(retryAfterSeconds: Int)
        case conflict
        case forbidden
        case unauthorized
        case internalError
        /// 504 as a server says it whose storage stands still: JSON labelled as plain text.
        case timeout
        case hang
        case close
        /// The request is done, and then the connection ends without an answer.
        case applyThenClose
        /// The request is done, and its answer never comes.
        case applyThenHang
        /// The request is read, announced by `arrived`, and handled when `release` is raised: a delay on the way.
        case hold(arrived: Signal, release: Signal)
        /// Something else happens to the objects first; then the request is handled.
        case before(@Sendable (ScriptedKubernetesAPI) -> Void)
    }
    private struct ScriptedFault {
        let matches: @Sendable (ScriptedRequest) -> Bool
        let fault: Fault
        var left: Int
    }

    let store = Mutex(ObjectStore())
    private let faults = Mutex<[ScriptedFault]>([])
    private let token = Mutex<String?>(nil)
    // Set once, at the end of init, before any request can be answered.
    private let server: ServerBox

    public init(port: UInt16 = 0, resourceVersion: Int = 100) {
        server = ServerBox()
        store.withLock { $0.version = resourceVersion }
        server.start(port: port) { [weak self] request in self?.answer(request) ?? .close }
    }
    deinit { server.stop() }

    public var url: String { server.url }
    public var requests: [ScriptedRequest] { server.requests }
    public func stop() { server.stop() }

    /// The next `times` requests that match meet the fault. Earlier scripts go first.
    public func script(
        _ fault: Fault, times: Int = 1, when matches: @escaping @Sendable (ScriptedRequest) -> Bool = { _ in true }
    ) {
        faults.withLock { $0.append(ScriptedFault(matches: matches, fault: fault, left: times)) }
    }
    public func clearScript() { faults.withLock { $0 = [] } }

    /// From now on only this bearer token is known; nil lets everybody in.
    public func require(token wanted: String?) { token.withLock { $0 = wanted } }

    /// A kubeconfig that leads here.
    public func kubeconfig(token: String? = nil) -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: scripted
        contexts: [{name: scripted, context: {cluster: scripted, user: scripted, namespace: default}}]
        clusters: [{name: scripted, cluster: {server: "\(url)"}}]
        users: [{name: scripted, user: {\(token.map { "token: \"\($0)\"" } ?? "")}}]
        """
    }

    private func answer(_ request: ScriptedRequest) -> ScriptedAnswer {
        let fault = faults.withLock { faults -> Fault? in
            guard let position = faults.firstIndex(where: { $0.left > 0 && $0.matches(request) }) else { return nil }
            faults[position].left -= 1
            return faults[position].fault
        }
        guard let fault else { return handle(request) }
        switch fault {
        case .throttle(let seconds): return APIAnswer.throttled(seconds)
        case .conflict: return APIAnswer.status(409, "Conflict", message: APIAnswer.modified("pods", request.path.lastSegment))
        case .forbidden: return APIAnswer.status(403, "Forbidden", message: "\(request.path.lastSegment) is forbidden")
        case .unauthorized: return APIAnswer.unauthorized
        case .internalError: return .text(500, "Internal Server Error: \"\(request.path)\": failed to store audit event\n", type: "text/plain; charset=utf-8")
        case .timeout: return APIAnswer.timeout
        case .hang: return .hang
        case .close: return .close
        case .applyThenClose:
            _ = handle(request)
            return .close
        case .applyThenHang:
            _ = handle(request)
            return .hang
        case .hold(let arrived, let release):
            arrived.raise()
            release.waitOnThread()
            return handle(request)
        case .before(let change):
            change(self)
            return handle(request)
        }
    }

    private func handle(_ request: ScriptedRequest) -> ScriptedAnswer {
        if let wanted = token.withLock({ $0 }), request.header("Authorization") != "Bearer \(wanted)" { return APIAnswer.unauthorized }
        let parts = request.path.split(separator: "/").map(String.init)
        switch (request.method, parts.count) {
        case ("GET", 1) where parts == ["version"]:
            return .json(200, #"{"major":"1","minor":"36","gitVersion":"v1.36.2"}"#)
        case (_, 6) where parts[..<3] == ["apis", "apps", "v1"] && request.method == "GET":
            return getWorkload(namespace: parts[4], resource: parts[5], name: nil)
        case (_, 7) where parts[..<3] == ["apis", "apps", "v1"] && request.method == "GET":
            return getWorkload(namespace: parts[4], resource: parts[5], name: parts[6])
        case ("GET", 5) where parts[1] == "v1" && parts[4] == "pods":
            return request.query("watch") == nil ? listPods(parts[3], request) : watchPods(parts[3], request)
        case (_, 6) where parts[1] == "v1" && parts[4] == "pods": return onePod(parts[3], parts[5], request)
        case ("POST", 5) where parts[1] == "v1" && parts[4] == "events": return postEvent(parts[3], request)
        case (_, 6) where parts[..<2] == ["apis", "coordination.k8s.io"] && parts[5] == "leases" && request.method == "POST":
            return createLease(parts[4], request)
        case (_, 7) where parts[..<2] == ["apis", "coordination.k8s.io"] && parts[5] == "leases":
            return request.method == "GET" ? getLease(parts[4], parts[6]) : putLease(parts[4], parts[6], request)
        default: return .text(404, "404 page not found\n", type: "text/plain; charset=utf-8", headers: [("X-Content-Type-Options", "nosniff")])
        }
    }
}

/// Lets the server's script refer to the API object that owns the server.
private final class ServerBox: Sendable {
    private let server = Mutex<ScriptedHTTPServer?>(nil)

    func start(port: UInt16, script: @escaping ScriptedHTTPServer.Script) {
        let started = ScriptedHTTPServer(port: port, script: script)
        server.withLock { $0 = started }
    }
    func stop() { server.withLock { $0 }?.stop() }
    var url: String { server.withLock { $0 }?.url ?? "" }
    var requests: [ScriptedRequest] { server.withLock { $0 }?.requests ?? [] }
}

extension String {
    var lastSegment: String { split(separator: "/").last.map(String.init) ?? self }
}
