public import Events
public import Quantities

/// The read model over records in memory: the slow and obvious reference for the one over SQL, and what a recorded log is read with.
/// Every question walks all records.
public struct RecordedFleet: FleetReadModel {
    /// In the order of the log's clock, and per stream of sequence.
    public var records: [LogRecord]

    public init(records: [LogRecord]) {
        self.records = records.sorted { LogCursor($0) < LogCursor($1) }
    }

    public func clusters() async throws -> [ClusterOverview] {
        let alerts = try await alerts().map(\.change)
        return Set(records.compactMap(\.position.stream.cluster)).sorted().map { cluster in
            let newest = newestTick(of: cluster)
            let rows = ticks(of: cluster).filter {
                $0.record.position.stream == newest?.record.position.stream && $0.tick.number == newest?.tick.number
            }.sorted { $0.tick.ordinal < $1.tick.ordinal }
            let own = alerts.filter { $0.labels["cluster"] == cluster.text }
            return ClusterOverview(
                cluster: cluster, roster: newest.flatMap { roster(of: $0) },
                newest: rows.map { PositionedTick(position: $0.record.position, tick: $0.tick) },
                receivedAt: rows.map(\.record.receivedAt).max(), alertsFiring: own.count { $0.state == .firing },
                alertsPending: own.count { $0.state == .pending })
        }
    }

    public func timeline(of cluster: ClusterID, from: WallTime, to: WallTime, points: Int) async throws -> ClusterTimeline? {
        guard records.contains(where: { $0.position.stream.cluster == cluster }) else { return nil }
        let rows = ticks(of: cluster).filter { $0.tick.at > from && $0.tick.at <= to }.sorted { $0.tick.at < $1.tick.at }
        let single = rows.filter { $0.tick.ordinal == 0 && $0.tick.isLeader }.map { TimelinePoint($0.tick) }
        let decided = rows.filter { $0.tick.decision.map { !$0.isShadow && $0.outcome.action != .hold } ?? false }
        return ClusterTimeline(
            cluster: cluster, from: from, to: to,
            roster: rows.last.flatMap { roster(of: $0) } ?? ticks(of: cluster).last.flatMap { roster(of: $0) },
            points: TimelinePoint.merged(single, atMost: points),
            decisions: decided.suffix(ClusterTimeline.maximumDecisions).reversed().map {
                PositionedTick(position: $0.record.position, tick: $0.tick)
            })
    }

    public func alerts() async throws -> [AlertOverview] {
        var newest: [String: AlertOverview] = [:]
        for record in records {
            guard case .event(let event) = record.entry, case .alertChanged(let change)? = fact(event) else { continue }
            newest[change.fingerprint] = AlertOverview(position: record.position, change: change, since: event.at)
        }
        func state(_ state: AlertChange.State) -> [AlertOverview] {
            newest.values.filter { $0.change.state == state }
                .sorted { ($0.since, $0.change.fingerprint) > ($1.since, $1.change.fingerprint) }
        }
        return state(.firing) + state(.pending) + state(.resolved).prefix(AlertOverview.maximumResolved)
    }

    public func decision(at position: LogPosition) async throws -> DecisionRecord? {
        guard let cluster = position.stream.cluster,
            let found = ticks(of: cluster).first(where: { $0.record.position == position }), let decision = found.tick.decision
        else { return nil }
        let settled = records.compactMap { record -> PatchRecord? in
            guard case .event(let event) = record.entry, case .patchSettled(let patch)? = fact(event) else { return nil }
            return patch.decision == position ? patch : nil
        }
        let neighbours = ticks(of: cluster).filter {
            $0.record.position.stream == position.stream && $0.tick.decision?.link == decision.link
                && $0.tick.decision?.law == decision.law
        }.map(\.record.position)
        return DecisionRecord(
            position: position, tick: found.tick, roster: roster(of: found), receivedAt: found.record.receivedAt, settled: settled,
            previous: neighbours.last { $0.sequence < position.sequence }, next: neighbours.first { $0.sequence > position.sequence })
    }

    public func newestAllocation() async throws -> AllocationOverview? {
        for record in records.reversed() {
            guard case .event(let event) = record.entry, case .allocationDecided(let allocation)? = fact(event) else { continue }
            return AllocationOverview(position: record.position, at: event.at, allocation: allocation)
        }
        return nil
    }

    public func logPage(stream: StreamName?, before: LogCursor?, limit: Int) async throws -> LogPage {
        let older = records.filter { record in
            (stream == nil || record.position.stream == stream) && (before.map { LogCursor(record) < $0 } ?? true)
        }
        let page = older.suffix(min(limit, LogPage.maximumRecords))
        return LogPage(
            records: page.reversed(), next: page.count < older.count ? page.first.map { LogCursor($0) } : nil)
    }

    public func heads() async throws -> [StreamHeadPosition] {
        Dictionary(grouping: records, by: \.position.stream).map { stream, records in
            StreamHeadPosition(stream: stream, sequence: records.map(\.position.sequence).max() ?? 0)
        }.sorted { $0.stream < $1.stream }
    }
}

extension RecordedFleet: LogHistory {
    public func history(_ stretch: HistoryStretch, _ take: (LogRecord) -> Void) async throws {
        for record in records.sorted(by: { ($0.position.stream, $0.position.sequence) < ($1.position.stream, $1.position.sequence) })
        where stretch.admits(record) { take(record) }
    }
}

extension RecordedFleet {
    private typealias Row = (record: LogRecord, tick: Tick)

    private func ticks(of cluster: ClusterID) -> [Row] {
        records.compactMap { record in
            guard record.position.stream.cluster == cluster, case .tick(let tick) = record.entry else { return nil }
            return (record, tick)
        }
    }

    /// The newest tick of the stream that tells of the cluster now: one whose newest tick a leader wrote, before any other.
    private func newestTick(of cluster: ClusterID) -> Row? {
        let newest = Dictionary(grouping: ticks(of: cluster), by: \.record.position.stream).values.compactMap { rows in
            rows.max { ($0.record.receivedAt, $0.tick.number) < ($1.record.receivedAt, $1.tick.number) }
        }
        let leaders = newest.filter(\.tick.isLeader)
        return (leaders.isEmpty ? newest : leaders).max { ($0.record.receivedAt, $0.tick.number) < ($1.record.receivedAt, $1.tick.number) }
    }

    private func roster(of row: Row) -> Roster? {
        let position = LogPosition(stream: row.record.position.stream, sequence: row.tick.rosterSequence)
        guard case .event(let event)? = records.first(where: { $0.position == position })?.entry,
            case .rosterDeclared(let roster)? = fact(event)
        else { return nil }
        return roster
    }

    /// Nil for a body that this version cannot read: it stands on the log page as it is, and explains nothing else.
    private func fact(_ event: EventEnvelope) -> Fact? { try? event.fact() }
}

extension LogCursor {
    /// The place of a record itself.
    public init(_ record: LogRecord) { self.init(receivedAt: record.receivedAt, position: record.position) }
}

extension LogCursor: Comparable {
    public static func < (left: LogCursor, right: LogCursor) -> Bool {
        (left.receivedAt, left.position.stream, left.position.sequence) < (right.receivedAt, right.position.stream, right.position.sequence)
    }
}
