import Coordination
import DequeModule
import Events
import Quantities

/// What stands beside the log's machine in the simulated centre: whether it answers, when it stored what, the leases and the
/// outbox.
struct CentralLog: Sendable {
    fileprivate struct Stream: Sendable {
        let name: StreamName
        /// When each entry was stored.
        var received: [WallTime] = []
        /// The newest entries, decoded, each behind the one before: what readers mostly ask for.
        var recent: Deque<LogRecord> = []
        /// Where rosters stand.
        var rosters: [(sequence: Int64, roster: Roster)] = []
    }
    /// In order of name.
    private var streams: [Stream] = []
    private var places: [StreamName: Int] = [:]
    /// So many entries of a stream stay decoded: somewhat more than a coordinator that begins anew reads (`RecentPart`). Each that is kept
    /// longer is memory that no cache holds.
    private func recentEntries(of stream: StreamName) -> Int {
        stream.producer == .shipper ? 160 : max(512, streams.count * 20)
    }
    var isDown = false
    var faults: FaultSet = []
    var clock = SkewedClock(since: MonotonicTime(nanoseconds: 0))
    /// The rows of the leases' table.
    var leases = Leases()
    var outbox = SimulatedOutbox()
    /// Backups that will be put back, by the index of the fault.
    var kept: [Int: KeptLog] = [:]
    /// Requests sent so far.
    var flights = 0
    /// Where allocations stand.
    private var allocations: [Int64] = []
    /// The newest change of each alert on the log, by fingerprint, and its writer's time.
    private(set) var alertChanges: [String: (change: AlertChange, at: WallTime)] = [:]

    mutating func opened(_ stream: StreamName) {
        guard places[stream] == nil else { return }
        streams.append(Stream(name: stream))
        streams.sort { $0.name < $1.name }
        number()
    }

    private mutating func number() {
        places = Dictionary(uniqueKeysWithValues: streams.enumerated().map { ($1.name, $0) })
    }

    mutating func stored(in stream: StreamName, upTo head: Int64, at time: WallTime) {
        guard let place = places[stream] else { return }
        while Int64(streams[place].received.count) < head { streams[place].received.append(time) }
    }

    /// Takes note of what the log has stored. Returns it as readers will get it.
    mutating func note(_ entries: ArraySlice<ReadEntry>, firstSequence: Int64, in stream: StreamName) -> [LogRecord] {
        guard let place = places[stream] else { return [] }
        var records: [LogRecord] = []
        for (offset, read) in entries.enumerated() {
            let position = LogPosition(stream: stream, sequence: firstSequence + Int64(offset))
            let receivedAt = streams[place].received[Int(position.sequence) - 1]
            // What cannot be read is told to readers as it is.
            let record = LogRecord(position: position, entry: read.entry, receivedAt: receivedAt, fact: read.fact)
            switch record.fact {
            case .allocationDecided: allocations.append(position.sequence)
            case .rosterDeclared(let roster): streams[place].rosters.append((position.sequence, roster))
            case .alertChanged(let change): if case .event(let envelope) = read.entry { alertChanges[change.fingerprint] = (change, envelope.at) }
            default: break
            }
            records.append(record)
        }
        if let last = streams[place].recent.last, last.position.sequence + 1 != firstSequence { streams[place].recent.removeAll() }
        streams[place].recent.append(contentsOf: records)
        let spare = streams[place].recent.count - recentEntries(of: stream)
        if spare > 0 { streams[place].recent.removeFirst(spare) }
        return records
    }

    // MARK: - What readers get

    /// Whether a stream ends before its cursor.
    func hasMovedBack(behind cursors: [StreamName: Int64]) -> Bool {
        cursors.contains { stream, cursor in cursor > places[stream].map { Int64(streams[$0].received.count) } ?? 0 }
    }

    /// What follows the cursors in every stream, at most `limit` of each; `isComplete` where nothing more stands there.
    func records(in log: LogMachine, after cursors: [StreamName: Int64], limit: Int) -> (records: [LogRecord], isComplete: Bool) {
        var records: [LogRecord] = []
        var isComplete = true
        // Most streams have nothing new: by place, so that those are passed over untouched.
        for place in streams.indices {
            let after = cursors[streams[place].name] ?? 0
            guard Int64(streams[place].received.count) > after else { continue }
            let stream = streams[place]
            let before = records.count
            // What closes a lost range was never appended.
            let reachesHead = stream.recent.last.map { $0.position.sequence == Int64(stream.received.count) } ?? false
            if reachesHead, let first = stream.recent.first?.position.sequence, first <= after + 1 {
                records += stream.recent.dropFirst(Int(after + 1 - first)).prefix(limit)
            } else {
                for (sequence, entry) in log.entries(of: stream.name, after: after, limit: limit) {
                    // Every entry was decoded when it was appended.
                    guard let decoded = try? entry.decoded() else { continue }
                    let position = LogPosition(stream: stream.name, sequence: sequence)
                    records.append(LogRecord(position: position, entry: decoded, receivedAt: stream.received[Int(sequence) - 1]))
                }
            }
            isComplete = isComplete && records.count - before < limit
        }
        return (records, isComplete)
    }

    /// Where the folding may begin, as `RecentLogReader` finds it in the database.
    func place(in log: LogMachine, clusters: Int) -> FleetPlace {
        var place = FleetPlace(grants: log.grants.values.sorted { $0.cluster < $1.cluster })
        for stream in streams {
            let head = log.head(of: stream.name)?.sequence ?? 0
            let isCoordinators = stream.name == .coordinator
            let cursor =
                isCoordinators
                ? max(0, min(head - RecentPart.entriesOfCoordinator(clusters: clusters), (allocations.last ?? 1) - 1))
                : RecentPart.begin(head: head, newestTick: log.newestTick(of: stream.name))
            place.cursors[stream.name] = cursor
            if let known = stream.rosters.last(where: { $0.sequence <= cursor }) {
                place.rosters[LogPosition(stream: stream.name, sequence: known.sequence)] = known.roster
            }
        }
        return place
    }

    /// All of it that a backup of the database holds.
    struct Tables: Sendable {
        fileprivate var streams: [Stream]
        fileprivate var allocations: [Int64]
        fileprivate var alertChanges: [String: (change: AlertChange, at: WallTime)]
        fileprivate var leases: Leases
        fileprivate var outbox: SimulatedOutbox
    }
    var tables: Tables {
        get { Tables(streams: streams, allocations: allocations, alertChanges: alertChanges, leases: leases, outbox: outbox) }
        set {
            (streams, allocations, alertChanges) = (newValue.streams, newValue.allocations, newValue.alertChanges)
            (leases, outbox) = (newValue.leases, newValue.outbox)
            number()
        }
    }

    /// For each stream, the newest roster up to its cursor: what the rows behind it name.
    func rosters(before cursors: [StreamName: Int64]) -> [LogPosition: Roster] {
        var known: [LogPosition: Roster] = [:]
        for (stream, cursor) in cursors {
            guard let place = places[stream], let newest = streams[place].rosters.last(where: { $0.sequence <= cursor }) else { continue }
            known[LogPosition(stream: stream, sequence: newest.sequence)] = newest.roster
        }
        return known
    }
}

/// Who leads, and the epochs of the central streams, which are the newest terms that wrote there.
struct Leases: Sendable {
    var coordinator = LeaseRow()
    var alerter = LeaseRow()
    var coordinatorEpoch: Int64 = 0
    var alerterEpoch: Int64 = 0
}

/// A row of the leases' table, by the simulated server's clock.
struct LeaseRow: Sendable {
    private var held: (holder: String, term: Int64, until: MonotonicTime)?

    /// - Parameters:
    ///   - holder: one incarnation of a process.
    ///   - highest: the highest term that it or its stream has seen.
    mutating func ask(by holder: String, above highest: Int64, at now: MonotonicTime, duration: Nanoseconds) -> LeaseAnswer {
        if let held, held.holder != holder, held.until > now { return .heldByOther(holder: held.holder, term: held.term) }
        let isRenewal = held.map { $0.holder == holder && $0.until > now && $0.term >= highest } ?? false
        let term = isRenewal ? held?.term ?? 1 : max(held?.term ?? 0, highest) + 1
        held = (holder, term, now + duration)
        return .held(term: term)
    }

    /// Whether this holder has the row under this term, expired or not.
    func isHeld(by holder: String, under term: Int64) -> Bool { held.map { $0.holder == holder && $0.term == term } ?? false }
}
