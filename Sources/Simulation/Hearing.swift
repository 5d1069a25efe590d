import Events
import Quantities

/// When each coordinator was delivered each cluster's newest tick: what it can have heard, whatever it makes of it.
struct Hearing: Sendable {
    private var deliveredAt: [Int: [ClusterID: MonotonicTime]] = [:]

    mutating func delivered(_ records: [LogRecord], to coordinator: Int, _ now: MonotonicTime) {
        var last: StreamName?
        for record in records where record.position.stream != last {
            guard case .tick(let tick) = record.entry, tick.isLeader, let cluster = record.position.stream.cluster else { continue }
            last = record.position.stream
            deliveredAt[coordinator, default: [:]][cluster] = now
        }
    }
    /// It forgot all, and folds from the log again.
    mutating func readsAnew(_ coordinator: Int) { deliveredAt[coordinator] = [:] }

    func newestTick(of cluster: ClusterID, by coordinator: Int) -> MonotonicTime? { deliveredAt[coordinator]?[cluster] }
}
