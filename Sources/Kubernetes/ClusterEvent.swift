internal import HTTPTransport
internal import JSONDocument
internal import Quantities

/// Something worth a line in `kubectl describe`: a core/v1 Event about one object.
public struct ClusterEvent: Hashable, Sendable {
    public enum Severity: String, Hashable, Sendable {
        case normal = "Normal"
        case warning = "Warning"
    }
    public let workload: WorkloadReference
    /// The object's uid, or empty: `kubectl describe` matches it where it is given.
    public let uid: String
    public let severity: Severity
    /// One word in upper camel case, such as `BandwidthChanged`.
    public let reason: String
    /// The sentence, as it stands everywhere else. Cut at 1,024 bytes, the server's own bound.
    public let message: String
    /// Who says it: the process's own name, such as its Pod's.
    public let reporter: String

    public init(workload: WorkloadReference, uid: String = "", severity: Severity = .normal, reason: String, message: String, reporter: String) {
        self.workload = workload
        self.uid = uid
        self.severity = severity
        self.reason = reason
        self.message = message
        self.reporter = reporter
    }
}

extension KubernetesClient {
    /// Tells the cluster. An Event is news, not a record: whoever calls may let a failure go.
    public func report(_ event: ClusterEvent) async throws(KubernetesError) {
        let instant = now().wall
        // RFC 3339 to the second, as the field's type (Time, not MicroTime) wants it.
        let time = "\(instant.description.prefix(19))Z"
        let workload = event.workload
        var object: [JSONValue.Member] = [
            JSONValue.Member("apiVersion", .string("apps/v1")), JSONValue.Member("kind", .string(workload.kind.rawValue)),
            JSONValue.Member("namespace", .string(workload.namespace)), JSONValue.Member("name", .string(workload.name)),
        ]
        if !event.uid.isEmpty { object.append(JSONValue.Member("uid", .string(event.uid))) }
        let body: JSONValue = [
            "apiVersion": .string("v1"), "kind": .string("Event"),
            "metadata": [
                // client-go's own form: the object's name and the instant, unique enough and sortable.
                "name": .string("\(workload.name.prefix(200)).\(String(UInt64(bitPattern: instant.microseconds), radix: 16))"),
                "namespace": .string(workload.namespace),
            ],
            "involvedObject": .object(object), "reason": .string(event.reason), "message": .string(ClusterEvent.bounded(event.message)),
            "source": ["component": .string(KubernetesClient.fieldManager), "host": .string(event.reporter)],
            "firstTimestamp": .string(time), "lastTimestamp": .string(time), "count": .integer(1), "type": .string(event.severity.rawValue),
            "reportingComponent": .string("fairlead.dev/\(KubernetesClient.fieldManager)"), "reportingInstance": .string(event.reporter),
        ]
        let path = "/api/v1/namespaces/\(percentEncoded(workload.namespace))/events"
        _ = try await json(
            APICall(.post, path, contentType: "application/json", body: Array(body.text.utf8), what: "report an Event on \(workload)"))
    }
}

extension ClusterEvent {
    static func bounded(_ text: String) -> String {
        guard text.utf8.count > 1_024 else { return text }
        var kept = ""
        var bytes = 0
        for character in text {
            bytes += character.utf8.count
            guard bytes <= 1_020 else { break }
            kept.append(character)
        }
        return kept + "…"
    }
}
