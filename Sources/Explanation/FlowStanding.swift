public import Events
import Quantities

/// How one critical flow stands in one window, against its own promise.
public struct FlowStanding: Sendable {
    public enum Level: Int, Hashable, Comparable, Sendable, CaseIterable {
        /// At or below the target.
        case withinTarget = 0
        /// Above the target, not above the bound.
        case aboveTarget = 1
        /// No number that can be believed.
        case unmeasured = 2
        /// Above the bound that was promised.
        case aboveBound = 3

        public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
        public var word: String {
            switch self {
            case .withinTarget: "within target"
            case .aboveTarget: "above target"
            case .unmeasured: "unmeasured"
            case .aboveBound: "above bound"
            }
        }
    }

    public let flow: Roster.Flow
    public let sample: FlowSample
    public let level: Level

    public init(flow: Roster.Flow, sample: FlowSample) {
        self.flow = flow
        self.sample = sample
        guard let p95 = sample.p95, sample.quality.hasValue else {
            level = .unmeasured
            return
        }
        level = p95 > flow.bound ? .aboveBound : p95 > flow.target ? .aboveTarget : .withinTarget
    }

    /// All flows of a tick whose roster is known, worst first: by level, then by delay as a multiple of the target, then by name.
    public static func all(in tick: Tick, roster: Roster) -> [FlowStanding] {
        zip(roster.flows, tick.flows).map { FlowStanding(flow: $0, sample: $1) }.sorted { left, right in
            if left.level != right.level { return left.level > right.level }
            if left.thousandthsOfTarget != right.thousandthsOfTarget { return left.thousandthsOfTarget > right.thousandthsOfTarget }
            return left.flow.id < right.flow.id
        }
    }

    /// `2.31 ms of 1.00 ms`, or the quality's word where there is no number.
    public var text: String {
        guard let p95 = sample.p95, sample.quality.hasValue else { return sample.quality.word }
        let mark = sample.quality == .measured ? "" : " (\(sample.quality.word))"
        return "\(p95) of \(flow.target)\(mark)"
    }

    private var thousandthsOfTarget: Int64 {
        Int64(sample.p95?.hundredNanoseconds ?? 0) * 1_000 / Int64(Swift.max(1, flow.target.hundredNanoseconds))
    }
}
