import Events
public import Fleet
public import Kubernetes
public import Quantities
public import Shipper

/// A cluster's managed Pods as a shipper's enforcer: reads their annotations back, and patches them in place.
public struct KubernetesEnforcer: Shipper.BandwidthEnforcer {
    public typealias Counter = @Sendable (WorkloadID) async -> WorkloadReading.Counter

    private let pods: PodEnforcer
    private let workloads: [(id: WorkloadID, reference: WorkloadReference)]
    private let counter: Counter
    private let isTrusted: @Sendable () -> Bool

    /// - Parameters:
    ///   - counter: the used rate of a workload; Kubernetes itself counts nothing.
    ///   - isTrusted: whether this replica still leads; asked right before each patch.
    /// Throws `KubernetesError` where a workload's names are none that Kubernetes gives.
    public init(
        pods: PodEnforcer, workloads: [WorkloadSpecification], counter: @escaping Counter, isTrusted: @escaping @Sendable () -> Bool
    ) throws {
        self.pods = pods
        self.workloads = try workloads.map { ($0.id, try WorkloadReference($0)) }
        self.counter = counter
        self.isTrusted = isTrusted
    }

    public func read() async -> [WorkloadReading] {
        await withTaskGroup(of: (Int, WorkloadReading).self) { group in
            for (index, workload) in workloads.enumerated() { group.addTask { (index, await read(workload.id, workload.reference)) } }
            var readings: [Int: WorkloadReading] = [:]
            for await (index, reading) in group { readings[index] = reading }
            return workloads.indices.compactMap { readings[$0] }
        }
    }

    private func read(_ id: WorkloadID, _ workload: WorkloadReference) async -> WorkloadReading {
        let counted = await counter(id)
        do {
            let found = try await pods.readBack(workload: workload)
            // One Pod without a limit makes the workload unlimited.
            let limit: WorkloadReading.Limit =
                if found.isEmpty { .absent } else if found.contains(where: { $0.rate == nil }) { .unlimited } else {
                    .limited(found.compactMap(\.rate).reduce(.zero, +))
                }
            return WorkloadReading(
                limit: limit, counter: counted, replicas: Int16(clamping: found.count), term: found.compactMap(\.epoch).max() ?? 0)
        } catch { return WorkloadReading(limit: .unknown("\(error)"), counter: counted) }
    }

    public func apply(_ patch: WorkloadPatch) async -> PatchReport {
        guard let workload = workloads.first(where: { $0.id == patch.workload }) else {
            return PatchReport(workload: patch.workload, desired: patch.desired, result: .gone, objectCount: 0)
        }
        do {
            let outcomes = try await pods.apply(
                workload: workload.reference, desired: patch.desired, decision: patch.decision?.description ?? "unspooled",
                epoch: patch.term, newerTerm: .lowerOnly, isTrusted: isTrusted, mayRaise: { _ in patch.isRaise })
            return PatchReport(workload: patch.workload, desired: patch.desired, outcomes)
        } catch {
            return PatchReport(
                workload: patch.workload, desired: patch.desired, result: error.isRetriable ? .unknown : .refused, objectCount: 0,
                detail: "\(error)")
        }
    }
}

extension WorkloadReference {
    init(_ workload: WorkloadSpecification) throws {
        guard let kind = WorkloadKind(rawValue: workload.kind),
            let reference = WorkloadReference(kind: kind, namespace: workload.namespace, name: workload.name)
        else {
            throw KubernetesError(
                code: .badConfiguration, context: "\(workload.id)",
                detail: "\(workload.kind) \(workload.namespace)/\(workload.name) is no name that Kubernetes gives")
        }
        self = reference
    }
}

extension PatchReport {
    /// The worst outcome of the Pods speaks for the workload.
    init(workload: WorkloadID, desired: BitRate, _ outcomes: [PodPatchOutcome]) {
        let worst = outcomes.map(\.result).min { PatchReport.rank($0) < PatchReport.rank($1) }
        let result: PatchRecord.Result =
            switch worst {
            case nil: .gone
            case .applied, .unchanged: .applied
            case .fenced, .heldBack, .deposed, .lostRace: .lostRace
            case .gone: .gone
            case .throttled, .unreachable, .refused: .refused
            case .unknown: .unknown
            }
        self.init(
            workload: workload, desired: desired, result: result, objectCount: outcomes.count { $0.result.isInForce },
            detail: worst.flatMap { result == .applied ? nil : $0.name })
    }

    private static func rank(_ result: PodPatchOutcome.Result) -> Int {
        switch result {
        case .unknown: 0
        case .refused, .unreachable, .throttled: 1
        case .fenced, .heldBack, .deposed, .lostRace: 2
        case .applied: 3
        case .unchanged: 4
        case .gone: 5
        }
    }
}
