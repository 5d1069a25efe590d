public import Quantities
internal import Synchronization

/// Puts a workload's rate on its Pods, and tells what stands on them. One per cluster.
///
/// Pods are patched in place; a template is never touched. What is sent is conditional (`PodPatch`), validated, paced per API
/// server, and never 0. Every call reads first, so an earlier patch whose answer was lost is read before anything is decided anew.
public final class PodEnforcer: Sendable {
    /// What to do with a Pod that stands under a newer term than the writer's.
    public enum NewerTermRule: Sendable {
        /// Send nothing. For a coordinator: it has been deposed.
        case refuse
        /// Lower it all the same, leaving the newer term in place. For a cluster's own brake.
        case lowerOnly
    }
    /// Pods patched at the same time.
    public static let maximumConcurrency = 8
    /// How often a brake reads a Pod again and tries anew because somebody else wrote at the same moment.
    public static let maximumBrakeAttempts = 4
    /// How long a workload's selector is trusted without asking: it cannot change, but the workload can be made anew.
    public static let selectorLifetime = Nanoseconds.seconds(60)

    private let client: KubernetesClient
    private let annotation: BandwidthAnnotation
    private let jitterThousandths: @Sendable () -> Int64
    private let pacing: Mutex<APIServerPacing>
    private let selectors = Mutex<[WorkloadReference: (text: String, readAt: MonotonicTime)]>([:])

    /// - Parameter jitterThousandths: 0 … 1000, by lot.
    public init(
        client: KubernetesClient, annotation: BandwidthAnnotation = .cilium, pacing: APIServerPacing = APIServerPacing(),
        jitterThousandths: @escaping @Sendable () -> Int64
    ) {
        self.client = client
        self.annotation = annotation
        self.pacing = Mutex(pacing)
        self.jitterThousandths = jitterThousandths
    }

    /// What stands on each Pod of a workload on which a limit takes effect, in order of name.
    /// Throws where the Pods could not be listed.
    public func readBack(workload: WorkloadReference) async throws(KubernetesError) -> [PodReadBack] {
        let selector = try await selector(of: workload)
        let list: [PodReadBack]
        do throws(KubernetesError) {
            list = try await client.pods(namespace: workload.namespace, selector: selector, annotation: annotation).pods
        } catch {
            selectors.withLock { $0[workload] = nil }
            throw error
        }
        return list.filter(\.isEnforceable).sorted { $0.name < $1.name }
    }

    /// Divides `desired` among the workload's Pods and writes each one's share, lowerings first. An outcome per Pod, in order of name.
    /// - Parameters:
    ///   - decision: the log position of the decision; printable ASCII, at most 256 bytes.
    ///   - epoch: the coordinator's term under which the writer acts, or the newest one that a shipper knows.
    ///   - mayRaise: asked for each Pod whose limit would rise (not for one without limit): has the writer folded its last writer?
    ///   - deadline: for each patch; nil takes the client's.
    ///   - isTrusted: whether the writer still trusts its leadership; asked after the last read of a Pod and before each patch.
    public func apply(
        workload: WorkloadReference, desired: BitRate, decision: String, epoch: Int64, newerTerm: NewerTermRule = .refuse,
        deadline: Duration? = nil, isTrusted: @escaping @Sendable () -> Bool = { true },
        mayRaise: @escaping @Sendable (PodReadBack) -> Bool = { _ in true }
    ) async throws(KubernetesError) -> [PodPatchOutcome] {
        try check(decision: decision, epoch: epoch)
        let pods = try await readBack(workload: workload)
        guard !pods.isEmpty else { return [] }
        let share = PerPodRate.share(of: desired, replicas: pods.count, annotation: annotation)
        guard let limit = annotation.value(for: share) else {
            throw KubernetesError(code: .badConfiguration, context: "\(workload)", detail: "\(share) cannot be enforced")
        }
        let write = Write(
            share: share, limit: limit, decision: decision, epoch: epoch, newerTerm: newerTerm, deadline: deadline, isTrusted: isTrusted,
            mayRaise: mayRaise)
        let lowered = await forEach(pods.filter { lowers($0, to: share) }, wanted: share) { await self.write(write, to: $0) }
        let others = await forEach(pods.filter { !lowers($0, to: share) }, wanted: share) { await self.write(write, to: $0) }
        return (lowered + others).sorted { $0.pod < $1.pod }
    }

    /// Writes `term` on every Pod of a workload, and its limit on none. After this a patch of an older term fails its `test`.
    /// - Parameter decision: the position that stands as last writer from now on; nil leaves the one that stands there.
    public func claim(
        workload: WorkloadReference, term: Int64, decision: String? = nil, isTrusted: @escaping @Sendable () -> Bool = { true }
    ) async throws(KubernetesError) -> [PodPatchOutcome] {
        try check(decision: decision ?? "-", epoch: term)
        let pods = try await readBack(workload: workload)
        return await forEach(pods, wanted: nil) { await self.claim($0, term: term, decision: decision, isTrusted) }.sorted { $0.pod < $1.pod }
    }
}

/// What one call of `apply` wants of each Pod.
private struct Write: Sendable {
    let share: BitRate
    let limit: String
    let decision: String
    let epoch: Int64
    let newerTerm: PodEnforcer.NewerTermRule
    let deadline: Duration?
    /// Asked after each read of a Pod and before the patch over it: `true` then means that the Pod was read under trust. So a patch
    /// that leaves later, because the process stood still in between, tests for a state from before any successor's claim, which the
    /// claim has changed; and a Pod that was made after that claim is in no such read.
    let isTrusted: @Sendable () -> Bool
    let mayRaise: @Sendable (PodReadBack) -> Bool
}

extension PodEnforcer {
    private func write(_ write: Write, to pod: PodReadBack) async -> PodPatchOutcome.Result {
        var pod = pod
        for attempt in 1... {
            let isBrake = lowers(pod, to: write.share)
            var epoch = write.epoch
            if let newer = pod.epoch, newer > epoch {
                guard write.newerTerm == .lowerOnly else { return .fenced(pod) }
                guard isBrake else { return .heldBack(pod) }
                epoch = newer
            }
            if pod.limit == write.limit && pod.epoch == epoch && pod.decision != nil { return .unchanged(pod) }
            if let rate = pod.rate, rate < write.share, !write.mayRaise(pod) { return .heldBack(pod) }
            guard write.isTrusted() else { return .deposed }
            let patch = PodPatch(setting: write.limit, key: annotation.key, decision: write.decision, epoch: epoch, over: pod)
            let result = await paced(forBrake: isBrake) {
                await self.client.patch(pod, with: patch, annotation: self.annotation, deadline: write.deadline)
            }
            // A raise that lost its race is decided anew by the caller; a brake must not wait for the next tick.
            guard case .lostRace = result, isBrake, attempt < PodEnforcer.maximumBrakeAttempts else { return result }
            do throws(KubernetesError) {
                guard let fresh = try await client.pod(namespace: pod.namespace, name: pod.name, annotation: annotation),
                    fresh.uid == pod.uid
                else { return .gone }
                pod = fresh
            } catch {
                return .lostRace
            }
        }
        return .lostRace
    }

    private func claim(
        _ pod: PodReadBack, term: Int64, decision: String?, _ isTrusted: @Sendable () -> Bool
    ) async -> PodPatchOutcome.Result {
        if let epoch = pod.epoch {
            if epoch > term { return .fenced(pod) }
            if epoch == term { return .unchanged(pod) }
        }
        guard isTrusted() else { return .deposed }
        let patch = PodPatch(claimingFor: term, decision: decision, over: pod)
        return await paced(forBrake: false) {
            await self.client.patch(pod, with: patch, annotation: self.annotation, deadline: nil)
        }
    }

    /// Whether the write takes something away: a Pod without a limit that the CNI reads is unlimited.
    private func lowers(_ pod: PodReadBack, to share: BitRate) -> Bool { pod.rate.map { share < $0 } ?? true }

    private func paced(
        forBrake: Bool, _ send: () async -> PodPatchOutcome.Result
    ) async -> PodPatchOutcome.Result {
        let admission = pacing.withLock { $0.admit(at: client.now().monotonic, forBrake: forBrake) }
        if case .wait(let wait) = admission { return .throttled(retryAfter: .nanoseconds(wait.count)) }
        let result = await send()
        let answer: APIServerPacing.Answer =
            switch result {
            case .throttled(let retryAfter): .throttled(retryAfter: Nanoseconds(clamping: retryAfter))
            case .unreachable, .unknown: .failed
            case .applied, .unchanged, .fenced, .heldBack, .deposed, .lostRace, .gone, .refused: .understood
            }
        let jitter = jitterThousandths()
        pacing.withLock { $0.answered(answer, at: client.now().monotonic, jitterThousandths: jitter) }
        return result
    }

    private func forEach(
        _ pods: [PodReadBack], wanted: BitRate?, _ body: @escaping @Sendable (PodReadBack) async -> PodPatchOutcome.Result
    ) async -> [PodPatchOutcome] {
        await withTaskGroup(of: PodPatchOutcome.self) { group in
            var outcomes: [PodPatchOutcome] = []
            for (position, pod) in pods.enumerated() {
                if position >= PodEnforcer.maximumConcurrency, let outcome = await group.next() { outcomes.append(outcome) }
                group.addTask {
                    PodPatchOutcome(namespace: pod.namespace, pod: pod.name, uid: pod.uid, wanted: wanted, result: await body(pod))
                }
            }
            for await outcome in group { outcomes.append(outcome) }
            return outcomes
        }
    }

    private func selector(of workload: WorkloadReference) async throws(KubernetesError) -> String {
        let now = client.now().monotonic
        if let known = selectors.withLock({ $0[workload] }), now - known.readAt < PodEnforcer.selectorLifetime { return known.text }
        let text = try await client.selector(of: workload)
        selectors.withLock { $0[workload] = (text, now) }
        return text
    }

    private func check(decision: String, epoch: Int64) throws(KubernetesError) {
        guard epoch >= 0, !decision.isEmpty, decision.utf8.count <= 256, decision.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw KubernetesError(
                code: .badConfiguration, context: FairleadAnnotation.decision, detail: "the decision's position or its term cannot be written")
        }
    }
}

extension Nanoseconds {
    /// A span of the standard library, held at the longest that fits.
    init(clamping span: Duration) {
        let (seconds, attoseconds) = span.components
        let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        self.init(overflow ? .max : nanoseconds + attoseconds / 1_000_000_000)
    }
}
