import Clocks
import Fleet
import Kubernetes
import Quantities
import Shipper

/// Leadership by the cluster's Lease, told to the shipper whenever it changes.
struct KubernetesLeadership: LeadershipSource {
    private let client: KubernetesClient
    private let namespace: String
    private let name: String
    private let settings: KubernetesLeaseMachine.Settings

    init(client: KubernetesClient, cluster: ClusterSpecification, holder: String, lease: LeaseSpecification) {
        self.client = client
        namespace = client.connection.namespace
        name = "fairlead-shipper-\(cluster.id)"
        let whole = Nanoseconds(max(1, lease.duration.count / 1_000_000_000) * 1_000_000_000)
        settings = KubernetesLeaseMachine.Settings(
            identity: holder, duration: whole, renewDeadline: Nanoseconds(whole.count * 2 / 3),
            retryPeriod: Nanoseconds(min(lease.renewEvery.count, whole.count / 3)))
    }

    func changes() -> AsyncStream<Leadership> {
        let election = LeaseElection(
            client: client, namespace: namespace, name: name, settings: settings, jitterThousandths: randomThousandths)
        let (stream, told) = AsyncStream.makeStream(of: Leadership.self)
        // Owned by the stream: ends with it. It cannot be a child of the reader, for the reader asks for a stream and no more.
        let task = Task {
            var last: Leadership?
            while !Task.isCancelled {
                let next = await election.advance()
                let leads = await election.leadership(at: SystemClocks.monotonic())
                let now = Leadership(
                    isLeader: leads != nil, transitions: Int32(clamping: leads?.term ?? Int64(last?.transitions ?? 0)),
                    holder: await election.holder ?? "")
                if now != last { told.yield(now) }
                last = now
                // Trust may end before the next look is due.
                let until = min(next, leads?.trustEnds ?? next)
                let wait = max(1_000_000, (until - SystemClocks.monotonic()).count)
                try? await Task.sleep(for: .nanoseconds(wait))  // ends early only when cancelled
            }
            await election.release()
        }
        told.onTermination = { _ in task.cancel() }
        return stream
    }
}
