import Clocks
public import Coordinator
public import Events
public import Fleet
public import HTTPTransport
import Kubernetes
import Quantities
import Shipper

/// Delivery by push: the centre writes to each cluster's own enforcer.
public struct ClusterPush: Coordinator.PushEnforcer {
    private enum Door: Sendable {
        case kubernetes(PodEnforcer, [WorkloadID: WorkloadReference])
        case simulated(SimulatedEnforcer)
    }
    private let doors: [ClusterID: Door]

    /// Throws where a cluster's access is not usable as configured.
    public init(fleet: FleetConfiguration, http: HTTPClient) throws {
        var doors: [ClusterID: Door] = [:]
        for cluster in fleet.clusters where cluster.delivery == .push {
            switch cluster.enforcer {
            case .kubernetes:
                let references = try cluster.workloads.map { ($0.id, try WorkloadReference($0)) }
                let client: KubernetesClient
                do { client = try KubernetesClient(cluster, http: http) } catch {
                    throw AssemblyError(
                        "\(cluster.id) is to be pushed to, and its API access (spec.access of the cluster's file) is not usable: \(error); "
                            + "put the kubeconfig there, or write delivery: pull")
                }
                doors[cluster.id] = .kubernetes(
                    PodEnforcer(client: client, jitterThousandths: randomThousandths),
                    Dictionary(uniqueKeysWithValues: references))
            case .simulated(let url): doors[cluster.id] = .simulated(SimulatedEnforcer(client: http, url: url, cluster: cluster))
            case .tc: break
            }
        }
        self.doors = doors
    }

    public func apply(_ patch: PushPatch) async -> (result: PatchRecord.Result, objectCount: Int, detail: String?) {
        switch doors[patch.cluster] {
        case .kubernetes(let pods, let references):
            guard let reference = references[patch.workload] else { return (.gone, 0, nil) }
            do {
                let outcomes = try await pods.apply(
                    workload: reference, desired: patch.desired, decision: patch.decision.description, epoch: patch.term,
                    newerTerm: .refuse, isTrusted: { ClusterPush.isTrusted(patch.trustedUntil) }, mayRaise: { patch.mayRaise(over: $0.decision) })
                let report = PatchReport(workload: patch.workload, desired: patch.desired, outcomes)
                return (report.result, report.objectCount, report.detail)
            } catch { return (error.isRetriable ? .unknown : .refused, 0, "\(error)") }
        case .simulated(let enforcer):
            guard ClusterPush.isTrusted(patch.trustedUntil) else { return (.lostRace, 0, "deposed") }
            let report = await enforcer.put(
                patch.workload, desired: patch.desired, decision: patch.decision.description, term: patch.term)
            return (report.result, report.objectCount, report.detail)
        case nil: return (.refused, 0, "the cluster has no door for pushes")
        }
    }

    private static func isTrusted(_ trustedUntil: MonotonicTime) -> Bool { SystemClocks.monotonic() < trustedUntil }

    public func claim(_ claim: PushClaim) async -> Bool {
        guard case .kubernetes(let pods, let references) = doors[claim.cluster] else { return doors[claim.cluster] != nil }
        for reference in references.values {
            do {
                let outcomes = try await pods.claim(
                    workload: reference, term: claim.term, isTrusted: { ClusterPush.isTrusted(claim.trustedUntil) })
                guard outcomes.allSatisfy({ $0.result.isClaimed }) else { return false }
            } catch { return false }
        }
        return true
    }
}

extension PodPatchOutcome.Result {
    /// Whether no older term can write that Pod any more: it carries the term, or is no more.
    fileprivate var isClaimed: Bool {
        if case .gone = self { return true }
        return isInForce
    }
}
