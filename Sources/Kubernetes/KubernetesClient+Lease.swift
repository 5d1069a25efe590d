internal import HTTPTransport
internal import JSONDocument

extension KubernetesClient {
    /// A Lease; nil where there is none.
    public func lease(namespace: String, name: String, deadline: Duration? = nil) async throws(KubernetesError) -> ObservedLease? {
        let what = "get Lease \(namespace)/\(name)"
        do throws(KubernetesError) {
            return try await observed(APICall(.get, "\(leases(namespace))/\(percentEncoded(name))", deadline: deadline, what: what))
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }

    /// Throws `conflict` where it exists already.
    public func createLease(
        namespace: String, name: String, record: LeaseRecord, deadline: Duration? = nil
    ) async throws(KubernetesError) -> ObservedLease {
        let object: JSONValue = [
            "apiVersion": .string("coordination.k8s.io/v1"), "kind": .string("Lease"),
            "metadata": ["name": .string(name), "namespace": .string(namespace)], "spec": record.spec,
        ]
        let path = "\(leases(namespace))?fieldManager=\(KubernetesClient.fieldManager)"
        return try await observed(
            APICall(
                .post, path, contentType: "application/json", body: Array(object.text.utf8), deadline: deadline,
                what: "create Lease \(namespace)/\(name)"))
    }

    /// Replaces the record, all else as it was observed. Throws `conflict` where the Lease has another version by now. (A `PUT` on a
    /// Lease that is gone would create it; the uid in the object makes that a conflict.)
    public func updateLease(
        namespace: String, name: String, record: LeaseRecord, over lease: ObservedLease, deadline: Duration? = nil
    ) async throws(KubernetesError) -> ObservedLease {
        let what = "update Lease \(namespace)/\(name)"
        // We wrote this text ourselves, from what the server sent; anything else was made up by a caller.
        guard case .object(let members)? = try? JSONValue(parsing: lease.object), !members.isEmpty else {
            throw KubernetesError(code: .badConfiguration, context: context(what), detail: "the Lease was not read from a server")
        }
        // Labels, owners and fields of newer versions stay as they are.
        var object = members.filter { $0.key != "spec" }
        object.append(JSONValue.Member("spec", record.spec))
        let path = "\(leases(namespace))/\(percentEncoded(name))?fieldManager=\(KubernetesClient.fieldManager)"
        return try await observed(
            APICall(
                .put, path, contentType: "application/json", body: Array(JSONValue.object(object).text.utf8), deadline: deadline, what: what))
    }

    private func observed(_ call: APICall) async throws(KubernetesError) -> ObservedLease {
        let value = try await json(call)
        guard let lease = ObservedLease(value) else { throw unexpected(call.what, "is no Lease") }
        return lease
    }

    private func leases(_ namespace: String) -> String {
        "/apis/coordination.k8s.io/v1/namespaces/\(percentEncoded(namespace))/leases"
    }
}
