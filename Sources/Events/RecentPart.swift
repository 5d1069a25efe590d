/// How much of the log's newest part is read: enough to know how the fleet stands, without having read all of it.
public enum RecentPart {
    /// Of a cluster's stream so many entries: some dozens of ticks, of which the newest counts.
    public static let entriesOfCluster: Int64 = 128
    /// More where the newest tick begins further back, for its own rows or for facts that came after it, and up to so many. Where facts alone fill
    /// them, the cluster is unheard until its next tick, and keeps its share.
    public static let mostEntriesOfCluster: Int64 = 1_024

    /// Of the coordinator's stream: the grants that may still live, and the estimates around them.
    public static func entriesOfCoordinator(clusters: Int) -> Int64 { max(400, Int64(clusters) * 16) }

    /// Behind which entry of a cluster's stream it begins.
    /// - Parameter newestTick: where the first row of its newest tick stands.
    public static func begin(head: Int64, newestTick: Int64?) -> Int64 {
        let usual = head - entriesOfCluster
        return max(0, newestTick.map { min(usual, max($0 - 1, head - mostEntriesOfCluster)) } ?? usual)
    }
}
