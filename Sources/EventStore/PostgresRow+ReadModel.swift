import Events
import JSONDocument
import PostgreSQL
import Quantities
import ReadModel

/// A row of `read_clusters`.
struct ClusterRow: Sendable {
    var cluster: ClusterID
    var firing: Int
    var pending: Int
    var tick: PositionedTick?
    var receivedAt: WallTime?
    var roster: Roster?

    init(_ row: borrowing PostgresRow) throws(PostgresError) {
        cluster = ClusterID(try row.value("cluster"))
        firing = Int(try row.value("firing", as: Int64.self))
        pending = Int(try row.value("pending", as: Int64.self))
        roster = try row.roster()
        guard try row.value("seq", as: Int64?.self) != nil else { return }
        tick = try row.positionedTick()
        receivedAt = WallTime(microseconds: try row.value("received_us"))
    }
}

/// An entry of a log page; without a record where this binary cannot read it.
struct PageEntry: Sendable {
    var cursor: LogCursor
    var record: LogRecord?

    init(_ row: borrowing PostgresRow) throws(PostgresError) {
        let position = LogPosition(stream: StreamName(try row.value("stream")), sequence: try row.value("seq"))
        cursor = LogCursor(receivedAt: WallTime(microseconds: try row.value("received_us")), position: position)
        let bytes: [UInt8] = try row.value("bytes")
        let entry: LogEntry = try row.value("is_tick") ? .tick(recordBytes: bytes) : .event(recordBytes: bytes)
        // A later version's entry: it stands on the log, and is read by a later binary.
        guard let decoded = try? entry.decoded() else { return }
        record = LogRecord(position: position, entry: decoded, receivedAt: cursor.receivedAt)
    }
}

extension PostgresRow {
    /// The tick in `stream`, `seq`, `bytes`; nil where this binary cannot read it.
    borrowing func positionedTick() throws(PostgresError) -> PositionedTick? {
        let position = LogPosition(stream: StreamName(try value("stream")), sequence: try value("seq"))
        let bytes: [UInt8] = try value("bytes")
        guard let tick = try? Tick(recordBytes: bytes) else { return nil }  // a later version's
        return PositionedTick(position: position, tick: tick)
    }

    /// A packed list of a tick's row.
    borrowing func packed(_ column: String) throws(PostgresError) -> [Int64?] {
        guard let list = PackedColumn(bytes: try value(column)) else {
            throw PostgresError(.protocolViolation, "column '\(column)' is no packed list", context: "the log")
        }
        return list.values
    }

    borrowing func roster() throws(PostgresError) -> Roster? {
        try value("roster_body", as: String?.self).flatMap(Roster.init(storedBody:))
    }

    borrowing func envelope() throws(PostgresError) -> EventEnvelope {
        EventEnvelope(
            kind: try value("kind"), version: try value("version"), at: WallTime(microseconds: try value("at_us")), body: try value("body"))
    }
}

extension EventEnvelope {
    /// Nil for a fact that this binary does not know: it explains nothing here.
    var knownFact: Fact? { try? fact() }
}

extension Roster {
    /// The roster in a `roster_declared` body; nil where this binary cannot read it.
    init?(storedBody body: String) {
        let envelope = EventEnvelope(kind: "roster_declared", version: Fact.version, at: WallTime(microseconds: 0), body: body)
        guard case .rosterDeclared(let roster)? = envelope.knownFact else { return nil }
        self = roster
    }
}

extension TimelinePoint {
    /// A row of `read_timeline`. Sums are nil where one workload has no rate: a part is never shown as the whole.
    init(_ row: borrowing PostgresRow) throws(PostgresError) {
        let qualities = try row.packed("flow_quality")
        let delays = try row.packed("flow_p95_100ns")
        let interval: Int32 = try row.value("interval_ms")
        self.init(
            at: WallTime(microseconds: try row.value("at_us")), spanMilliseconds: Int64(interval),
            flows: zip(qualities, delays).map { quality, delay in
                Flow(
                    quality: quality.flatMap { Int16(exactly: $0) }.flatMap(SampleQuality.init(rawValue:)) ?? .missing,
                    p95: delay.flatMap { Int32(exactly: $0) }.map { Delay(hundredNanoseconds: $0) })
            },
            used: Self.sum(try row.packed("used_bps")), applied: Self.sum(try row.packed("applied_bps")),
            desired: Self.sum(try row.packed("desired_bps")))
    }

    private static func sum(_ rates: [Int64?]) -> BitRate? {
        var total: BitRate?
        for rate in rates {
            guard let rate else { return nil }
            total = (total ?? .zero) + BitRate(bitsPerSecond: rate)
        }
        return total
    }
}

extension AlertOverview {
    /// A row of `read_alerts`; nil for a state that this binary does not know.
    init?(_ row: borrowing PostgresRow) throws(PostgresError) {
        guard let state = AlertChange.State(rawValue: try row.value("state")) else { return nil }
        let text: String = try row.value("labels")
        let labels = (try? JSONValue(parsing: text))?.members ?? []  // the server wrote it: jsonb is always JSON
        self.init(
            position: LogPosition(stream: .alerter, sequence: try row.value("seq")),
            change: AlertChange(
                fingerprint: try row.value("fingerprint"), rule: try row.value("rule"), state: state,
                labels: Dictionary(labels.map { ($0.key, $0.value.string ?? "") }) { first, _ in first }, summary: try row.value("summary")),
            since: WallTime(microseconds: try row.value("at_us")))
    }
}

extension DecisionRecord {
    /// A row of `read_decision`; nil where this binary cannot read the tick.
    init?(_ row: borrowing PostgresRow, at position: LogPosition) throws(PostgresError) {
        let bytes: [UInt8] = try row.value("bytes")
        guard let tick = try? Tick(recordBytes: bytes) else { return nil }  // a later version's
        func neighbour(_ sequence: Int64?) -> LogPosition? { sequence.map { LogPosition(stream: position.stream, sequence: $0) } }
        self.init(
            position: position, tick: tick, roster: try row.roster(), receivedAt: WallTime(microseconds: try row.value("received_us")),
            previous: neighbour(try row.value("previous_seq")), next: neighbour(try row.value("next_seq")))
    }
}
