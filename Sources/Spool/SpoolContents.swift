public import Events
public import Quantities

/// One entry with its place in the chain, as it is kept.
public struct SpooledEntry: Hashable, Sendable {
    public var sequence: Int64
    /// The digest of the chain after this entry.
    public var digest: Digest
    public var entry: LogEntry

    public init(sequence: Int64, digest: Digest, entry: LogEntry) {
        self.sequence = sequence
        self.digest = digest
        self.entry = entry
    }
}

/// Entries that the spool can no longer supply, to be declared on the log as `entriesLost`.
public struct SpoolLoss: Hashable, Sendable {
    public enum Cause: String, Sendable, CaseIterable {
        /// Dropped, oldest first, because the spool reached its bound.
        case full
        /// The record was found damaged on disk.
        case damaged
        /// Not kept any more, and the reason neither: acknowledged once and asked for again by a log that went further back than the
        /// spool keeps, or dropped by a predecessor that had mentioned it already.
        case forgotten
    }
    public var first: Int64
    public var last: Int64
    /// The digests of the chain around the range. `before` is nil where the spool has forgotten it (`forgotten` only): the log
    /// that asks knows it.
    public var digestBefore: Digest?
    public var digestAfter: Digest
    public var cause: Cause

    public init(first: Int64, last: Int64, digestBefore: Digest?, digestAfter: Digest, cause: Cause) {
        self.first = first
        self.last = last
        self.digestBefore = digestBefore
        self.digestAfter = digestAfter
        self.cause = cause
    }
    public var count: Int64 { last - first + 1 }
}

/// A run of entries without a hole, or the hole itself.
public struct SpoolBatch: Equatable, Sendable {
    /// The digest before the first entry; nil where `missing` is set and the spool has forgotten it.
    public var previousDigest: Digest?
    /// In order, from the very next one on. Empty at the head and before a hole.
    public var entries: [SpooledEntry]
    /// Set where the very next entry cannot be supplied: how far the hole reaches.
    public var missing: SpoolLoss?

    public init(previousDigest: Digest?, entries: [SpooledEntry], missing: SpoolLoss? = nil) {
        self.previousDigest = previousDigest
        self.entries = entries
        self.missing = missing
    }
}

/// What stands in the spool, read once at start.
public struct SpoolContents: Equatable, Sendable {
    public var stream: StreamName
    /// The last spooled entry; nil where none ever was.
    public var head: StreamHead?
    /// The highest sequence number that the log said it holds; 0 for none.
    public var acknowledged: Int64
    public var highestEpochSeen: Int64
    public var highestTermSeen: Int64
    public var entryCount: Int
    /// Bytes counted against the bound: records, and `SpoolLimits.entryOverhead` for each entry.
    public var byteCount: Int
    /// Records found damaged since the spool was made.
    public var damagedCount: Int
    public var values: [String: [UInt8]]
    /// Losses that no appended entry declares yet, in order.
    public var undeclared: [SpoolLoss]

    /// The part of the stream's name that is the spool's own; the whole name for a central part.
    public var spoolID: String {
        guard let slash = stream.text.lastIndex(of: "/") else { return stream.text }
        return String(stream.text[stream.text.index(after: slash)...])
    }
}

/// The bounds of a spool, each with what happens there.
public struct SpoolLimits: Equatable, Sendable {
    /// Bytes of entries kept. At the bound acknowledged entries go first, then the oldest unsent ones, which are then lost and
    /// told as `SpoolLoss`. A cluster with 20 flows ticking every 5 s writes about 40 MB a day.
    public var maximumBytes: Int
    /// Entries forgotten by one `acknowledge` or `prune`; the rest is left to the next call.
    public var pruneEntries: Int
    /// How long acknowledged entries stay, so that a log restored from a backup of yesterday can be healed. Enforced at each
    /// `acknowledge`, by the wall clock: a clock that jumps costs healing copies, never an unsent entry.
    public var grace: Nanoseconds

    /// What an entry costs beside its record: its row and its share of a page. Counted so that many small ones are bounded too.
    public static let entryOverhead = 64
    /// Values are small states: at most this many, and this many bytes each. More is our own mistake.
    public static let maximumValues = 4_096
    public static let maximumValueBytes = 64 << 10
    /// The file may be longer than what it holds: free pages, the values, the tree. It stops growing at twice the bound and this.
    public static let fileReserve = 16 << 20

    public init(maximumBytes: Int = 128 << 20, pruneEntries: Int = 500, grace: Nanoseconds = .seconds(24 * 3_600)) {
        precondition(maximumBytes > 0 && pruneEntries > 0 && grace >= .zero, "a bound is positive")
        self.grace = grace
        self.maximumBytes = maximumBytes
        self.pruneEntries = pruneEntries
    }
}

/// A fresh id for a spool, eight hexadecimal digits; the second part of its stream's name.
public func newSpoolID(using generator: inout some RandomNumberGenerator) -> String {
    let digits = String(UInt32.random(in: 0...UInt32.max, using: &generator), radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
}
