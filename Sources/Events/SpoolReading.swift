public import Quantities

/// What a spool had after a sequence number: a run of entries without a hole, or the hole that begins there, or nothing yet.
public struct SpoolReading: Equatable, Sendable {
    /// A range that the spool can no longer supply.
    public struct Hole: Equatable, Sendable {
        public var last: Int64
        /// The digest of the chain before the range; nil where the spool has forgotten it: the log that asks knows its own.
        public var digestBefore: Digest?
        public var digestAfter: Digest
        public var cause: String

        public init(last: Int64, digestBefore: Digest?, digestAfter: Digest, cause: String) {
            self.last = last
            self.digestBefore = digestBefore
            self.digestAfter = digestAfter
            self.cause = cause
        }
    }

    /// The digest before the first entry, as the spool knows it; nil where it has forgotten it.
    public var previousDigest: Digest?
    /// In order, from the very next sequence number on. Empty before a hole.
    public var entries: [LogEntry]
    /// The digest after each entry.
    public var digests: [Digest]
    /// Set where the very next entry cannot be supplied.
    public var hole: Hole?

    public init(previousDigest: Digest?, entries: [LogEntry], digests: [Digest], hole: Hole? = nil) {
        precondition(entries.count == digests.count, "each entry has its digest")
        self.previousDigest = previousDigest
        self.entries = entries
        self.digests = digests
        self.hole = hole
    }

    /// Nothing could be read.
    public static let nothing = SpoolReading(previousDigest: nil, entries: [], digests: [])
}
