import Fleet
import Kubernetes
import Quantities
import Shipper

/// Watches a cluster's managed workloads for Pods that run without a limit of ours.
struct KubernetesArrivals: ArrivalSource {
    /// Uids remembered per workload as told; the oldest gives way, and is told again should it still be bare.
    static let maximumRemembered = 1_000
    /// Between two tries after a failure: this, doubled with each further one, up to the longest.
    static let shortestPause = Duration.milliseconds(250)
    static let longestPause = Duration.seconds(30)

    private let client: KubernetesClient
    private let workloads: [(id: WorkloadID, reference: WorkloadReference)]
    private let failed: @Sendable (ShipperNote) -> Void

    /// Throws `KubernetesError` where a workload's names are none that Kubernetes gives.
    init(client: KubernetesClient, workloads: [WorkloadSpecification], failed: @escaping @Sendable (ShipperNote) -> Void) throws {
        self.client = client
        self.workloads = try workloads.map { ($0.id, try WorkloadReference($0)) }
        self.failed = failed
    }

    func watch(_ tell: @escaping @Sendable (WorkloadID) -> Void) async {
        await withDiscardingTaskGroup { group in
            for (id, reference) in workloads { group.addTask { await follow(id, reference, tell) } }
        }
    }

    private func follow(_ id: WorkloadID, _ reference: WorkloadReference, _ tell: @Sendable (WorkloadID) -> Void) async {
        var told: [String] = []
        let arrivals = PodArrivals(client: client, workload: reference)
        // It throws only where the pause was cancelled, and then this task is over.
        try? await arrivals.run(
            pause: { failures in
                let doubled = KubernetesArrivals.shortestPause * (1 << min(failures - 1, 8))
                try await Task.sleep(for: min(doubled, KubernetesArrivals.longestPause))
            },
            failed: { error in
                failed(ShipperNote(.warning, "new Pods are not heard of; ticks find them", ["workload": id.text, "problem": "\(error)"]))
            },
            arrived: { pod in
                guard !told.contains(pod.uid) else { return }
                if told.count == KubernetesArrivals.maximumRemembered { told.removeFirst() }
                told.append(pod.uid)
                tell(id)
            })
    }
}
