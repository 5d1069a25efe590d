public import Quantities

/// Carries out what a `KubernetesLeaseMachine` wants. The owner calls `advance()` again and again, at the instants it answers.
public actor LeaseElection {
    /// What is known of the leadership at one instant.
    public struct Leadership: Hashable, Sendable {
        /// The record's `leaseTransitions`.
        public let term: Int64
        /// Until when it may be acted on, on the monotonic clock.
        public let trustEnds: MonotonicTime
    }

    private let client: KubernetesClient
    private let namespace: String
    private let name: String
    private let jitterThousandths: @Sendable () -> Int64
    private var machine: KubernetesLeaseMachine
    /// The last failure, for status and logs; nil after a success.
    public private(set) var lastError: KubernetesError?

    public init(
        client: KubernetesClient, namespace: String, name: String, settings: KubernetesLeaseMachine.Settings,
        jitterThousandths: @escaping @Sendable () -> Int64
    ) {
        self.client = client
        self.namespace = namespace
        self.name = name
        self.jitterThousandths = jitterThousandths
        machine = KubernetesLeaseMachine(settings: settings)
    }

    /// Nil where this process does not lead at `now`.
    public func leadership(at now: MonotonicTime) -> Leadership? {
        guard machine.leads(at: now), let term = machine.transitions, let end = machine.trustEnds else { return nil }
        return Leadership(term: term, trustEnds: end)
    }
    /// Who holds the lease by the last record seen.
    public var holder: String? { machine.holder }

    /// Does what is due, and answers when to be called again.
    public func advance() async -> MonotonicTime {
        // A look, a write, and a second look and write after a conflict: more than that in one call cannot be useful.
        for _ in 0..<4 {
            let step = machine.next(at: client.now())
            if case .wait(let until) = step { return until }
            machine.began(step)
            let sentAt = client.now().monotonic
            let answer = await carryOut(step)
            machine.answered(answer, sentAt: sentAt, at: client.now().monotonic, jitterThousandths: jitterThousandths())
        }
        return client.now().monotonic + machine.settings.retryPeriod
    }

    /// Gives the lease back on the way out. Afterwards this process does not lead, whether the server heard it or not.
    public func release() async {
        guard let step = machine.release(at: client.now()) else { return }
        _ = await carryOut(step)
    }

    private func carryOut(_ step: KubernetesLeaseMachine.Step) async -> KubernetesLeaseMachine.Answer {
        // Half the retry period at least, and never so long that an answer comes after trust has ended.
        let deadline = Duration.nanoseconds(machine.settings.renewDeadline.count / 2)
        do throws(KubernetesError) {
            let answer: KubernetesLeaseMachine.Answer
            switch step {
            case .wait: return .failed
            case .get:
                let lease = try await client.lease(namespace: namespace, name: name, deadline: deadline)
                answer = lease.map { .found($0) } ?? .missing
            case .create(let record):
                answer = .written(try await client.createLease(namespace: namespace, name: name, record: record, deadline: deadline))
            case .update(let record, let lease):
                answer = .written(
                    try await client.updateLease(namespace: namespace, name: name, record: record, over: lease, deadline: deadline))
            }
            lastError = nil
            return answer
        } catch {
            if error.code == .conflict { return .conflict }
            lastError = error
            return .failed
        }
    }
}
