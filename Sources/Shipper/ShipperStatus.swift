import ControlLaw
public import Events
import Fleet
public import Quantities

/// What a shipper shows of itself: health, metrics, the line for people. Not state: nothing is decided by it.
public struct ShipperStatus: Sendable {
    public internal(set) var stream: StreamName
    public var ticks: Int64 = 0
    public var decisions: [LoopAction: Int64] = [:]
    public var reasons: [DecisionReason: Int64] = [:]
    public var samples: [SampleQuality: Int64] = [:]
    public var patches: [PatchRecord.Result: Int64] = [:]
    public var spoolFailures = 0
    /// Times that brakes left because the spool neither took their decision nor refused it.
    public var spoolDelays: Int64 = 0
    /// Rows that could not be made because the spool took nothing for long. The loop went on braking meanwhile.
    public var rowsNotMade: Int64 = 0
    /// Facts (outcomes of patches, moved bases) that could not be told for the same reason.
    public var factsNotTold: Int64 = 0
    /// Unsent entries that a full spool dropped, entries declared lost on the log, and times that the log held another history.
    public var entriesDropped: Int64 = 0
    public var entriesLost: Int64 = 0
    public var conflicts: Int64 = 0
    /// Entries spooled and not yet acknowledged; whether the log can be written; and what its answers were beside 'stored', since the
    /// process started: claims that another writer's ended, batches that it held already, times that it held less than it had acknowledged.
    public var backlog: Int64 = 0
    public var logStanding = LogWriter.Standing.connecting
    public var timesFenced: Int64 = 0
    public var duplicates: Int64 = 0
    public var timesMovedBack: Int64 = 0
    /// New objects of each workload, and how long they ran without a limit of ours: from when they were seen to when one was
    /// acknowledged.
    public var arrivals: [WorkloadID: Arrivals] = [:]
    public struct Arrivals: Sendable, Equatable {
        /// Patches that found new objects.
        public private(set) var count: Int64 = 0
        public private(set) var unenforced: Nanoseconds = .zero
        public private(set) var longest: Nanoseconds = .zero
        public init() {}

        mutating func count(_ span: Nanoseconds) {
            count += 1
            unenforced = unenforced + span
            longest = max(longest, span)
        }
    }
    /// The newest rows, their samples and limits.
    public var newest: [Tick] = []
    public var applied: [BitRate?] = []
    /// What the sources said was wrong in the newest tick.
    public var problems: [String] = []

    init(stream: StreamName) { self.stream = stream }

    mutating func fold(_ rows: [Tick], applied: [BitRate?], notes: [String]) {
        ticks += 1
        newest = rows
        self.applied = applied
        problems = notes
        for flow in rows.first?.flows ?? [] { samples[flow.quality, default: 0] += 1 }
        for row in rows {
            guard let decision = row.decision, !decision.isShadow else { continue }
            decisions[decision.outcome.action, default: 0] += 1
            reasons[decision.outcome.reason, default: 0] += 1
        }
    }
}

extension Observation {
    /// What the sources and the enforcer said was wrong, for people.
    var problems: [String] {
        flows.compactMap { observation in
            guard case .external(_, let problem) = observation else { return nil }
            return problem
        }
            + workloads.flatMap { reading -> [String] in
                var problems: [String] = []
                if case .unknown(let problem) = reading.limit { problems.append(problem) }
                if case .failed(let problem) = reading.counter { problems.append(problem) }
                return problems
            }
    }
}

/// The keys under which states lie in the spool beside the entries.
enum StateKey {
    static let tickNumber = "tick-number"
    /// Of a path, from a vantage to a target: a flow that is pointed elsewhere has another base.
    static func base(_ flow: FlowSpecification) -> String {
        guard case .probe(let probe) = flow.source else { return "base/\(flow.id)" }
        return "base/\(flow.id)/\(probe.vantage)/\(probe.host):\(probe.port)"
    }
    static func adoptable(_ workload: WorkloadID) -> String { "adoptable/\(workload)" }
    static func law(_ link: LinkID, _ law: String) -> String { "law/\(link)/\(law)" }

    static func bytes(_ value: Int64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> Int64(56 - 8 * $0)) } }
    static func integer(_ bytes: [UInt8]) -> Int64? {
        bytes.count == 8 ? bytes.reduce(Int64(0)) { $0 << 8 | Int64($1) } : nil
    }
}

extension Roster {
    /// The names behind the arrays of a shipper's ticks.
    init(_ settings: ShipperSettings) {
        let cluster = settings.cluster
        self.init(
            cluster: cluster.id, configuration: settings.configuration, mode: cluster.mode.rawValue,
            flows: cluster.flows.map { flow in
                let level = settings.serviceLevels.first { $0.name == flow.slaClass } ?? .robotControl
                let (source, vantage) = flow.source.described
                return Flow(
                    id: flow.id, vantage: vantage, source: source, serviceLevel: flow.slaClass, target: level.target, bound: level.bound,
                    links: flow.links)
            },
            workloads: cluster.workloads.map { Workload(id: $0.id, floor: $0.floor, ceiling: $0.ceiling, links: $0.links) },
            links: cluster.loops.map(\.link),
            laws: ([settings.law] + settings.shadows).map { Law(name: $0.name, parameters: $0.parameters) })
    }
}

extension MeasurementSourceSpecification {
    /// The kind of source, and the vantage where it has one.
    fileprivate var described: (source: String, vantage: String) {
        switch self {
        case .probe(let probe): ("probe", probe.vantage)
        case .prometheus: ("prometheus", "prometheus")
        case .trace: ("trace", "trace")
        }
    }
}
