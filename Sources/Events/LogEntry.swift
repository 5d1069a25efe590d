import JSONDocument
public import Quantities

/// One entry of a stream: a tick's row, or an event. Both share one run of sequence numbers.
public enum LogEntry: Hashable, Sendable {
    case tick(recordBytes: [UInt8])
    case event(recordBytes: [UInt8])

    public init(_ tick: Tick) { self = .tick(recordBytes: tick.recordBytes()) }
    public init(_ event: EventEnvelope) { self = .event(recordBytes: event.recordBytes()) }

    /// The byte that stands for the kind in the digest: `t` or `e`.
    public var kindByte: UInt8 {
        switch self {
        case .tick: UInt8(ascii: "t")
        case .event: UInt8(ascii: "e")
        }
    }
    public var recordBytes: [UInt8] {
        switch self {
        case .tick(let bytes), .event(let bytes): bytes
        }
    }

    /// Remakes an entry from what a spool kept; nil for an unknown kind.
    public init?(kindByte: UInt8, recordBytes: [UInt8]) {
        switch kindByte {
        case UInt8(ascii: "t"): self = .tick(recordBytes: recordBytes)
        case UInt8(ascii: "e"): self = .event(recordBytes: recordBytes)
        default: return nil
        }
    }

    public func decoded() throws(RecordError) -> DecodedEntry {
        switch self {
        case .tick(let bytes): .tick(try Tick(recordBytes: bytes))
        case .event(let bytes): .event(try EventEnvelope(recordBytes: bytes))
        }
    }
}

/// An entry, read. An event in a box of its own, as a row is: both are handed on by many.
public enum DecodedEntry: Equatable, Sendable {
    case tick(Tick)
    indirect case event(EventEnvelope)
}

/// An entry as the log reads it before it stores it: an event's body once, for all who want to know what it tells.
public struct ReadEntry: Sendable {
    public let entry: DecodedEntry
    /// What an event tells; nil for a row, and where the body does not fit its kind.
    public let fact: Fact?
    /// Whether an event's body can be read at all. (PostgreSQL also refuses the few texts that its jsonb cannot hold, such as a NUL character.)
    let isJSON: Bool

    init(_ entry: DecodedEntry) {
        self.entry = entry
        guard case .event(let envelope) = entry else {
            (fact, isJSON) = (nil, true)
            return
        }
        // What is wrong with a body does not matter: the answer is one word, and what does not fit is no fact.
        let json = try? JSONValue(parsing: envelope.body)
        fact = json.flatMap { try? envelope.fact(in: $0) }
        isJSON = json != nil
    }
}

/// An entry in its place on the log, as a reader gets it.
public struct LogRecord: Equatable, Sendable {
    public var position: LogPosition
    public var entry: DecodedEntry
    /// When the log stored it, by the log's own clock.
    public var receivedAt: WallTime
    /// What an event tells, where whoever read the entry has read its body already; nil where he has not.
    public var fact: Fact?

    public init(position: LogPosition, entry: DecodedEntry, receivedAt: WallTime, fact: Fact? = nil) {
        self.position = position
        self.entry = entry
        self.receivedAt = receivedAt
        self.fact = fact
    }

    /// What an event tells, read at most once; nil for a row.
    public func readFact() throws(FactError) -> Fact? {
        if let fact { return fact }
        guard case .event(let envelope) = entry else { return nil }
        return try envelope.fact()
    }
}

/// A fact in its envelope: kind, version of its body, civil time, and the body as the exact JSON text that is hashed.
public struct EventEnvelope: Hashable, Sendable {
    public static let columnCount = 4

    public var kind: String
    public var version: Int16
    public var at: WallTime
    public var body: String

    public init(kind: String, version: Int16, at: WallTime, body: String) {
        self.kind = kind
        self.version = version
        self.at = at
        self.body = body
    }

    public init(_ fact: Fact, at: WallTime) {
        self.init(kind: fact.kind, version: Fact.version, at: at, body: fact.body.text)
    }

    /// The columns of `fairlead.event_body`: kind text, version int2, at_us int8, body text.
    public func recordBytes() -> [UInt8] {
        var record = RecordWriter(columnCount: EventEnvelope.columnCount, capacity: 64 + kind.utf8.count + body.utf8.count)
        record.column(text: kind)
        record.column(int2: version)
        record.column(int8: at.microseconds)
        record.column(text: body)
        return record.finished()
    }

    public init(recordBytes: [UInt8]) throws(RecordError) {
        var record = try RecordReader(recordBytes, columnCount: EventEnvelope.columnCount)
        self.init(
            kind: try record.required(try record.text(), "kind"), version: try record.required(try record.int2(), "version"),
            at: WallTime(microseconds: try record.required(try record.int8(), "at_us")),
            body: try record.required(try record.text(), "body"))
        try record.finish()
    }
}

/// The hash chain of one stream.
///
///     digest(0) = SHA-256("fairlead-log/1 " ‖ stream name)
///     digest(n) = SHA-256(digest(n−1) ‖ n as int8 in network order ‖ kind byte ‖ record bytes)
///
/// The epoch is not covered: a resend comes under a new one.
public struct HashChain: Sendable {
    private let hash: HashFunction
    public init(_ hash: HashFunction) { self.hash = hash }

    public func genesis(of stream: StreamName) -> Digest {
        hash.digest(Array("fairlead-log/1 \(stream)".utf8))
    }

    public func digest(after previous: Digest, sequence: Int64, entry: LogEntry) -> Digest {
        let record = entry.recordBytes
        var bytes: [UInt8] = []
        bytes.reserveCapacity(41 + record.count)
        previous.append(to: &bytes)
        for place in 0..<8 as Range<Int64> { bytes.append(UInt8(truncatingIfNeeded: sequence >> (56 - 8 * place))) }
        bytes.append(entry.kindByte)
        bytes += record
        return hash.digest(bytes)
    }
}
