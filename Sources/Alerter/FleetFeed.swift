import Alerting
import Events
import Quantities

/// The alerter's reading of the log: how far it has come, and what the rules look at.
struct FleetFeed: Sendable {
    private(set) var cursors: [StreamName: Int64] = [:]
    private(set) var observer = FleetObserver()
    /// Rows that name a roster which was not read, or that this version cannot read: passed over.
    private(set) var passedOver: Int64 = 0
    /// Entries that their stream may not tell, or that speak of another cluster: no rule sees them.
    private(set) var misplaced: Int64 = 0
    /// The newest of each stream, and where it stands; a row names no older one.
    private var rosters: [StreamName: (sequence: Int64, roster: Roster)] = [:]
    /// The stream of each cluster that told something last, and when the log received that.
    private var newest: [ClusterID: (stream: StreamName, receivedAt: WallTime)] = [:]

    /// Begins to read at this place. What was observed stays.
    mutating func begin(at place: FeedPlace) {
        cursors = place.cursors
        for (position, roster) in place.rosters where position.stream.cluster == roster.cluster {
            rosters[position.stream] = (position.sequence, roster)
        }
    }

    mutating func fold(_ reading: FeedReading, now: MonotonicTime) {
        for record in reading.records where record.position.sequence > cursors[record.position.stream, default: 0] {
            cursors[record.position.stream] = record.position.sequence
            // The log's clock says how old the record is; ours says when that was. A clock that stepped back made nothing newer.
            let age = max(.zero, reading.logTime - record.receivedAt)
            fold(record, arrivedAt: now + age * -1)
        }
        for position in reading.unreadable where position.sequence > cursors[position.stream, default: 0] {
            cursors[position.stream] = position.sequence
            passedOver += 1
        }
    }

    private mutating func fold(_ record: LogRecord, arrivedAt: MonotonicTime) {
        let stream = record.position.stream
        guard stream.admits(record.entry) else { return misplaced += 1 }
        guard let cluster = stream.cluster else {
            // What cannot be read as a fact is of a later version, and says nothing to these rules.
            if case .allocationDecided(let allocation)? = try? record.readFact() {
                observer.apply(allocation, arrivedAt: arrivedAt)
            }
            return
        }
        switch record.entry {
        case .event:
            guard case .rosterDeclared(let roster)? = try? record.readFact() else {
                return  // A fact that is no roster, or of a later version, says nothing to these rules.
            }
            // A spool speaks of its own cluster, whatever it calls itself.
            guard roster.cluster == cluster else { return misplaced += 1 }
            rosters[stream] = (record.position.sequence, roster)
        case .tick(let tick):
            guard let declared = rosters[stream], declared.sequence == tick.rosterSequence else {
                passedOver += 1
                return
            }
            guard isNews(tick, of: cluster, record) else { return }
            observer.apply(tick, of: cluster, roster: declared.roster, arrivedAt: arrivedAt)
            if tick.isLeader { newest[cluster] = (stream, record.receivedAt) }
        }
    }

    /// Whether the cluster's leader told something within so long.
    func isHeard(_ cluster: ClusterID, now: MonotonicTime, within patience: Nanoseconds) -> Bool {
        observer.observations[cluster]?.lastTickAt.map { now - $0 <= patience } ?? false
    }

    /// No order holds between streams. What another spool of the cluster sent before what is known is history, unless it led later.
    private func isNews(_ tick: Tick, of cluster: ClusterID, _ record: LogRecord) -> Bool {
        guard let known = newest[cluster], known.stream != record.position.stream, record.receivedAt < known.receivedAt else { return true }
        return tick.leaseTransitions > observer.observations[cluster]?.leaseTransitions ?? 0
    }
}
