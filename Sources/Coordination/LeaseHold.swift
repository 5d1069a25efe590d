import Events
public import Quantities

/// What the lease's table answered to an attempt to acquire or renew.
public enum LeaseAnswer: Equatable, Sendable {
    /// Held by the caller, under this term. The row expires `duration` after the log's clock read it.
    case held(term: Int64)
    case heldByOther(holder: String, term: Int64)
}

/// A central part's belief in its own leadership. A pure value.
///
/// The row in the database decides who leads. Local trust is narrower on purpose: it is counted on this machine's monotonic clock
/// from when the renewal was *sent*, and ends a margin before the row can expire, so that two never trust themselves at once (as
/// long as no clock runs faster than the margin allows). What slips through is fenced by the term in `append`.
public struct LeaseHold: Sendable {
    /// The part of the duration at whose end trust stops: 4/5.
    static let trustedThousandths: Int64 = 800

    private let duration: Nanoseconds
    private let renewEvery: Nanoseconds
    private var askedAt: MonotonicTime?
    private var isAsking = false
    public private(set) var term: Int64?
    /// When trust in the term ends unless the row is renewed before; nil where none is held.
    public private(set) var trustedUntil: MonotonicTime?

    public init(duration: Nanoseconds, renewEvery: Nanoseconds) {
        self.duration = duration
        self.renewEvery = renewEvery
    }

    /// The term in which this part may act now; nil where it does not lead or no longer trusts that it does.
    public func actingTerm(at now: MonotonicTime) -> Int64? {
        #if DEBUG
        if PlantedBug.actsAfterTrust.isPlanted { return term }
        #endif
        guard let term, let trustedUntil, now < trustedUntil else { return nil }
        return term
    }

    /// Whether the row should be asked for now; counts as asked.
    public mutating func shouldAsk(at now: MonotonicTime) -> Bool {
        guard !isAsking else { return false }
        if let askedAt, now < askedAt + renewEvery { return false }
        askedAt = now
        isAsking = true
        return true
    }

    /// Returns true where the term changed: gained, lost, or a new one.
    public mutating func answered(_ answer: LeaseAnswer) -> Bool {
        isAsking = false
        let before = term
        switch answer {
        case .held(let term):
            self.term = term
            trustedUntil = askedAt.map { $0 + Nanoseconds(duration.count / 1000 * LeaseHold.trustedThousandths) }
        case .heldByOther:
            term = nil
            trustedUntil = nil
        }
        return before != term
    }

    /// The question went unanswered: trust goes on until it ends by itself.
    public mutating func unanswered() { isAsking = false }

    /// Gives the term up, because its writer was fenced.
    public mutating func deposed() {
        term = nil
        trustedUntil = nil
    }
}
