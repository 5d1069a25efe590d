public import Quantities

/// A request to the log. There are three, and a shipper's role may call no other.
public enum LogRequest: Hashable, Sendable {
    case open(OpenRequest)
    case append(AppendRequest)
    case declareLost(LossRequest)

    public var stream: StreamName {
        switch self {
        case .open(let request): request.stream
        case .append(let request): request.stream
        case .declareLost(let request): request.stream
        }
    }
}

/// Claims a stream for one writer. Every older claim is fenced from then on.
public struct OpenRequest: Hashable, Sendable {
    public var stream: StreamName
    /// The highest epoch that the caller has ever held or seen for this stream; the new one is above it, even where the
    /// database was restored to an older state.
    public var highestEpochSeen: Int64
    /// A central producer's epoch is its lease's term: exactly this. Nil for a spool.
    public var term: Int64?

    /// How far above the stream's own epoch the new one may lie: an epoch near the largest number would leave no next one to anybody.
    public static let maximumLead: Int64 = 1_000_000_000

    public init(stream: StreamName, highestEpochSeen: Int64, term: Int64? = nil) {
        self.stream = stream
        self.highestEpochSeen = highestEpochSeen
        self.term = term
    }
}

/// A batch in order. One batch is in flight per stream.
public struct AppendRequest: Hashable, Sendable {
    /// The most entries in one call, and the most bytes of them; more is refused.
    public static let maximumEntries = 500
    public static let maximumBytes = 4 << 20
    /// What one entry of a cluster's stream may have, in canonical bytes. Readers hold pages of entries in memory: without this
    /// bound one site's role could fill that of the centre. The centre's own entries are as large as its fleet.
    public static let maximumEntryBytesOfCluster = 131_072

    public var stream: StreamName
    public var epoch: Int64
    public var nonce: Int64
    public var firstSequence: Int64
    /// The digest at `firstSequence − 1`, as the writer knows it.
    public var previousDigest: Digest
    public var entries: [LogEntry]

    public init(
        stream: StreamName, epoch: Int64, nonce: Int64, firstSequence: Int64, previousDigest: Digest, entries: [LogEntry]
    ) {
        self.stream = stream
        self.epoch = epoch
        self.nonce = nonce
        self.firstSequence = firstSequence
        self.previousDigest = previousDigest
        self.entries = entries
    }
    public var lastSequence: Int64 { firstSequence + Int64(entries.count) - 1 }
}

/// A writer's hold on a stream.
public struct StreamClaim: Hashable, Sendable {
    public var epoch: Int64
    /// Drawn by the log at each open: tells two claims of one epoch apart after a restore.
    public var nonce: Int64
    public var head: StreamHead

    public init(epoch: Int64, nonce: Int64, head: StreamHead) {
        self.epoch = epoch
        self.nonce = nonce
        self.head = head
    }
}

/// The end of a stream: the last sequence number stored (0 for none) and the digest there.
public struct StreamHead: Hashable, Sendable {
    public var sequence: Int64
    public var digest: Digest

    public init(sequence: Int64, digest: Digest) {
        self.sequence = sequence
        self.digest = digest
    }
}

/// A tick's row in its place.
public struct PositionedTick: Hashable, Sendable {
    public var position: LogPosition
    public var tick: Tick
    public init(position: LogPosition, tick: Tick) {
        self.position = position
        self.tick = tick
    }
}

/// What the log answered.
public enum LogAnswer: Equatable, Sendable {
    /// The stream is the caller's. `newest` are the rows of the last tick that any spool of the cluster stored, so that a new
    /// replica continues from their law states rather than starts; empty for a central part.
    case opened(StreamClaim, grant: Grant?, newest: [PositionedTick])
    /// All is on the log; the head is now this. Carries the newest grant of the writer's cluster.
    case stored(StreamHead, grant: Grant?)
    /// All of it was on the log before, byte for byte.
    case duplicate(StreamHead, grant: Grant?)
    /// Something else stands at this sequence number: an alarm, never silent. Nothing was written.
    case conflict(at: Int64)
    /// There is a gap: the log expects this sequence number next. Nothing was written.
    case outOfOrder(expected: Int64)
    /// A newer claim exists. Nothing was written; this writer must stop and may open again.
    case fenced(currentEpoch: Int64)
    /// The log is older than what it once acknowledged (a restore, a failover): open again and send from the head on.
    case headMovedBack(StreamHead)
    /// The request itself is wrong: empty, too large, unreadable, of an absurd time or epoch, of a kind that the log does not know, not
    /// this caller's stream, or not this stream's to tell. Nothing was written.
    case refused(LogRefusal)
}

/// Why a request was refused as such. Repeating it will not help.
public enum LogRefusal: String, Sendable, CaseIterable {
    case unknownStream = "unknown-stream"
    case notYourStream = "not-your-stream"
    case emptyBatch = "empty-batch"
    case batchTooLarge = "batch-too-large"
    case malformedEntry = "malformed-entry"
    case staleTerm = "stale-term"
    case noPartition = "no-partition"
    case foreignKind = "foreign-kind"
    case absurdTime = "absurd-time"
    case entryTooLarge = "entry-too-large"
    case unknownKind = "unknown-kind"
    case futureVersion = "future-version"
    case nameTooLong = "name-too-long"
    case absurdEpoch = "absurd-epoch"

    /// What is wrong and what helps, for people.
    public var sentence: String {
        switch self {
        case .unknownStream: "the log has no such stream; it is opened before it is written"
        case .notYourStream: "this login role may not write the stream; an administrator enrolls it"
        case .emptyBatch: "the request holds no entry"
        case .batchTooLarge:
            "the request holds more than \(AppendRequest.maximumEntries) entries or \(AppendRequest.maximumBytes) bytes"
        case .malformedEntry: "an entry is not what its columns say, or its body is no JSON"
        case .staleTerm: "the log has seen a newer term"
        case .noPartition: "the table of the day is missing; an administrator runs fairlead db partitions"
        case .foreignKind: "an entry is of a kind that this stream may not tell: a shipper tells ticks and what it did, the centre grants"
        case .entryTooLarge:
            "an entry of a cluster's stream is larger than \(AppendRequest.maximumEntryBytesOfCluster) bytes; give fewer flows and workloads to one cluster"
        case .unknownKind: "an entry is of a kind that the log's schema does not know; migrate the database before its writers are replaced"
        case .futureVersion:
            "an entry is of a later version than the log's schema knows of its kind; migrate the database before its writers are replaced"
        case .nameTooLong: "the stream's name is longer than \(StreamName.maximumBytes) bytes; give the cluster a shorter id"
        case .absurdEpoch:
            "the epoch claimed lies more than \(OpenRequest.maximumLead) above the stream's own; such a spool is set aside, and a new stream begun"
        case .absurdTime:
            "an entry's time lies outside \(WallTime.plausible.lowerBound) to \(WallTime.plausible.upperBound); set the writer's clock"
        }
    }
}

/// The log, for adapters and for the conformance suite. Processes never see it: they have `LogRequest` effects and `LogAnswer` inputs.
public protocol EventLog: Sendable {
    /// Throws where the log could not be asked or did not answer: then it is unknown whether the request took effect.
    func answer(_ request: LogRequest) async throws -> LogAnswer
}
