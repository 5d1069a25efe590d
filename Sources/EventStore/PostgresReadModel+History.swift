public import Events
import PostgreSQL
import Quantities
public import ReadModel
import Schema

extension PostgresReadModel: LogHistory {
    /// Reads up to the heads of its beginning, in batches: a log that is written meanwhile is not followed.
    public func history(_ stretch: HistoryStretch, _ take: (LogRecord) -> Void) async throws {
        let (heads, starts, rosters) = try await bounds(of: stretch)
        for roster in rosters where roster.position.sequence <= starts[roster.position.stream] ?? 0 { take(roster) }
        let ends = heads.filter { stretch.covers($0.key) }
        var cursors = heads.filter { !stretch.covers($0.key) }.mapValues { _ in Int64.max }
        for stream in ends.keys { cursors[stream] = starts[stream] ?? 0 }
        let reader = LogReader(connection)
        while ends.contains(where: { cursors[$0.key] ?? 0 < $0.value }) {
            let batch = try await reader.batch(after: cursors)
            let places = batch.records.map(\.position) + batch.unreadable + batch.dropped
            // An end that is not reached and brings nothing was dropped or restored away meanwhile: the rest is history no more.
            guard places.contains(where: { ends[$0.stream] != nil }) else { return }
            for place in places { cursors[place.stream] = max(cursors[place.stream] ?? 0, place.sequence) }
            for record in batch.records where record.position.sequence <= ends[record.position.stream] ?? 0 && stretch.admits(record) { take(record) }
        }
    }

    private struct Place: Sendable {
        var identifier: Int64
        var stream: StreamName?
        var sequence: Int64
    }
    private typealias Bounds = (heads: [StreamName: Int64], starts: [StreamName: Int64], rosters: [LogRecord])

    /// Where each stream ends; where reading begins: a day before the stretch, for a shipper's clock may be ahead of the server's; and
    /// the rosters of all.
    private func bounds(of stretch: HistoryStretch) async throws -> Bounds {
        let day = stretch.from.microseconds > 0 ? String((stretch.from + .seconds(-86_400)).description.prefix(10)) : nil
        return try await connection.run { session throws(PostgresError) in
            try session.transaction(.snapshot) { () throws(PostgresError) in
                let ends = try session.query(Query.logHeads) { (row: borrowing PostgresRow) throws(PostgresError) -> Place in
                    Place(identifier: try row.value("stream_id"), stream: StreamName(try row.value("name")), sequence: try row.value("seq"))
                }
                let begins = try session.query(Query.logStarts, [.text(day)]) { (row: borrowing PostgresRow) throws(PostgresError) -> Place in
                    Place(identifier: try row.value("stream_id"), stream: nil, sequence: try row.value("seq"))
                }
                let names = Dictionary(uniqueKeysWithValues: ends.map { ($0.identifier, $0.stream) })
                var (heads, starts): ([StreamName: Int64], [StreamName: Int64]) = ([:], [:])
                for place in ends { if let stream = place.stream { heads[stream] = place.sequence } }
                for place in begins { if let stream = names[place.identifier] ?? nil { starts[stream] = place.sequence } }
                let rosters = try session.query(Query.logRosters) { (row: borrowing PostgresRow) throws(PostgresError) -> LogRecord in
                    let envelope = EventEnvelope(kind: "roster_declared", version: 1, at: WallTime(microseconds: 0), body: try row.value("body"))
                    let position = LogPosition(stream: StreamName(try row.value("stream")), sequence: try row.value("seq"))
                    return LogRecord(position: position, entry: .event(envelope), receivedAt: WallTime(microseconds: 0))
                }
                return (heads, starts, rosters)
            }
        }
    }
}
