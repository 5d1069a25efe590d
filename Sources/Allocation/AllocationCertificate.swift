/// The levels that prove an allocation: who holds them can check every rate in linear time, without a solver.
///
/// A step is one tier of one phase, in the order in which they were filled; it holds the level of each resource that bound somebody.
/// A demand's rate is `weight × the lowest level on its path`, held between its bounds and rounded down; a resource with a level
/// is full, to less than 2⁻³⁹ bit/s. Such rates are weighted max-min fair, because whoever is below its upper bound
/// crosses a full resource on which nobody who is above its lower bound has more per weight; and there is only one such answer.
public struct AllocationCertificate: Hashable, Sendable {
    public enum Phase: String, Hashable, Sendable {
        /// The minimums, present only where they do not fit: lower bounds are 0, upper bounds the minimums, and those are the weights
        /// too, in the finest power of two at which their sum stays below 2⁶².
        case minimum
        case excess
    }

    public struct Step: Hashable, Sendable {
        public let phase: Phase
        public let tier: Int
        /// One past the step's last entry in `levels`; it begins where the step before ends.
        public let end: Int

        public init(phase: Phase, tier: Int, end: Int) {
            self.phase = phase
            self.tier = tier
            self.end = end
        }
    }

    public struct ResourceLevel: Hashable, Sendable, BitwiseCopyable {
        public let resource: Int32
        public let level: FillLevel

        public init(resource: Int32, level: FillLevel) {
            self.resource = resource
            self.level = level
        }
    }

    public private(set) var steps: [Step]
    /// In each step, lowest level first.
    public private(set) var levels: [ResourceLevel]

    public init(steps: [Step] = [], levels: [ResourceLevel] = []) {
        self.steps = steps
        self.levels = levels
    }

    mutating func removeAll() {
        steps.removeAll(keepingCapacity: true)
        levels.removeAll(keepingCapacity: true)
    }
    mutating func append(_ resource: Int32, _ level: FillLevel) {
        levels.append(ResourceLevel(resource: resource, level: level))
    }
    /// Ends a step; one in which nothing bound is not kept.
    mutating func closeStep(_ phase: Phase, tier: Int) {
        guard levels.count > (steps.last?.end ?? 0) else { return }
        steps.append(Step(phase: phase, tier: tier, end: levels.count))
    }
}

extension AllocationCertificate {
    /// One line per level, `excess 0 14d.5555 link wan-a`: phase, tier, level in hexadecimal bit/s per unit of weight, resource.
    /// Equal instances give equal text.
    public func text(for instance: AllocationInstance) -> String {
        var lines = ""
        var begin = 0
        for step in steps {
            for entry in levels[begin..<step.end] {
                let resource = instance.resources[Int(entry.resource)]
                lines += "\(step.phase.rawValue) \(step.tier) \(entry.level) \(resource.kind.rawValue) \(resource.id)\n"
            }
            begin = step.end
        }
        return lines
    }
}

/// Why a result is not the answer to an instance.
public struct CertificateViolation: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        /// The result speaks of other demands, resources or tiers than the instance.
        case shape
        case minimum, rate, limit, capacity, saturation, feasibility, usage
    }
    public let code: Code
    public let problem: String

    init(_ code: Code, _ problem: String) {
        self.code = code
        self.problem = problem
    }
    public var description: String { problem }
}
