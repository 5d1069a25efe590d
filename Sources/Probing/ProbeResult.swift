public import Quantities

/// What one probe learned.
public struct ProbeResult: Sendable, Equatable {
    /// Grows by one per probe of a target, from a random start; wraps.
    public let sequence: UInt32
    /// When the probe left, so that what was sent before a change can be told from what was sent after it.
    public let sentAt: MonotonicTime
    public let outcome: ProbeOutcome

    public init(sequence: UInt32, sentAt: MonotonicTime, outcome: ProbeOutcome) {
        self.sequence = sequence
        self.sentAt = sentAt
        self.outcome = outcome
    }
}

public enum ProbeOutcome: Sendable, Equatable {
    /// The way there and back without the reflector's own time: (T4 − T1) − (T3 − T2), RFC 8762. Never negative.
    case roundTrip(Nanoseconds)
    /// Sent, and no answer within the target's timeout. A probe that could not leave has no result at all: loss is a property of
    /// what was sent (RFC 7680 §2.4), and our own trouble must not look like the network's.
    case lost
}

/// What happened to one target's probes since it was started. Every number only grows.
public struct ProbeCounters: Sendable, Equatable {
    /// Handed to the kernel.
    public var sent: UInt64 = 0
    public var roundTrips: UInt64 = 0
    public var lost: UInt64 = 0
    /// Did not leave: no address, no connection, or the kernel would not send it. Neither sent nor lost; `ProbeBatch.trouble` says why.
    public var unsent: UInt64 = 0
    /// Answered after it had been counted as lost.
    public var late: UInt64 = 0
    /// Answered a second time.
    public var duplicate: UInt64 = 0
    /// Of a wrong length.
    public var malformed: UInt64 = 0
    /// The authenticator is wrong.
    public var forged: UInt64 = 0
    /// Authentic, but no answer to a probe of this session: another session, sequence or time.
    public var stranger: UInt64 = 0
    /// The reflector's times are impossible: it left before it came, or stayed longer than the whole round trip.
    public var implausible: UInt64 = 0
    /// Dropped because the civil clock was stepped while the probe was under way.
    public var clockStepped: UInt64 = 0
    /// The kernel gave no receive timestamp, so our own clock stood in; such results carry the scheduler's delay.
    public var withoutKernelTimestamp: UInt64 = 0
    /// The target's machine said that nobody listens (ICMP port unreachable, TCP reset).
    public var refused: UInt64 = 0
    /// Send slots passed over because the thread came too late for them.
    public var skippedSlots: UInt64 = 0
    /// Results dropped, oldest first, because nobody drained them.
    public var overflowed: UInt64 = 0
    /// TCP: connections established.
    public var connections: UInt64 = 0

    public init() {}
}

/// What `Prober.drain()` hands over for one target.
public struct ProbeBatch: Sendable {
    /// In the order in which they were decided: a lost probe comes after later ones that were answered.
    public let results: [ProbeResult]
    public let counters: ProbeCounters
    /// Why probes do not leave, while they do not: a name that does not resolve, an interface that is gone.
    public let trouble: String?
}
