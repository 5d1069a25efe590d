import Events
import Quantities

extension TimelinePoint {
    /// As many points as are asked for at most: neighbours are drawn as one, in groups of equal count, and the worst survives.
    /// A group never reaches over a gap, so that a gap stays one; where there are more gaps than points the count may be exceeded
    /// by the number of gaps.
    public static func merged(_ points: [TimelinePoint], atMost limit: Int) -> [TimelinePoint] {
        guard points.count > limit, limit > 0 else { return points }
        let size = (points.count + limit - 1) / limit
        var merged: [TimelinePoint] = []
        var group: [TimelinePoint] = []
        for point in points {
            if let last = group.last, group.count == size || last.isFollowedByGap(before: point) {
                merged.append(TimelinePoint(merging: group))
                group = []
            }
            group.append(point)
        }
        if !group.isEmpty { merged.append(TimelinePoint(merging: group)) }
        return merged
    }

    /// Whether there is time between this point and the next that neither covers: more than half of the next one's length.
    public func isFollowedByGap(before next: TimelinePoint) -> Bool {
        (next.at - at).milliseconds > next.spanMilliseconds + next.spanMilliseconds / 2
    }

    /// One point for neighbours: the largest delay and the worst quality of each flow, the mean use, the last limits.
    private init(merging group: [TimelinePoint]) {
        let last = group[group.count - 1]
        let used = group.compactMap(\.used)
        self.init(
            at: last.at, spanMilliseconds: group.reduce(0) { $0 + $1.spanMilliseconds },
            flows: last.flows.indices.map { index in
                let flows = group.compactMap { $0.flows.indices.contains(index) ? $0.flows[index] : nil }
                let worst = flows.filter { !$0.quality.hasValue }.map(\.quality).max { $0.rawValue < $1.rawValue }
                return Flow(quality: worst ?? flows.map(\.quality).max { $0.rawValue < $1.rawValue } ?? .missing, p95: flows.compactMap(\.p95).max())
            },
            used: used.count == group.count
                ? BitRate(bitsPerSecond: used.reduce(0) { $0 + $1.bitsPerSecond / Int64(used.count) }) : nil,
            applied: last.applied, desired: last.desired)
    }
}
