public import Quantities

/// An election over one Lease, as client-go's `leaderelection` holds it: a value that says what to ask next and is told the answer.
///
/// Times in the record are never compared with our clock. What counts is when *we* saw the record change: another's lease is over
/// when it has stood unchanged for its own duration on our monotonic clock. So a newcomer waits one duration, and any difference
/// between the clocks is harmless. Our own lease is trusted until `renewDeadline` after the last acknowledged write was *sent*,
/// which is before anybody else may take it. The API does not fence: `transitions` is the term to fence with.
public struct KubernetesLeaseMachine: Sendable {
    public struct Settings: Hashable, Sendable {
        /// Unique to this process, or a restart would be taken for the process before it.
        public var identity: String
        /// How long the lease stands after its last renewal. Whole seconds.
        public var duration: Nanoseconds
        /// How long we trust our own last renewal. Less than `duration`.
        public var renewDeadline: Nanoseconds
        /// Between two tries.
        public var retryPeriod: Nanoseconds

        /// Defaults are client-go's: 15 s, 10 s, 2 s. Traps unless duration > renewDeadline > 1.2 × retryPeriod > 0.
        public init(
            identity: String, duration: Nanoseconds = .seconds(15), renewDeadline: Nanoseconds = .seconds(10),
            retryPeriod: Nanoseconds = .seconds(2)
        ) {
            precondition(!identity.isEmpty, "a candidate has an identity")
            precondition(duration.count >= 1_000_000_000 && duration.count % 1_000_000_000 == 0, "a lease lasts whole seconds")
            precondition(
                duration > renewDeadline && renewDeadline.count > retryPeriod.count / 10 * 12 && retryPeriod > .zero,
                "a lease outlives its renewals, and a renewal leaves time for a second try")
            self.identity = identity
            self.duration = duration
            self.renewDeadline = renewDeadline
            self.retryPeriod = retryPeriod
        }
    }

    /// What to do now.
    public enum Step: Hashable, Sendable {
        case wait(until: MonotonicTime)
        case get
        case create(LeaseRecord)
        /// Replace the object as it was observed, with its resource version as condition.
        case update(LeaseRecord, over: ObservedLease)
    }

    /// What came of it.
    public enum Answer: Hashable, Sendable {
        case found(ObservedLease)
        case missing
        /// A create or an update was done; the object as the server holds it now.
        case written(ObservedLease)
        /// Somebody else was faster (409), for a create or an update.
        case conflict
        /// No answer, or none that tells. A write may have been done all the same.
        case failed
    }

    private enum Phase: Hashable, Sendable {
        case resting(until: MonotonicTime)
        /// The next step is a get.
        case looking
        /// The record was just read (nil: there is none); the next step is a write or a rest.
        case deciding
        case asked
    }

    public let settings: Settings
    private var phase = Phase.looking
    private var observed: ObservedLease?
    private var observedAt = MonotonicTime(nanoseconds: .min)
    /// Whether a write of this process may stand on the server: only then is a record with our name ours.
    private var hasWritten = false
    private var trustedUntil: MonotonicTime?
    /// A Lease that somebody deleted begins anew above the last term, or old terms would be taken for new ones.
    private var highestTransitions: Int64 = -1

    public init(settings: Settings) { self.settings = settings }
}

extension KubernetesLeaseMachine {
    /// Whether we may act as leader at `now`. Ends by itself on the monotonic clock, whatever the network does.
    public func leads(at now: MonotonicTime) -> Bool { trustedUntil.map { now < $0 } ?? false }

    /// The term we hold or held last: the record's `leaseTransitions`.
    public var transitions: Int64? { observed?.record.transitions }
    /// Who holds the lease by the last record seen; nil where there is none.
    public var holder: String? { observed.map(\.record.holder).flatMap { $0.isEmpty ? nil : $0 } }
    public var trustEnds: MonotonicTime? { trustedUntil }

    /// What to do at `now`. The same until `answered` or time changes it.
    public mutating func next(at now: Now) -> Step {
        switch phase {
        case .resting(let until) where now.monotonic < until: return .wait(until: until)
        case .resting:
            // The fast path of a leader: update what was last seen without reading it again.
            phase = leads(at: now.monotonic) ? .deciding : .looking
            return next(at: now)
        case .looking: return .get
        case .deciding:
            guard let observed else { return .create(record(transitions: highestTransitions + 1, acquired: nil, at: now)) }
            if isOurs(observed.record) {
                return .update(record(transitions: observed.record.transitions, acquired: observed.record.acquireTime, at: now), over: observed)
            }
            guard let end = end(of: observed.record), now.monotonic < end else {
                return .update(record(transitions: observed.record.transitions + 1, acquired: nil, at: now), over: observed)
            }
            let until = min(end, now.monotonic + settings.retryPeriod)
            phase = .resting(until: until)
            return .wait(until: until)
        case .asked: return .wait(until: now.monotonic + settings.retryPeriod)
        }
    }

    /// The step was taken up and an answer is awaited.
    public mutating func began(_ step: Step) {
        switch step {
        case .wait: return
        case .get: break
        case .create, .update: hasWritten = true
        }
        phase = .asked
    }

    /// - Parameters:
    ///   - sentAt: when the request was sent: trust is counted from there.
    ///   - jitterThousandths: 0 … 1000, by lot; spreads candidates that wait for the same lease.
    public mutating func answered(_ answer: Answer, sentAt: MonotonicTime, at now: MonotonicTime, jitterThousandths: Int64) {
        switch answer {
        case .found(let lease):
            observe(lease, at: now)
            phase = .deciding
        case .missing:
            observed = nil
            trustedUntil = nil
            phase = .deciding
        case .written(let lease):
            observe(lease, at: now)
            if lease.record.holder == settings.identity {
                trustedUntil = sentAt + settings.renewDeadline
            }
            phase = .resting(until: now + settings.retryPeriod)
        // A leader looks at once: it may be its own write, done though its answer was lost.
        case .conflict: phase = leads(at: now) ? .looking : .resting(until: now + spread(jitterThousandths))
        case .failed: phase = .resting(until: now + spread(jitterThousandths))
        }
    }

    /// What to write on the way out so that a successor need not wait; nil where we hold nothing. Trust ends at once.
    public mutating func release(at now: Now) -> Step? {
        guard leads(at: now.monotonic), let observed else { return nil }
        trustedUntil = nil
        var record = observed.record
        record.holder = ""
        record.durationSeconds = 1
        record.renewTime = microTime(now.wall)
        return .update(record, over: observed)
    }

    private mutating func observe(_ lease: ObservedLease, at now: MonotonicTime) {
        // The clock of another's lease starts again whenever its record changes, and only then.
        if observed?.record != lease.record { observedAt = now }
        observed = lease
        highestTransitions = max(highestTransitions, lease.record.transitions)
        if !isOurs(lease.record) { trustedUntil = nil }
    }

    private func isOurs(_ record: LeaseRecord) -> Bool { hasWritten && record.holder == settings.identity }

    /// When the lease of another is over; nil where nobody holds it.
    private func end(of record: LeaseRecord) -> MonotonicTime? {
        guard !record.holder.isEmpty else { return nil }
        // A record without duration, or with an absurd one, is given ours.
        let seconds = (1...3_600).contains(record.durationSeconds) ? Nanoseconds.seconds(record.durationSeconds) : settings.duration
        return observedAt + seconds
    }

    private func record(transitions: Int64, acquired: String?, at now: Now) -> LeaseRecord {
        let instant = microTime(now.wall)
        return LeaseRecord(
            holder: settings.identity, durationSeconds: settings.duration.count / 1_000_000_000, acquireTime: acquired ?? instant,
            renewTime: instant, transitions: transitions)
    }

    /// The retry period and up to a fifth more.
    private func spread(_ jitterThousandths: Int64) -> Nanoseconds {
        settings.retryPeriod + Nanoseconds(settings.retryPeriod.count / 5_000 * jitterThousandths)
    }
}
