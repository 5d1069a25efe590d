public import Events
public import Quantities

/// The state of a cluster in one word, judged from its newest tick and from that tick's age, so that an old good tick never
/// looks like a good present. Not knowing and pausing stand before being well.
public enum ClusterCondition: Int, Hashable, Comparable, Sendable, CaseIterable {
    /// The newest tick is fresh and every critical flow is within its target.
    case withinTarget = 0
    /// The same, and the cluster's mode lets Fairlead change nothing.
    case observing = 1
    /// A person has paused at least one loop, and no flow suffers.
    case paused = 2
    /// At least one flow is above its target, none above its bound.
    case aboveTarget = 3
    /// What was desired is not what is applied.
    case notEnforced = 4
    /// At least one flow has no number that can be believed.
    case unmeasured = 5
    /// At least one flow is above the bound that it was promised.
    case suffering = 6
    /// No tick for `silentTicks` ticks: nothing is known of the present.
    case silent = 7
    /// No tick is on the log at all.
    case neverSeen = 8

    /// After how many of its own tick lengths a cluster counts as silent, and the least time for it.
    public static let silentTicks: Int64 = 3
    public static let silentAtLeast = Nanoseconds.seconds(3)

    /// - Parameters:
    ///   - rows: the rows of the newest tick, in order of ordinal; empty where there is none.
    ///   - receivedAt: when the log stored them, by the log's clock.
    public init(rows: [Tick], roster: Roster?, receivedAt: WallTime?, now: WallTime) {
        guard let tick = rows.first, let receivedAt else {
            self = .neverSeen
            return
        }
        let age = max((now - receivedAt).count, (now - tick.at).count)
        if age > ClusterCondition.silentAfter(tick).count {
            self = .silent
            return
        }
        let levels = roster.map { FlowStanding.all(in: tick, roster: $0).map(\.level) } ?? []
        let acting = rows.compactMap(\.decision).filter { !$0.isShadow }
        if levels.contains(.aboveBound) {
            self = .suffering
        } else if levels.contains(.unmeasured) || roster == nil {
            self = .unmeasured
        } else if acting.contains(where: { $0.input.evidence.contains(.notEnforced) }) {
            self = .notEnforced
        } else if levels.contains(.aboveTarget) {
            self = .aboveTarget
        } else if acting.contains(where: { $0.input.evidence.contains(.paused) }) {
            self = .paused
        } else {
            self = roster?.mode == "enforce" ? .withinTarget : .observing
        }
    }

    public static func silentAfter(_ tick: Tick) -> Nanoseconds {
        max(silentAtLeast, Nanoseconds.milliseconds(Int64(tick.intervalMilliseconds) * silentTicks))
    }

    public static func < (left: ClusterCondition, right: ClusterCondition) -> Bool { left.rawValue < right.rawValue }

    public var word: String {
        switch self {
        case .withinTarget: "Within target"
        case .observing: "Observing"
        case .paused: "Paused"
        case .aboveTarget: "Above target"
        case .notEnforced: "Not enforced"
        case .unmeasured: "Unmeasured"
        case .suffering: "Suffering"
        case .silent: "Silent"
        case .neverSeen: "Never seen"
        }
    }

    /// A shape beside the word, because colour is never the only sign.
    public var symbol: String {
        switch self {
        case .withinTarget: "●"
        case .observing: "○"
        case .paused: "‖"
        case .aboveTarget: "▲"
        case .notEnforced: "≠"
        case .unmeasured: "?"
        case .suffering: "■"
        case .silent: "◌"
        case .neverSeen: "·"
        }
    }
}
