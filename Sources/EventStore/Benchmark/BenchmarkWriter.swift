import Events
import PostgreSQL
import Quantities
import Schema

/// One statement of a part of the benchmark, ready to be sent.
enum BenchmarkCall: Sendable {
    case append([PostgresParameter], records: [[UInt8]])
    case jsonb([PostgresParameter])
    case copy([[UInt8]])

    func send(_ session: PostgresSession) throws(PostgresError) {
        switch self {
        case .append(var parameters, let records):
            // The type's number belongs to the database; the session asks once.
            let ticks = try session.compositeType("fairlead.tick_body", lookup: PostgresStatement(Query.compositeType))
            let events = try session.compositeType("fairlead.event_body", lookup: PostgresStatement(Query.compositeType))
            parameters += [.compositeArray(ticks, records: records), .compositeArray(events, records: []), .text(nil)]
            let answer = try session.queryOne(Query.logAppend, parameters) { row throws(PostgresError) in try row.value("answer", as: String.self) }
            guard answer == "stored" else { throw PostgresError(.other, "the log answered '\(answer)'", context: "bench") }
        case .jsonb(let parameters):
            try session.execute(Query.benchAppendJSONB, parameters)
        case .copy(let pieces):
            var rest = pieces.makeIterator()
            try session.copyIn(PostgresStatement(Query.benchCopyTicks)) { () throws(PostgresError) in rest.next() }
        }
    }
}

/// A stream of the benchmark: its ticks, and where its chain stands.
struct BenchmarkWriter {
    private static let copyPieceBytes = 64 << 10

    let name: StreamName
    private let claim: StreamClaim
    private let chain: HashChain
    private var head: StreamHead
    private var ticks: BenchmarkTicks
    private var jsonbSequence: Int64 = 1

    init(name: StreamName, claim: StreamClaim, chain: HashChain, seed: UInt64, flows: Int) {
        self.name = name
        self.claim = claim
        self.chain = chain
        self.head = claim.head
        self.ticks = BenchmarkTicks(seed: seed, flows: flows)
    }

    mutating func append(ticks count: Int) -> BenchmarkCall {
        let first = head
        var records: [[UInt8]] = []
        for _ in 0..<count {
            let entry = LogEntry(ticks.next())
            head = StreamHead(sequence: head.sequence + 1, digest: chain.digest(after: head.digest, sequence: head.sequence + 1, entry: entry))
            records.append(entry.recordBytes)
        }
        let parameters: [PostgresParameter] = [
            .text(name.text), .int8(claim.epoch), .int8(claim.nonce), .int8(first.sequence + 1), .bytea(first.digest.bytes),
            .bytea([UInt8](repeating: UInt8(ascii: "t"), count: count)),
        ]
        return .append(parameters, records: records)
    }

    mutating func jsonb(_ random: inout SplitMix) -> BenchmarkCall {
        let bodies = BenchmarkRows.jsonBodies(ticks.next())
        var identifiers: [String] = []
        for _ in bodies { identifiers.append(BenchmarkRows.identifier(&random)) }
        defer { jsonbSequence += Int64(bodies.count) }
        return .jsonb([.text(name.text), .int8(jsonbSequence), .textArray(identifiers), .textArray(bodies)])
    }

    mutating func copy(rows: Int) -> BenchmarkCall {
        var pieces: [[UInt8]] = []
        var piece = BenchmarkRows.copyHeader
        for sequence in 0..<rows {
            piece += BenchmarkRows.copyRow(stream: 1, sequence: Int64(sequence), digest: head.digest, record: ticks.next().recordBytes())
            if piece.count >= BenchmarkWriter.copyPieceBytes {
                pieces.append(piece)
                piece = []
            }
        }
        pieces.append(piece + BenchmarkRows.copyTrailer)
        return .copy(pieces)
    }
}
