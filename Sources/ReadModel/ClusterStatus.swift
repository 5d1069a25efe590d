public import Events
public import Explanation
public import JSONDocument
public import Quantities

/// One row of the fleet table, judged at one instant: the same for the page, for `fairlead status` and for their JSON.
public struct ClusterStatus: Sendable {
    public let overview: ClusterOverview
    public let condition: ClusterCondition
    public let now: WallTime
    /// The flow that stands worst; nil where none is known of.
    public let worst: FlowStanding?
    /// Σ over the managed workloads in the newest tick; nil where one of them has none.
    public let used: BitRate?
    public let applied: BitRate?
    public let desired: BitRate?
    /// The weightiest decision of the newest tick that is no shadow's: a brake before a decrease before an increase before a hold.
    public let decision: PositionedTick?

    public init(_ overview: ClusterOverview, now: WallTime) {
        self.overview = overview
        self.now = now
        let rows = overview.newest.map(\.tick)
        condition = ClusterCondition(rows: rows, roster: overview.roster, receivedAt: overview.receivedAt, now: now)
        worst = overview.roster.flatMap { roster in rows.first.flatMap { FlowStanding.all(in: $0, roster: roster).first } }
        let workloads = rows.first?.workloads ?? []
        used = workloads.sum(\.used)
        applied = workloads.sum(\.applied)
        desired = workloads.sum(\.desired)
        decision = overview.newest.filter { $0.tick.decision?.isShadow == false }.max { ClusterStatus.weight($0) < ClusterStatus.weight($1) }
    }

    /// All clusters, worst first, then by id.
    public static func all(_ overviews: [ClusterOverview], now: WallTime) -> [ClusterStatus] {
        overviews.map { ClusterStatus($0, now: now) }.sorted { left, right in
            left.condition == right.condition ? left.overview.cluster < right.overview.cluster : left.condition > right.condition
        }
    }

    public var cluster: ClusterID { overview.cluster }
    public var sentence: String? {
        decision.flatMap { row in row.tick.decision.map { DecisionSentence($0, roster: overview.roster).text } }
    }

    /// Whether what the row shows is the present.
    public var isStale: Bool { condition == .silent || condition == .neverSeen }

    /// The age of the newest tick: the larger of its age on the log's clock and on its own.
    public var age: Age? {
        guard let receivedAt = overview.receivedAt, let tick = overview.newest.first?.tick else { return nil }
        return Age(of: min(receivedAt, tick.at), at: now)
    }

    /// `4 s ago`, `last seen 40 s ago`, `never`.
    public var seen: String {
        guard let age else { return "never" }
        return isStale ? "last seen \(age.text)" : age.text
    }

    private static func weight(_ row: PositionedTick) -> Int {
        guard let outcome = row.tick.decision?.outcome else { return -1 }
        return switch outcome.action {
        case .hold: 0
        case .increase: 1
        case .decrease: outcome.reason == .brakedAboveBound ? 3 : 2
        }
    }
}

extension ClusterStatus {
    /// Every field under its own name, the unit at its end; null where there is no value.
    public var json: JSONValue {
        [
            "cluster": .string(cluster.text), "state": .string(condition.word), "is_stale": .bool(isStale),
            "mode": .optional(overview.roster?.mode), "last_seen_at": .optional(overview.newest.first?.tick.at.description),
            "received_at": .optional(overview.receivedAt?.description), "age_ms": .optional(age?.span.milliseconds),
            "tick": .optional(overview.newest.first?.tick.number), "worst_flow": worst.map(ClusterStatus.json) ?? .null,
            "used_bits_per_second": .bitsPerSecond(used), "applied_bits_per_second": .bitsPerSecond(applied),
            "desired_bits_per_second": .bitsPerSecond(desired), "decision": .optional(decision?.position.description),
            "sentence": .optional(sentence), "alerts_firing": .integer(overview.alertsFiring),
            "alerts_pending": .integer(overview.alertsPending),
        ]
    }

    private static func json(_ standing: FlowStanding) -> JSONValue {
        [
            "flow": .string(standing.flow.id.text), "standing": .string(standing.level.word),
            "quality": .string(standing.sample.quality.word), "p95_ms": .milliseconds(standing.sample.p95),
            "target_ms": .milliseconds(standing.flow.target), "bound_ms": .milliseconds(standing.flow.bound),
            "count": .integer(standing.sample.count),
        ]
    }

    /// The document of `fairlead status -o json` and of `/` asked for JSON.
    public static func document(_ rows: [ClusterStatus], now: WallTime) -> JSONValue {
        ["as_of": .string(now.description), "clusters": .array(rows.map(\.json))]
    }
}
