public import Events
public import Quantities

/// What a shipper wants done outside. The driver carries the effects out in order; none is ever dropped.
public enum ShipperEffect: Sendable, Equatable {
    /// Make these durable, with the key values, in one transaction; then report `spooled` or `spoolFailed`.
    case spool(SpoolBatch)
    /// Set a workload's limit; then report `patchSettled`.
    case patch(WorkloadPatch)
    /// Ask the log; then report `logAnswered` or `logUnreachable`.
    case send(LogRequest)
    /// Read from the spool what follows this sequence number; then report `spoolRead`.
    case readSpool(after: Int64)
    case acknowledge(upTo: Int64)
    /// Store the highest epoch seen before the next `send`.
    case rememberEpoch(Int64)
    /// Set the spool aside, keep its file, and make a new one with a stream of its own; then report `spoolRenewed` or
    /// `spoolRenewalFailed`.
    case renewSpool(reason: String)
    /// Give a `woke` input at this time.
    case wake(at: MonotonicTime)
    /// Say this to people: one line per change, not per tick.
    case note(ShipperNote)
}

/// Entries whose sequence numbers and digests are fixed from now on.
public struct SpoolBatch: Sendable, Equatable {
    public struct Entry: Sendable, Equatable {
        public var sequence: Int64
        public var digest: Digest
        public var entry: LogEntry
        public init(sequence: Int64, digest: Digest, entry: LogEntry) {
            self.sequence = sequence
            self.digest = digest
            self.entry = entry
        }
    }
    public var id: Int64
    public var entries: [Entry]
    /// States to keep beside the entries: base delays, law states, by key.
    public var keyValues: [String: [UInt8]]
    /// A loss that one of the entries mentions: the spool need not tell of it any more.
    public var mentioned: LostRange?
    public init(id: Int64, entries: [Entry], keyValues: [String: [UInt8]], mentioned: LostRange? = nil) {
        self.id = id
        self.entries = entries
        self.keyValues = keyValues
        self.mentioned = mentioned
    }
}

/// One limit to set, carrying whom it serves.
public struct WorkloadPatch: Sendable, Equatable {
    public var workload: WorkloadID
    /// The total over all replicas.
    public var desired: BitRate
    /// What was read back at the tick that decided this; nil for unlimited.
    public var before: BitRate?
    /// The decision carried out; nil where it could not be spooled (the brake does not wait for a broken disk).
    public var decision: LogPosition?
    /// The coordinator's term that the shipper knows.
    public var term: Int64
    /// Whether it lies above what was read back at its tick. What does not raises no object, though its share of `desired` be more than stands on it: between
    /// the tick and the patch somebody may have lowered it, or written a limit of his own on the object beside it.
    public var isRaise: Bool { before.map { desired > $0 } ?? false }

    public init(workload: WorkloadID, desired: BitRate, before: BitRate?, decision: LogPosition?, term: Int64) {
        self.workload = workload
        self.desired = desired
        self.before = before
        self.decision = decision
        self.term = term
    }
}

/// A line for people: constant message, facts beside it.
public struct ShipperNote: Sendable, Equatable {
    public enum Level: String, Sendable { case info, warning, error }
    public var level: Level
    public var message: String
    public var facts: [String: String]
    public init(_ level: Level, _ message: String, _ facts: [String: String] = [:]) {
        self.level = level
        self.message = message
        self.facts = facts
    }
}
