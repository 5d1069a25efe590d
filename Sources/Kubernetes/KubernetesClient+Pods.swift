internal import HTTPTransport
internal import JSONDocument
public import Quantities

extension KubernetesClient {
    /// Objects per page of a list.
    public static let pageSize = 100
    /// Pages of one list; a workload with more Pods than this is refused, not cut.
    public static let maximumPages = 100
    /// How often a list begins anew because its pages went out of date.
    static let maximumListAttempts = 3

    /// The `labelSelector` of a workload's Pods.
    public func selector(of workload: WorkloadReference) async throws(KubernetesError) -> String {
        let value = try await json(APICall(.get, workload.path, what: "get \(workload)"))
        guard let selector = value["spec"]?["selector"], let text = LabelSelector.text(of: selector) else {
            throw unexpected("get \(workload)", "has no selector that can be used")
        }
        return text
    }

    /// All Pods that a selector chooses, in whatever state, and the resource version from which a watch goes on.
    public func pods(
        namespace: String, selector: String, annotation: BandwidthAnnotation
    ) async throws(KubernetesError) -> (pods: [PodReadBack], resourceVersion: String) {
        for _ in 1..<KubernetesClient.maximumListAttempts {
            do throws(KubernetesError) {
                return try await listOnce(namespace: namespace, selector: selector, annotation: annotation)
            } catch {
                // The continue token outlived the server's memory of that list.
                guard error.code == .expired else { throw error }
            }
        }
        return try await listOnce(namespace: namespace, selector: selector, annotation: annotation)
    }

    private func listOnce(
        namespace: String, selector: String, annotation: BandwidthAnnotation
    ) async throws(KubernetesError) -> (pods: [PodReadBack], resourceVersion: String) {
        let what = "list Pods of \(namespace)"
        let path = "/api/v1/namespaces/\(percentEncoded(namespace))/pods?labelSelector=\(percentEncoded(selector))&limit=\(KubernetesClient.pageSize)"
        var pods: [PodReadBack] = []
        var next: String?
        for _ in 0..<KubernetesClient.maximumPages {
            let page = try await json(APICall(.get, next.map { "\(path)&continue=\(percentEncoded($0))" } ?? path, what: what))
            guard let items = page["items"]?.array, let version = page["metadata"]?["resourceVersion"]?.string else {
                throw unexpected(what, "is no list")
            }
            for item in items {
                guard let pod = PodReadBack(item, annotation: annotation) else { throw unexpected(what, "holds a Pod without name or uid") }
                pods.append(pod)
            }
            next = page["metadata"]?["continue"]?.string
            guard let token = next, !token.isEmpty else { return (pods, version) }
        }
        throw KubernetesError(
            code: .tooLarge, context: context(what), detail: "more than \(KubernetesClient.maximumPages * KubernetesClient.pageSize) Pods")
    }

    /// One Pod; nil where it is gone.
    public func pod(namespace: String, name: String, annotation: BandwidthAnnotation) async throws(KubernetesError) -> PodReadBack? {
        let what = "get Pod \(namespace)/\(name)"
        do throws(KubernetesError) {
            let value = try await json(APICall(.get, podPath(namespace, name), what: what))
            guard let pod = PodReadBack(value, annotation: annotation) else { throw unexpected(what, "is no Pod") }
            return pod
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }

    /// Sends a patch on a Pod's metadata and says what became of it.
    func patch(
        _ pod: PodReadBack, with patch: PodPatch, annotation: BandwidthAnnotation, deadline: Duration?
    ) async -> PodPatchOutcome.Result {
        let what = "patch Pod \(pod.namespace)/\(pod.name)"
        let call = APICall(
            .patch, "\(podPath(pod.namespace, pod.name))?fieldManager=\(KubernetesClient.fieldManager)",
            contentType: "application/json-patch+json", body: Array(patch.document.text.utf8), deadline: deadline, what: what)
        let response: HTTPResponse
        do throws(KubernetesError) { response = try await answer(to: call) } catch {
            switch error.code {
            case .unanswered: return .unknown(error)
            default: return .unreachable(error)
            }
        }
        if response.isSuccess {
            // The server said that it is done; where its object cannot be read, only the read-back is lost.
            guard let value = try? object(response, what: what), let readBack = PodReadBack(value, annotation: annotation) else {
                return .unknown(unexpected(what, "is no Pod"))
            }
            return .applied(readBack)
        }
        return PodPatchOutcome.Result(response, context: context(what))
    }

    private func podPath(_ namespace: String, _ name: String) -> String {
        "/api/v1/namespaces/\(percentEncoded(namespace))/pods/\(percentEncoded(name))"
    }
}
