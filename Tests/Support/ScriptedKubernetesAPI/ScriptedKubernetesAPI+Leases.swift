internal import JSONDocument
internal import ScriptedHTTP
internal import Synchronization

extension ScriptedKubernetesAPI {
    private static let group = "coordination.k8s.io"

    /// The `spec` of a Lease as JSON text; nil where there is none.
    public func leaseSpec(namespace: String = "default", name: String) -> String? {
        store.withLock { $0.leases["\(namespace)/\(name)"]?["spec"]?.text }
    }
    /// Writes a Lease as somebody else: JSON text of a `spec`.
    public func setLease(namespace: String = "default", name: String, spec: String) throws {
        let value = try JSONValue(parsing: spec)
        store.withLock { store in
            _ = store.putLease(["metadata": ["name": .string(name), "namespace": .string(namespace)], "spec": value], "\(namespace)/\(name)")
        }
    }
    /// Labels a Lease as somebody else.
    public func labelLease(namespace: String = "default", name: String, _ key: String, _ value: String) {
        store.withLock { store in
            let labels = JSONValue(strings: [key: value])
            guard let lease = store.leases["\(namespace)/\(name)"],
                let labelled = JSONPatch.set(labels, at: ["metadata", "labels"], in: lease)
            else { return }
            _ = store.putLease(labelled, "\(namespace)/\(name)")
        }
    }
    public func leaseLabels(namespace: String = "default", name: String) -> [String: String] {
        store.withLock { store in
            let labels = store.leases["\(namespace)/\(name)"]?["metadata"]?["labels"]?.members ?? []
            return Dictionary(uniqueKeysWithValues: labels.map { ($0.key, $0.value.string ?? "") })
        }
    }
    public func removeLease(namespace: String = "default", name: String) {
        store.withLock { $0.leases["\(namespace)/\(name)"] = nil }
    }

    func getLease(_ namespace: String, _ name: String) -> ScriptedAnswer {
        guard let lease = store.withLock({ $0.leases["\(namespace)/\(name)"] }) else {
            return APIAnswer.notFound("leases", group: ScriptedKubernetesAPI.group, name)
        }
        return APIAnswer.object(lease)
    }

    func createLease(_ namespace: String, _ request: ScriptedRequest) -> ScriptedAnswer {
        guard let body = try? JSONValue(parsing: request.body) else { return APIAnswer.status(400, "BadRequest", message: "no JSON") }
        let name = body.name
        return store.withLock { store in
            guard store.leases["\(namespace)/\(name)"] == nil else {
                return APIAnswer.status(
                    409, "AlreadyExists", message: "leases.\(ScriptedKubernetesAPI.group) \"\(name)\" already exists",
                    details: APIAnswer.details("leases", ScriptedKubernetesAPI.group, name))
            }
            if let refusal = invalid(body, name) { return refusal }
            return APIAnswer.object(store.putLease(body, "\(namespace)/\(name)"), status: 201)
        }
    }

    func putLease(_ namespace: String, _ name: String, _ request: ScriptedRequest) -> ScriptedAnswer {
        guard let body = try? JSONValue(parsing: request.body) else { return APIAnswer.status(400, "BadRequest", message: "no JSON") }
        return store.withLock { store in
            if let refusal = invalid(body, name) { return refusal }
            let version = body["metadata"]?["resourceVersion"]?.string
            guard let known = store.leases["\(namespace)/\(name)"] else {
                // Leases may be created by an update, unless it names the uid of another.
                guard version == nil else { return conflict(name) }
                return APIAnswer.object(store.putLease(body, "\(namespace)/\(name)"), status: 201)
            }
            guard let version else {
                let cause = "Invalid value: 0: must be specified for an update"
                return APIAnswer.status(
                    422, "Invalid", message: "leases.\(ScriptedKubernetesAPI.group) \"\(name)\" is invalid: metadata.resourceVersion: \(cause)",
                    details: [
                        "name": .string(name), "group": .string(ScriptedKubernetesAPI.group), "kind": .string("leases"),
                        "causes": .array([
                            ["reason": .string("FieldValueInvalid"), "message": .string(cause), "field": .string("metadata.resourceVersion")]
                        ]),
                    ])
            }
            guard version == known["metadata"]?["resourceVersion"]?.string else { return conflict(name) }
            return APIAnswer.object(store.putLease(body, "\(namespace)/\(name)"))
        }
    }

    private func conflict(_ name: String) -> ScriptedAnswer {
        APIAnswer.status(
            409, "Conflict", message: APIAnswer.modified("leases.\(ScriptedKubernetesAPI.group)", name),
            details: APIAnswer.details("leases", ScriptedKubernetesAPI.group, name))
    }

    /// A MicroTime has exactly six decimals.
    private func invalid(_ lease: JSONValue, _ name: String) -> ScriptedAnswer? {
        for field in ["renewTime", "acquireTime"] {
            guard let time = lease["spec"]?[field]?.string else { continue }
            let decimals = time.split(separator: ".").last.map { $0.prefix { $0.isNumber }.count } ?? 0
            guard time.contains("."), decimals == 6 else {
                return APIAnswer.status(
                    422, "Invalid", message: "Lease.\(ScriptedKubernetesAPI.group) \"\(name)\" is invalid: \(field): Invalid value",
                    details: ["causes": .array([["field": .string(field)]])])
            }
        }
        return nil
    }
}

extension ObjectStore {
    mutating func putLease(_ lease: JSONValue, _ key: String) -> JSONValue {
        let metadata = lease["metadata"]
        let uid = leases[key]?["metadata"]?["uid"]?.string ?? newUID()
        let stored: JSONValue = [
            "kind": .string("Lease"), "apiVersion": .string("coordination.k8s.io/v1"),
            "metadata": .object(
                [
                    .init("name", metadata?["name"] ?? .null), .init("namespace", metadata?["namespace"] ?? .null),
                    .init("uid", .string(uid)), .init("resourceVersion", .string(String(nextVersion()))),
                ] + (metadata?.members ?? []).filter { !["name", "namespace", "uid", "resourceVersion"].contains($0.key) }),
            "spec": lease["spec"] ?? [:],
        ]
        leases[key] = stored
        return stored
    }
}
