import Alerter
import Coordination
import DequeModule
import Events
import Fleet
import Quantities

/// What stands beside the log's machine in the simulated centre: whether it answers, when it stored what, the leases and the
/// outbox.
struct CentralLog: Sendable {
    fileprivate struct Stream: Sendable {
        let name: StreamName
        /// Its place in the order of all names.
        var rank = 0
        /// When each entry was stored.
        var received: [WallTime] = []
        /// The newest entries, decoded, each behind the one before: what readers mostly ask for.
        var recent: Deque<LogRecord> = []
        /// Where the first row of the newest tick stands.
        var newestTick: Int64?
        /// Where rosters stand.
        var rosters: [(sequence: Int64, roster: Roster)] = []
        /// The newest roster up to a cursor: what the rows behind it name.
        func roster(upTo cursor: Int64) -> (position: LogPosition, roster: Roster)? {
            rosters.last { $0.sequence <= cursor }.map { (LogPosition(stream: name, sequence: $0.sequence), $0.roster) }
        }
    }
    /// In order of opening.
    private var streams: [Stream] = []
    private var places: [StreamName: Int] = [:]
    /// The places of all streams, that of the one which grew last at the end.
    private var byGrowth: [Int] = []
    /// So many entries in all.
    private var entryCount: Int64 = 0
    /// Streams that once ended further on than now, and where: a restore took what lay there.
    private var onceEnded: [StreamName: Int64] = [:]
    /// So many entries of a stream stay decoded: about what an alerter that begins anew reads, and more than a coordinator (`RecentPart`). With
    /// fewer, whoever fell behind reads them from their bytes again; with more, they are memory that no cache holds.
    private func recentEntries(of stream: StreamName) -> Int {
        stream.producer == .shipper ? 400 : max(512, newestOfCluster.count * 20)
    }
    /// By cluster, its stream that was opened last.
    private var newestOfCluster: [ClusterID: Int] = [:]
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
        if let cluster = stream.cluster {
            // The spool before it was set aside: what little may still be read of it is decoded then.
            if let before = newestOfCluster[cluster] { streams[before].recent = [] }
            newestOfCluster[cluster] = streams.count
        }
        places[stream] = streams.count
        byGrowth.append(streams.count)
        streams.append(Stream(name: stream))
        rank()
    }

    private mutating func rank() {
        for (rank, place) in streams.indices.sorted(by: { streams[$0].name < streams[$1].name }).enumerated() { streams[place].rank = rank }
    }

    mutating func stored(in stream: StreamName, upTo head: Int64, at time: WallTime) {
        guard let place = places[stream] else { return }
        while Int64(streams[place].received.count) < head {
            streams[place].received.append(time)
            entryCount += 1
        }
        if let index = byGrowth.lastIndex(of: place) { byGrowth.append(byGrowth.remove(at: index)) }
        if let end = onceEnded[stream], end <= head { onceEnded[stream] = nil }
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
            default: if case .tick(let tick) = read.entry, tick.ordinal == 0 { streams[place].newestTick = position.sequence }
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

    /// The streams that end before their cursor, in order of name.
    func movedBack(behind cursors: [StreamName: Int64]) -> [StreamName] {
        guard !onceEnded.isEmpty else { return [] }
        return onceEnded.keys.filter { stream in cursors[stream] ?? 0 > places[stream].map { Int64(streams[$0].received.count) } ?? 0 }.sorted()
    }

    /// What follows the cursors in every stream, at most `limit` of each; `isComplete` where nothing more stands there.
    /// - Parameter cursors: none behind its stream's end.
    func records(in log: LogMachine, after cursors: [StreamName: Int64], limit: Int) -> (records: [LogRecord], isComplete: Bool) {
        var records: [LogRecord] = []
        var isComplete = true
        for (place, after) in behind(cursors) {
            let before = records.count
            // What closes a lost range was never appended.
            let reachesHead = streams[place].recent.last.map { $0.position.sequence == Int64(streams[place].received.count) } ?? false
            if reachesHead, let first = streams[place].recent.first?.position.sequence, first <= after + 1 {
                let begin = Int(after + 1 - first)
                for index in begin..<min(streams[place].recent.count, begin + limit) { records.append(streams[place].recent[index]) }
            } else {
                for (sequence, entry) in log.entries(of: streams[place].name, after: after, limit: limit) {
                    // Every entry was decoded when it was appended.
                    guard let decoded = try? entry.decoded() else { continue }
                    let position = LogPosition(stream: streams[place].name, sequence: sequence)
                    records.append(LogRecord(position: position, entry: decoded, receivedAt: streams[place].received[Int(sequence) - 1]))
                }
            }
            isComplete = isComplete && records.count - before < limit
        }
        return (records, isComplete)
    }

    /// The streams that go on behind their cursors, in order of name.
    private func behind(_ cursors: [StreamName: Int64]) -> [(place: Int, after: Int64)] {
        // Most streams have nothing new: those that grew last are looked at first, until all that is missing is found.
        var missing = entryCount - cursors.values.reduce(0, +)
        var found: [(place: Int, after: Int64)] = []
        for place in byGrowth.reversed() {
            guard missing > 0 else { break }
            let after = cursors[streams[place].name] ?? 0
            let count = Int64(streams[place].received.count) - after
            guard count > 0 else { continue }
            missing -= count
            found.append((place, after))
        }
        return found.sorted { streams[$0.place].rank < streams[$1.place].rank }
    }

    /// Where the folding may begin, as `RecentLogReader` finds it in the database.
    func place(in log: LogMachine, clusters: Int) -> FleetPlace {
        var place = FleetPlace(grants: log.grants.values.sorted { $0.cluster < $1.cluster })
        let receivedAt = clustersReceivedAt
        for stream in streams {
            let head = log.head(of: stream.name)?.sequence ?? 0
            let cursor = recent(of: stream, head: head, clusters: clusters, entriesOfCluster: RecentPart.entriesOfCluster, receivedAt)
            place.cursors[stream.name] = cursor
            if let (position, roster) = stream.roster(upTo: cursor) { place.rosters[position] = roster }
        }
        return place
    }

    /// Where an alerter reads on, as `AlertLogReader` finds it in the database.
    func resumingPlace(in log: LogMachine, _ fleet: FleetConfiguration) -> FeedPlace {
        var place = FeedPlace()
        let (receivedAt, entries) = (clustersReceivedAt, AlerterProcess.entriesReadOfCluster(in: fleet))
        for stream in streams {
            let head = log.head(of: stream.name)?.sequence ?? 0
            let recent = recent(of: stream, head: head, clusters: fleet.clusters.count, entriesOfCluster: entries, receivedAt)
            let cursor = RecentPart.resume(recent: recent, cursor: outbox.cursors[stream.name], head: head)
            place.cursors[stream.name] = cursor
            if let (position, roster) = stream.roster(upTo: cursor) { place.rosters[position] = roster }
        }
        return place
    }

    /// When each cluster's streams received anything last.
    private var clustersReceivedAt: [ClusterID: WallTime] {
        streams.reduce(into: [:]) { newest, stream in
            guard let cluster = stream.name.cluster, let at = stream.received.last else { return }
            newest[cluster] = max(newest[cluster] ?? at, at)
        }
    }

    /// Where the newest part of a stream begins, as `recent_place` finds it.
    private func recent(
        of stream: Stream, head: Int64, clusters: Int, entriesOfCluster: Int64, _ receivedAt: [ClusterID: WallTime]
    ) -> Int64 {
        if let cluster = stream.name.cluster, let newest = receivedAt[cluster], let last = stream.received.last, newest - last > RecentPart.setAsideAfter {
            return stream.newestTick.map { RecentPart.begin(head: head, newestTick: $0, entries: 0) } ?? head
        }
        return switch stream.name {
        case .coordinator:
            max(0, min(head - RecentPart.entriesOfCoordinator(clusters: clusters), allocations.last.map { $0 - 1 } ?? head))
        case .operator: 0
        case .alerter: head
        default: RecentPart.begin(head: head, newestTick: stream.newestTick, entries: entriesOfCluster)
        }
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
            for stream in streams { onceEnded[stream.name] = max(onceEnded[stream.name] ?? 0, Int64(stream.received.count)) }
            (streams, allocations, alertChanges) = (newValue.streams, newValue.allocations, newValue.alertChanges)
            (leases, outbox) = (newValue.leases, newValue.outbox)
            places = Dictionary(uniqueKeysWithValues: streams.enumerated().map { ($1.name, $0) })
            byGrowth = Array(streams.indices)
            rank()
            newestOfCluster = Dictionary(streams.enumerated().compactMap { place, stream in stream.name.cluster.map { ($0, place) } }) { $1 }
            entryCount = streams.reduce(0) { $0 + Int64($1.received.count) }
            onceEnded = onceEnded.filter { stream, end in end > places[stream].map { Int64(streams[$0].received.count) } ?? 0 }
        }
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
