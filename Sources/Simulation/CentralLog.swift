import Coordination
import Events
import Quantities

/// What stands beside the log's machine in the simulated centre: whether it answers, when it stored what, and the row of the lease.
struct CentralLog: Sendable {
    /// In order of name.
    private(set) var streams: [StreamName] = []
    var isDown = false
    var faults: FaultSet = []
    var clock = SkewedClock(since: MonotonicTime(nanoseconds: 0))
    /// By stream, when each entry was stored.
    private var received: [StreamName: [WallTime]] = [:]
    private var held: (holder: String, term: Int64, until: MonotonicTime)?
    /// Backups that will be put back, by the index of the fault.
    var kept: [Int: KeptLog] = [:]
    /// Requests sent so far.
    var flights = 0
    /// The epoch of the coordinator's stream, which is the newest term that wrote there.
    var coordinatorEpoch: Int64 = 0

    /// By stream, where rosters stand, and where the newest allocation does: what the database keeps beside its tables.
    private var rosters: [StreamName: [(sequence: Int64, roster: Roster)]] = [:]
    private var allocations: [Int64] = []

    mutating func opened(_ stream: StreamName) {
        guard received[stream] == nil else { return }
        received[stream] = []
        streams.append(stream)
        streams.sort()
    }

    mutating func stored(in stream: StreamName, upTo head: Int64, at time: WallTime) {
        var times = received[stream, default: []]
        received[stream] = []
        while Int64(times.count) < head { times.append(time) }
        received[stream] = times
    }

    /// Takes note of what an appended batch says of itself.
    mutating func note(_ append: AppendRequest) {
        for (offset, entry) in append.entries.enumerated() {
            guard case .event = entry, case .event(let envelope)? = try? entry.decoded() else { continue }
            let sequence = append.firstSequence + Int64(offset)
            switch envelope.kind {
            case "allocation_decided": allocations.append(sequence)
            case "roster_declared":
                guard case .rosterDeclared(let roster)? = try? envelope.fact() else { continue }
                rosters[append.stream, default: []].append((sequence, roster))
            default: continue
            }
        }
    }

    /// Where the folding may begin, as `RecentLogReader` finds it in the database.
    func place(in log: LogMachine, clusters: Int) -> FleetPlace {
        var place = FleetPlace(grants: log.grants.values.sorted { $0.cluster < $1.cluster })
        for stream in streams {
            let head = log.head(of: stream)?.sequence ?? 0
            var cursor = max(0, head - 400)
            if stream == .coordinator { cursor = max(0, min(head - Int64(max(400, clusters * 16)), (allocations.last ?? 1) - 1)) }
            place.cursors[stream] = cursor
            if let known = rosters[stream]?.last(where: { $0.sequence <= cursor }) {
                place.rosters[LogPosition(stream: stream, sequence: known.sequence)] = known.roster
            }
        }
        return place
    }

    func receivedAt(_ position: LogPosition) -> WallTime {
        let times = received[position.stream] ?? []
        return times.indices.contains(Int(position.sequence) - 1) ? times[Int(position.sequence) - 1] : WallTime(microseconds: 0)
    }

    mutating func restored(from log: LogMachine) {
        streams = log.streamNames
        allocations.removeAll { $0 > log.head(of: .coordinator)?.sequence ?? 0 }
        for stream in rosters.keys { rosters[stream]?.removeAll { $0.sequence > log.head(of: stream)?.sequence ?? 0 } }
        for stream in received.keys {
            guard let head = log.head(of: stream) else {
                received[stream] = nil
                continue
            }
            received[stream] = received[stream].map { Array($0.prefix(Int(head.sequence))) }
        }
    }

    /// - Parameters:
    ///   - holder: one incarnation of a process.
    ///   - highest: the highest term that it or the coordinator's stream has seen.
    mutating func lease(askedBy holder: String, above highest: Int64, at now: MonotonicTime, duration: Nanoseconds) -> LeaseAnswer {
        if let held, held.holder != holder, held.until > now { return .heldByOther(holder: held.holder, term: held.term) }
        let isRenewal = held.map { $0.holder == holder && $0.until > now && $0.term >= highest } ?? false
        let term = isRenewal ? held?.term ?? 1 : max(held?.term ?? 0, highest) + 1
        held = (holder, term, now + duration)
        return .held(term: term)
    }

    /// The row as it stands, for a database that is put back later.
    var row: (holder: String, term: Int64, until: MonotonicTime)? {
        get { held }
        set { held = newValue }
    }
}
