import Events
import PostgreSQL
import Quantities
import Schema

/// One statement of a part of the benchmark, ready to be sent.
enum BenchmarkCall: Sendable {
    case append([PostgresParameter])
    case jsonb([PostgresParameter])
    case copy([[UInt8]])

    func send(_ session: PostgresSession) throws(PostgresError) {
        switch self {
        case .append(let parameters):
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

/// The numbers that the log's types have in the benchmark's database.
struct BenchmarkTypes: Sendable {
    let ticks: CompositeType
    let events: CompositeType

    init(_ session: PostgresSession) throws(PostgresError) {
        ticks = try session.compositeType("fairlead.tick_body", lookup: PostgresStatement(Query.compositeType))
        events = try session.compositeType("fairlead.event_body", lookup: PostgresStatement(Query.compositeType))
    }
}

/// A stream of the benchmark: its ticks, and where its chain stands.
struct BenchmarkWriter {
    private static let copyPieceBytes = 64 << 10

    let name: StreamName
    private let claim: StreamClaim
    private let types: BenchmarkTypes
    private let chain: HashChain
    private var head: StreamHead
    private var ticks: BenchmarkTicks
    private var jsonbSequence: Int64 = 1

    init(name: StreamName, claim: StreamClaim, types: BenchmarkTypes, chain: HashChain, seed: UInt64, flows: Int) {
        self.name = name
        self.claim = claim
        self.types = types
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
            .bytea([UInt8](repeating: UInt8(ascii: "t"), count: count)), .compositeArray(types.ticks, records: records),
            .compositeArray(types.events, records: []), .text(nil),
        ]
        return .append(parameters)
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
