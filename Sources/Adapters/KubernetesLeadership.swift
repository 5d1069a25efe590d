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
    private let trust: LeadershipTrust

    /// - Parameter trust: is kept for whoever writes in the cluster.
    init(client: KubernetesClient, cluster: ClusterSpecification, holder: String, lease: LeaseSpecification, trust: LeadershipTrust) {
        self.client = client
        self.trust = trust
        namespace = client.connection.namespace
        name = "fairlead-shipper-\(cluster.id)"
        let whole = Nanoseconds(max(1, lease.duration.count / 1_000_000_000) * 1_000_000_000)
        settings = KubernetesLeaseMachine.Settings(
            identity: holder, duration: whole, renewDeadline: Nanoseconds(whole.count * 2 / 3),
            retryPeriod: Nanoseconds(min(lease.renewEvery.count, whole.count / 3)))
    }

    func watch(_ tell: @Sendable (Leadership) -> Void) async {
        let election = LeaseElection(
            client: client, namespace: namespace, name: name, settings: settings, jitterThousandths: randomThousandths)
        // Before the first answer of the API server nobody leads.
        var last = Leadership(isLeader: false, transitions: 0, holder: "")
        tell(last)
        while !Task.isCancelled {
            let next = await election.advance()
            let leads = await election.leadership(at: SystemClocks.monotonic())
            trust.set(until: leads?.trustEnds)
            let now = Leadership(
                isLeader: leads != nil, transitions: Int32(clamping: leads?.term ?? Int64(last.transitions)),
                holder: await election.holder ?? "")
            if now != last { tell(now) }
            last = now
            // Trust may end before the next look is due.
            let until = min(next, leads?.trustEnds ?? next)
            let wait = max(1_000_000, (until - SystemClocks.monotonic()).count)
            // Ends early only when cancelled.
            try? await Task.sleep(for: .nanoseconds(wait))
        }
        trust.set(until: nil)
        await election.release()
    }
}
