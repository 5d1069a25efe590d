public import Events
public import Quantities

/// The log as it was written, for those who decide again what was decided.
public protocol LogHistory: Sendable {
    /// Hands over what the shippers of a stretch wrote, each stream in order: the rosters declared before it, at their own positions, then
    /// every entry of it. Bounded by the log itself; what is handed over is not kept. Throws where the log cannot be read.
    func history(_ stretch: HistoryStretch, _ take: (LogRecord) -> Void) async throws
}

/// Part of a log: of one cluster or of all, between two instants of the shippers' own clocks, both inclusive.
public struct HistoryStretch: Hashable, Sendable {
    public var cluster: ClusterID?
    public var from: WallTime
    public var to: WallTime

    public init(cluster: ClusterID? = nil, from: WallTime, to: WallTime) {
        self.cluster = cluster
        self.from = from
        self.to = to
    }

    public func covers(_ stream: StreamName) -> Bool {
        guard let own = stream.cluster else { return false }
        return cluster.map { $0 == own } ?? true
    }
    public func covers(_ at: WallTime) -> Bool { from <= at && at <= to }

    /// Whether an entry is handed over: rosters always, for ticks point back to them.
    public func admits(_ record: LogRecord) -> Bool {
        guard covers(record.position.stream) else { return false }
        switch record.entry {
        case .tick(let tick): return covers(tick.at)
        case .event(let event): return event.kind == "roster_declared" || covers(event.at)
        }
    }
}
