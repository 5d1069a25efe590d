/// A stream's entries in order from its first, nil inside a range that was declared lost. A long list in pieces, of which a copy shares all but the
/// last, like `PiecewiseArray`; a full piece is one run of bytes, so that what is kept for days is few blocks of memory instead of one for each entry,
/// among which all that is short-lived would lie scattered.
public struct EntryList: Sendable {
    private struct Piece: Sendable {
        var bytes: [UInt8] = []
        /// Where each entry ends in `bytes`.
        var ends: [Int32] = []
        /// The kind byte of each; 0 for none.
        var kinds: [UInt8] = []

        init() {}
        init(_ entries: [LogEntry?]) {
            bytes.reserveCapacity(entries.reduce(0) { $0 + ($1?.recordBytes.count ?? 0) })
            ends.reserveCapacity(entries.count)
            kinds.reserveCapacity(entries.count)
            for entry in entries {
                if let entry { bytes += entry.recordBytes }
                ends.append(Int32(bytes.count))
                kinds.append(entry?.kindByte ?? 0)
            }
        }
        subscript(index: Int) -> LogEntry? {
            let begin = index == 0 ? 0 : Int(ends[index - 1])
            return kinds[index] == 0 ? nil : LogEntry(kindByte: kinds[index], recordBytes: Array(bytes[begin..<Int(ends[index])]))
        }
    }
    /// Of `length` entries each; without any where they were forgotten.
    private var full: [Piece] = []
    private var last: [LogEntry?] = []
    private static let length = 64

    public init() {}

    /// So many entries were appended and not taken back, the forgotten ones included.
    public var count: Int { full.count * EntryList.length + last.count }

    /// - Parameter index: from 0; of none that was forgotten.
    public subscript(index: Int) -> LogEntry? {
        let piece = index / EntryList.length
        return piece < full.count ? full[piece][index % EntryList.length] : last[index - full.count * EntryList.length]
    }

    public mutating func append(_ entry: LogEntry?) {
        last.append(entry)
        guard last.count == EntryList.length else { return }
        full.append(Piece(last))
        last = []
    }

    /// Keeps the first `count` entries, of which none next to the cut may have been forgotten.
    mutating func keep(first count: Int) {
        let pieces = count / EntryList.length
        if pieces < full.count {
            last = (0..<EntryList.length).map { full[pieces][$0] }
            full.removeSubrange(pieces...)
        }
        last.removeSubrange((count - full.count * EntryList.length)...)
    }

    /// The entries before `index` will not be asked for again. Their memory is given back by the piece.
    public mutating func forget(before index: Int) {
        var piece = min(index / EntryList.length, full.count)
        while piece > 0, !full[piece - 1].kinds.isEmpty {
            piece -= 1
            full[piece] = Piece()
        }
    }
}
