internal import JSONDocument
internal import ScriptedHTTP
internal import Synchronization

// MARK: What a test arranges and sees

extension ScriptedKubernetesAPI {
    /// A workload whose Pods are those with `labels`.
    public func addWorkload(
        resource: String = "deployments", kind: String = "Deployment", namespace: String = "default", name: String, labels: [String: String]
    ) {
        store.withLock { store in
            let object: JSONValue = [
                "kind": .string(kind), "apiVersion": .string("apps/v1"),
                "metadata": [
                    "name": .string(name), "namespace": .string(namespace), "uid": .string(store.newUID()),
                    "resourceVersion": .string(String(store.nextVersion())),
                ],
                "spec": ["selector": ["matchLabels": JSONValue(strings: labels)]],
            ]
            store.workloads["\(namespace)/\(resource)/\(name)"] = object
        }
    }

    /// Any workload object as JSON text, with what it holds beyond the above.
    public func addWorkload(json: String, resource: String = "deployments") throws {
        let object = try JSONValue(parsing: json)
        store.withLock { $0.workloads["\(object.namespace)/\(resource)/\(object.name)"] = object }
    }

    /// A Pod; `annotations: nil` leaves out the whole object, as a Pod without any has it.
    public func addPod(
        namespace: String = "default", name: String, labels: [String: String], annotations: [String: String]? = nil,
        phase: String = "Running", hostNetwork: Bool = false
    ) {
        store.withLock { store in
            var metadata: [JSONValue.Member] = [
                .init("name", .string(name)), .init("namespace", .string(namespace)), .init("uid", .string(store.newUID())),
                .init("resourceVersion", .string("0")), .init("creationTimestamp", .string("2026-11-22T03:56:56Z")),
                .init("labels", JSONValue(strings: labels)),
            ]
            if let annotations { metadata.append(.init("annotations", JSONValue(strings: annotations))) }
            var spec: [JSONValue.Member] = [.init("containers", .array([["name": .string("main"), "image": .string("example.invalid/a:1")]]))]
            if hostNetwork { spec.append(.init("hostNetwork", .bool(true))) }
            let pod: JSONValue = [
                "kind": .string("Pod"), "apiVersion": .string("v1"), "metadata": .object(metadata), "spec": .object(spec),
                "status": ["phase": .string(phase)],
            ]
            store.put(pod: pod, key: "\(namespace)/\(name)")
        }
    }

    /// Pods exactly as recorded, with their versions: the JSON text of a PodList.
    public func load(podList: String) throws {
        let list = try JSONValue(parsing: podList)
        store.withLock { store in
            for item in list["items"]?.array ?? [] {
                // A list leaves out what a single object begins with.
                let members = [JSONValue.Member("kind", .string("Pod")), .init("apiVersion", .string("v1"))] + (item.members ?? [])
                store.pods["\(item.namespace)/\(item.name)"] = .object(members)
            }
            store.version = list["metadata"]?["resourceVersion"]?.string.flatMap { Int($0) } ?? store.version
        }
    }

    public func removePod(namespace: String = "default", name: String) {
        store.withLock { $0.put(pod: nil, key: "\(namespace)/\(name)") }
    }
    /// Begins a graceful deletion; the Pod goes on until it is removed.
    public func terminatePod(namespace: String = "default", name: String) {
        change(namespace, name) { JSONPatch.set(.string("2026-11-22T03:59:34Z"), at: ["metadata", "deletionTimestamp"], in: $0) }
    }
    public func setPhase(namespace: String = "default", name: String, _ phase: String) {
        change(namespace, name) { JSONPatch.set(.string(phase), at: ["status", "phase"], in: $0) }
    }
    /// Writes an annotation as somebody else; nil removes it.
    public func setAnnotation(namespace: String = "default", pod name: String, _ key: String, _ value: String?) {
        change(namespace, name) { pod in
            guard let value else { return JSONPatch.remove(["metadata", "annotations", key], from: pod) }
            let hasAnnotations = pod["metadata"]?["annotations"] != nil
            let object = hasAnnotations ? pod : JSONPatch.set([:], at: ["metadata", "annotations"], in: pod)
            return object.flatMap { JSONPatch.set(.string(value), at: ["metadata", "annotations", key], in: $0) }
        }
    }
    /// The annotations of a Pod; nil where there is no such Pod, empty where it has none.
    public func annotations(namespace: String = "default", pod name: String) -> [String: String]? {
        store.withLock { store in
            store.pods["\(namespace)/\(name)"].map { pod in
                Dictionary(uniqueKeysWithValues: (pod["metadata"]?["annotations"]?.members ?? []).map { ($0.key, $0.value.string ?? "") })
            }
        }
    }
    /// The Events that were reported: reason and message.
    public var reportedEvents: [(reason: String, message: String, json: String)] {
        store.withLock { $0.events.map { ($0["reason"]?.string ?? "", $0["message"]?.string ?? "", $0.text) } }
    }
    public func setResourceVersion(_ version: Int) { store.withLock { $0.version = version } }
    /// From now on a watch from an older version finds it forgotten.
    public func forgetHistory() { store.withLock { $0.oldestWatchable = $0.version + 1 } }

    private func change(_ namespace: String, _ name: String, _ body: (JSONValue) -> JSONValue?) {
        store.withLock { store in
            guard let pod = store.pods["\(namespace)/\(name)"], let changed = body(pod) else { return }
            store.put(pod: changed, key: "\(namespace)/\(name)")
        }
    }
}

extension JSONValue {
    init(strings: [String: String]) {
        self = .object(strings.sorted { $0.key < $1.key }.map { Member($0.key, .string($0.value)) })
    }
    var name: String { self["metadata"]?["name"]?.string ?? "" }
    var namespace: String { self["metadata"]?["namespace"]?.string ?? "default" }
}

// MARK: What a client asks

extension ScriptedKubernetesAPI {
    func getWorkload(namespace: String, resource: String, name: String?) -> ScriptedAnswer {
        guard let name, let object = store.withLock({ $0.workloads["\(namespace)/\(resource)/\(name)"] }) else {
            return APIAnswer.notFound(resource, group: "apps", name ?? "")
        }
        return APIAnswer.object(object)
    }

    func listPods(_ namespace: String, _ request: ScriptedRequest) -> ScriptedAnswer {
        store.withLock { store in
            let selector = request.query("labelSelector") ?? ""
            var items = store.pods.values.filter { $0.namespace == namespace && matches(selector, $0) }.sorted { $0.name < $1.name }
            var version = store.version
            if let token = request.query("continue"), !token.isEmpty {
                guard let (at, after) = continuation(token) else {
                    return APIAnswer.status(400, "BadRequest", message: "invalid continue token: continue key is not valid")
                }
                guard at >= store.oldestWatchable else {
                    return APIAnswer.status(
                        410, "Expired", message: "The provided continue parameter is too old to display a consistent list result.")
                }
                version = at
                items = items.filter { $0.name > after }
            }
            var metadata: [JSONValue.Member] = [.init("resourceVersion", .string(String(version)))]
            if let limit = request.query("limit").flatMap({ Int($0) }), limit > 0, items.count > limit {
                metadata.append(.init("continue", .string("\(version).\(items[limit - 1].name)")))
                metadata.append(.init("remainingItemCount", .integer(items.count - limit)))
                items = Array(items[..<limit])
            }
            let bare = items.map { item in JSONValue.object((item.members ?? []).filter { $0.key != "kind" && $0.key != "apiVersion" }) }
            return APIAnswer.object(
                ["kind": .string("PodList"), "apiVersion": .string("v1"), "metadata": .object(metadata), "items": .array(bare)])
        }
    }

    private func continuation(_ token: String) -> (version: Int, after: String)? {
        let parts = token.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, let version = Int(parts[0]) else { return nil }
        return (version, parts[1])
    }

    func onePod(_ namespace: String, _ name: String, _ request: ScriptedRequest) -> ScriptedAnswer {
        store.withLock { store in
            guard let pod = store.pods["\(namespace)/\(name)"] else { return APIAnswer.notFound("pods", name) }
            switch request.method {
            case "GET": return APIAnswer.object(pod)
            case "PATCH":
                guard request.header("Content-Type") == "application/json-patch+json" else {
                    return APIAnswer.status(415, "UnsupportedMediaType", message: "the body of the request was in an unknown format")
                }
                guard case .array(let operations)? = try? JSONValue(parsing: request.body) else {
                    return APIAnswer.status(
                        400, "BadRequest",
                        message: "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp")
                }
                guard let patched = JSONPatch.apply(operations, to: pod) else { return APIAnswer.patchNotApplicable }
                if let member = (patched["metadata"]?["annotations"]?.members ?? []).first(where: { $0.value.string == nil }) {
                    return APIAnswer.status(
                        422, "Invalid", message: " \"\" is invalid: patch: Invalid value: annotation \(member.key)",
                        details: ["causes": .array([["reason": .string("FieldValueInvalid"), "field": .string("patch")]])])
                }
                store.put(pod: patched, key: "\(namespace)/\(name)")
                return APIAnswer.object(store.pods["\(namespace)/\(name)"] ?? .null)
            default: return APIAnswer.status(405, "MethodNotAllowed", message: "the server does not allow this method on the requested resource")
            }
        }
    }

    func postEvent(_ namespace: String, _ request: ScriptedRequest) -> ScriptedAnswer {
        guard let event = try? JSONValue(parsing: request.body), event["involvedObject"]?["namespace"]?.string == namespace,
            event["metadata"]?["name"]?.string != nil
        else { return APIAnswer.status(422, "Invalid", message: "involvedObject.namespace: Invalid value: does not match event.namespace") }
        store.withLock { $0.events.append(event) }
        return APIAnswer.object(event, status: 201)
    }
}
