public import Quantities

/// Tells of Pods that run without a limit of ours: what a workload's scale-out, rollout or restart brings. Until such a Pod is
/// written it sends without limit, so its arrival must not wait for the next tick.
public struct PodArrivals: Sendable {
    /// The longest that one watch is asked for; afterwards the next goes on from where it ended.
    public static let watchTimeout = Duration.seconds(300)

    private let client: KubernetesClient
    private let workload: WorkloadReference
    private let annotation: BandwidthAnnotation

    public init(client: KubernetesClient, workload: WorkloadReference, annotation: BandwidthAnnotation = .cilium) {
        self.client = client
        self.workload = workload
        self.annotation = annotation
    }

    /// Runs until its task is cancelled. Lists, watches, goes on from where a watch ended, and lists again when that was forgotten;
    /// a lost event is found by that list.
    /// - Parameters:
    ///   - pause: waits before a new try after a failure; throws when the task is cancelled. The number counts failures in a row from 1.
    ///   - failed: each failure, for status and logs.
    ///   - arrived: each Pod on which a limit takes effect and none of ours stands; again at every change of it until one does.
    public func run(
        pause: (_ failures: Int) async throws -> Void, failed: (KubernetesError) async -> Void = { _ in },
        arrived: (PodReadBack) async -> Void
    ) async throws {
        var failures = 0
        while !Task.isCancelled {
            do throws(KubernetesError) {
                let selector = try await client.selector(of: workload)
                let list = try await client.pods(namespace: workload.namespace, selector: selector, annotation: annotation)
                for pod in list.pods where isNew(pod) { await arrived(pod) }
                failures = 0
                try await follow(selector, from: list.resourceVersion, arrived)
            } catch {
                guard !Task.isCancelled else { return }
                failures += 1
                await failed(error)
                try await pause(failures)
            }
        }
    }

    /// One watch after the other, until one fails or has to begin anew.
    private func follow(
        _ selector: String, from start: String, _ arrived: (PodReadBack) async -> Void
    ) async throws(KubernetesError) {
        var version = start
        while !Task.isCancelled {
            let watch = try await client.watchPods(
                namespace: workload.namespace, selector: selector, from: version, annotation: annotation, timeout: PodArrivals.watchTimeout)
            for try await event in watch {
                switch event {
                case .present(let pod):
                    version = pod.resourceVersion
                    if isNew(pod) { await arrived(pod) }
                case .absent(let pod): version = pod.resourceVersion
                case .bookmark(let seen): version = seen
                case .expired: return
                }
            }
        }
    }

    private func isNew(_ pod: PodReadBack) -> Bool { pod.isEnforceable && (pod.decision == nil || pod.rate == nil) }
}
