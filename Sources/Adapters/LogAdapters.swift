public import Coordinator
public import Events
public import EventStore
import PostgreSQL

/// The streams of the log, read by cursor.
public struct CoordinatorLogSource: LogSource {
    private let reader: LogReader
    public init(_ reader: LogReader) { self.reader = reader }

    public func records(after cursors: [StreamName: Int64]) async throws -> (records: [LogRecord], isComplete: Bool) {
        try await reader.records(after: cursors)
    }
}
