public import Quantities

/// Closes a hole in a stream: what the writer once numbered and can no longer supply.
///
/// The head moves over the range, to the digest that the writer's own chain has at its end, so that what follows keeps its numbers
/// and digests. At the range's last number the log stores one `entries_lost` event as the closing record; nothing else ever stands
/// in the range. A closing record is no proof of itself, since its digest cannot be recomputed: the writer also spools the same fact
/// as an ordinary entry further on, inside the chain, and `LogVerifier` wants both.
public struct LossRequest: Hashable, Sendable {
    /// The most entries that one record closes; a longer hole takes several.
    public static let maximumCount: Int64 = 100_000_000

    public var stream: StreamName
    public var epoch: Int64
    public var nonce: Int64
    public var lost: LostRange
    /// When the writer found out, by its civil clock.
    public var at: WallTime

    public init(stream: StreamName, epoch: Int64, nonce: Int64, lost: LostRange, at: WallTime) {
        self.stream = stream
        self.epoch = epoch
        self.nonce = nonce
        self.lost = lost
        self.at = at
    }

    /// The closing record, as it is stored at `lost.last`.
    public var closingRecord: LogEntry { LogEntry(EventEnvelope(.entriesLost(lost), at: at)) }

    /// Whether the range is one that the log takes: forward, bounded, its cause one plain word.
    public var isWellFormed: Bool {
        lost.first >= 1 && lost.last >= lost.first && lost.last - lost.first < LossRequest.maximumCount
            && (1...40).contains(lost.cause.utf8.count)
            && lost.cause.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "-") }
    }
}

extension LostRange {
    public var count: Int64 { last - first + 1 }

    /// Whether an entry at this number is the closing record of its range, rather than the mention of it further on.
    public func isClosed(at sequence: Int64) -> Bool { sequence == last }
}
