public import Quantities

/// How much of the log's newest part is read: enough to know how the fleet stands, without having read all of it.
public enum RecentPart {
    /// Of a cluster's stream so many entries: some dozens of ticks, of which the newest counts.
    public static let entriesOfCluster: Int64 = 128
    /// More where the newest tick begins further back, for its own rows or for facts that came after it, and up to so many. Where facts alone fill
    /// them, the cluster is unheard until its next tick, and keeps its share.
    public static let mostEntriesOfCluster: Int64 = 1_024

    /// A cluster's stream that received nothing for so long before another of the cluster did belongs to a spool that was set aside, mostly. Its newest
    /// tick alone may still be of the present: a leader that the log does not hear may stand beside a standby that it does.
    public static let setAsideAfter = Nanoseconds.seconds(600)

    /// Of the coordinator's stream: the grants that may still live, and the estimates around them.
    public static func entriesOfCoordinator(clusters: Int) -> Int64 { max(400, Int64(clusters) * 16) }

    /// Behind which entry of a cluster's stream it begins.
    /// - Parameters:
    ///   - newestTick: where the first row of its newest tick stands.
    ///   - entries: so many at the least.
    public static func begin(head: Int64, newestTick: Int64?, entries: Int64 = entriesOfCluster) -> Int64 {
        let usual = head - entries
        return max(0, newestTick.map { min(usual, max($0 - 1, head - mostEntriesOfCluster)) } ?? usual)
    }

    /// Of a cluster's stream so many at the least for who looks at what stood for a while: since when a measurement has been missing, or a limit has not
    /// been carried out, is told by the rows alone.
    /// - Parameters:
    ///   - span: the longest that is looked for. A minute more is read.
    ///   - rows: the most that one tick writes.
    public static func entriesOfCluster(watchedFor span: Nanoseconds, every tick: Nanoseconds, rows: Int) -> Int64 {
        max(entriesOfCluster, ((span + .seconds(60)).count / max(1, tick.count) + 1) * Int64(rows))
    }
    /// A reader with a cursor goes on from there, but no further back from the head than this: who was away for so long is told of the present only.
    public static let mostEntriesBehindHead: Int64 = 20_000

    /// Behind which entry a reader with a cursor goes on: there, or where the newest part begins, whichever comes first.
    /// - Parameters:
    ///   - recent: where the newest part begins.
    ///   - cursor: nil for a stream that the reader has not read. A restore may have taken what lies there.
    public static func resume(recent: Int64, cursor: Int64?, head: Int64) -> Int64 {
        guard let cursor, cursor < recent else { return recent }
        return min(recent, max(cursor, head - mostEntriesBehindHead))
    }
}
