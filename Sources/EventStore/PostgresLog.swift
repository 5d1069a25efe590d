public import Events
public import PostgreSQL
import Quantities
import Schema

/// The log on PostgreSQL: `LogMachine`'s protocol, answered by the functions `fairlead.open`,
/// `fairlead.append` and `fairlead.declare_lost`.
///
/// One statement per request, in a transaction of its own, so an answer means a commit. A thrown error means that nobody knows;
/// resending tells. One batch is in flight per stream, so one log with one connection serves one writer.
public struct PostgresLog: EventLog {
    private let connection: PostgresConnection

    public init(_ connection: PostgresConnection) { self.connection = connection }

    public func answer(_ request: LogRequest) async throws -> LogAnswer {
        switch request {
        case .open(let open): try await connection.run { session throws(PostgresError) in try Self.open(open, session) }
        case .append(let append): try await connection.run { session throws(PostgresError) in try Self.append(append, session) }
        case .declareLost(let loss): try await connection.run { session throws(PostgresError) in try Self.declareLost(loss, session) }
        }
    }

    static func open(_ request: OpenRequest, _ session: PostgresSession) throws(PostgresError) -> LogAnswer {
        let parameters: [PostgresParameter] = [.text(request.stream.text), .int8(request.highestEpochSeen), .int8(request.term)]
        return try session.queryOne(Query.logOpen, parameters) { row throws(PostgresError) in
            guard try row.value("answer") == "opened" else { return .refused(try refusal(row)) }
            let claim = StreamClaim(
                epoch: try row.value("epoch"), nonce: try row.value("nonce"),
                head: StreamHead(sequence: try row.value("seq"), digest: try row.digest("hash")))
            return .opened(claim, grant: try row.grant("grant_body"), newest: try newestTicks(row))
        }
    }

    static func append(_ request: AppendRequest, _ session: PostgresSession) throws(PostgresError) -> LogAnswer {
        do {
            return try append(WireBatch(request), of: request, session)
        } catch {
            guard isMalformed(error) else { throw error }
            // The server could not even read a parameter. Asked again with nothing but the flaw, it answers in the protocol's order, and counts.
            return try append(WireBatch(flaw: .malformedEntry), of: request, session)
        }
    }

    private static func append(_ batch: WireBatch, of request: AppendRequest, _ session: PostgresSession) throws(PostgresError) -> LogAnswer {
        let ticks = try session.compositeType("fairlead.tick_body", lookup: PostgresStatement(Query.compositeType))
        let events = try session.compositeType("fairlead.event_body", lookup: PostgresStatement(Query.compositeType))
        let parameters: [PostgresParameter] = [
            .text(request.stream.text), .int8(request.epoch), .int8(request.nonce), .int8(request.firstSequence),
            .bytea(request.previousDigest.bytes), .bytea(batch.kinds), .compositeArray(ticks, records: batch.ticks),
            .compositeArray(events, records: batch.events), .text(batch.flaw?.rawValue),
        ]
        return try session.queryOne(Query.logAppend, parameters) { row throws(PostgresError) in try answer(row) }
    }

    static func declareLost(_ request: LossRequest, _ session: PostgresSession) throws(PostgresError) -> LogAnswer {
        let lost = request.lost
        let parameters: [PostgresParameter] = [
            .text(request.stream.text), .int8(request.epoch), .int8(request.nonce), .int8(lost.first), .int8(lost.last),
            .bytea(lost.digestBefore.bytes), .bytea(lost.digestAfter.bytes), .text(lost.cause), .int8(request.at.microseconds),
        ]
        return try session.queryOne(Query.logDeclareLost, parameters) { row throws(PostgresError) in try answer(row) }
    }

    private static func answer(_ row: borrowing PostgresRow) throws(PostgresError) -> LogAnswer {
        let answer: String = try row.value("answer")
        switch answer {
        case "stored": return .stored(try head(row), grant: try row.grant("grant_body"))
        case "duplicate": return .duplicate(try head(row), grant: try row.grant("grant_body"))
        case "conflict": return .conflict(at: try row.value("seq"))
        case "out_of_order": return .outOfOrder(expected: try row.value("seq"))
        case "fenced": return .fenced(currentEpoch: try row.value("epoch"))
        case "head_moved_back": return .headMovedBack(try head(row))
        case "refused": return .refused(try refusal(row))
        default: throw PostgresError(.protocolViolation, "the log answered '\(answer)', which this binary does not know", context: "append")
        }
    }

    private static func head(_ row: borrowing PostgresRow) throws(PostgresError) -> StreamHead {
        StreamHead(sequence: try row.value("seq"), digest: try row.digest("hash"))
    }

    private static func refusal(_ row: borrowing PostgresRow) throws(PostgresError) -> LogRefusal {
        let word: String = try row.value("refusal")
        guard let refusal = LogRefusal(rawValue: word) else {
            throw PostgresError(.protocolViolation, "the log refused with '\(word)', which this binary does not know", context: "the log")
        }
        return refusal
    }

    private static func newestTicks(_ row: borrowing PostgresRow) throws(PostgresError) -> [PositionedTick] {
        guard let name: String = try row.value("newest_stream", as: String?.self) else { return [] }
        let sequences: [Int64] = try row.value("newest_seqs", as: [Int64]?.self) ?? []
        let bodies: [[UInt8]] = try row.value("newest_bodies", as: [[UInt8]]?.self) ?? []
        return zip(sequences, bodies).compactMap { sequence, body in
            // A row that this binary cannot read is a later version's: then there is no state to go on from, and the law starts anew.
            guard let tick = try? Tick(recordBytes: body) else { return nil }
            return PositionedTick(position: LogPosition(stream: StreamName(name), sequence: sequence), tick: tick)
        }
    }

    /// Data that the tables refuse. A check without a name is a partition that went missing meanwhile, and worth another try.
    private static func isMalformed(_ error: PostgresError) -> Bool {
        switch error.underlying {
        case "23514": error.constraint != nil
        case "23502", "08P01": true
        default: error.underlying.hasPrefix("22")
        }
    }
}
