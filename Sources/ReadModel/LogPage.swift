public import Events
public import Quantities

/// A page of the log.
public struct LogPage: Sendable {
    public static let maximumRecords = 200

    /// Newest first.
    public var records: [LogRecord]
    /// Where the next, older page begins; nil at the end.
    public var next: LogCursor?

    public init(records: [LogRecord], next: LogCursor?) {
        self.records = records
        self.next = next
    }
}

/// A place between two entries in the order of a log page. There is no order over all streams but the one by the log's own clock.
public struct LogCursor: Hashable, Sendable, CustomStringConvertible {
    public var receivedAt: WallTime
    public var position: LogPosition

    public init(receivedAt: WallTime, position: LogPosition) {
        self.receivedAt = receivedAt
        self.position = position
    }

    /// `1764000000000000@plant-a/4f21c09a/118`, as it stands in an address.
    public var description: String { "\(receivedAt.microseconds)@\(position)" }

    /// Reads what `description` writes; nil where it is none.
    public init?(parsing text: String) {
        guard let at = text.firstIndex(of: "@"), let microseconds = Int64(text[..<at]),
            let position = LogPosition(parsing: String(text[text.index(after: at)...]))
        else { return nil }
        self.init(receivedAt: WallTime(microseconds: microseconds), position: position)
    }
}
