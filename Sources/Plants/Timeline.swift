public import Quantities

/// A number over time: what an application offers, what a link carries. Points in order, held from each to the next, or joined by
/// straight lines; it may repeat, and it may wander about its course.
public struct Timeline: Hashable, Sendable {
    public struct Point: Hashable, Sendable {
        public var at: Nanoseconds
        public var value: Double
        public init(at: Nanoseconds, value: Double) {
            self.at = at
            self.value = value
        }
    }
    /// Ascending by `at`, the first at 0.
    public let points: [Point]
    /// Straight lines between the points, rather than steps.
    public let isRamped: Bool
    /// After this it begins anew.
    public let period: Nanoseconds?
    /// How far the value wanders: a new factor in 1 ± this, evenly drawn, every `wandersEvery`. Unit: thousandths.
    public let wanderThousandths: Int64
    public let wandersEvery: Nanoseconds
    /// Each run begins up to this much later in the course, evenly drawn.
    public let shift: Nanoseconds

    /// Traps where there is no point at 0 or they are not in order: the reader has refused such a file.
    public init(
        _ points: [Point], isRamped: Bool = false, period: Nanoseconds? = nil, wanderThousandths: Int64 = 0,
        wandersEvery: Nanoseconds = .seconds(1), shift: Nanoseconds = .zero
    ) {
        precondition(points.first?.at == .zero, "a timeline begins at 0")
        precondition(zip(points, points.dropFirst()).allSatisfy { $0.at < $1.at }, "a timeline is in order")
        self.points = points
        self.isRamped = isRamped
        self.period = period
        self.wanderThousandths = wanderThousandths
        self.wandersEvery = wandersEvery
        self.shift = shift
    }

    public static func always(_ value: Double) -> Timeline { Timeline([Point(at: .zero, value: value)]) }

    /// The value at a time, without wandering.
    public func value(at elapsed: Nanoseconds) -> Double {
        var at = elapsed.count
        if let period { at %= period.count }
        var index = points.count - 1
        while index > 0, points[index].at.count > at { index -= 1 }
        let point = points[index]
        guard isRamped else { return point.value }
        let next: Point? = index + 1 < points.count ? points[index + 1] : period.map { Point(at: $0, value: points[0].value) }
        guard let next, next.at > point.at else { return point.value }
        return point.value + (next.value - point.value) * Double(at - point.at.count) / Double(next.at.count - point.at.count)
    }
}

/// A timeline in one run: shifted and wandering as its generator draws.
struct TimelineCourse: Sendable {
    private let timeline: Timeline
    private let shift: Nanoseconds
    private var random: SeededNumbers
    private var wanderUntil: Int64 = 0
    private var factor = 1.0

    init(_ timeline: Timeline, random: inout SeededNumbers) {
        self.timeline = timeline
        self.shift = Nanoseconds(Int64(Double(timeline.shift.count) * random.unit()))
        self.random = random.fork()
    }

    /// Times are asked for in order.
    mutating func value(at elapsed: Nanoseconds) -> Double {
        let value = timeline.value(at: elapsed + shift)
        guard timeline.wanderThousandths > 0 else { return value }
        while elapsed.count >= wanderUntil {
            factor = 1 + Double(timeline.wanderThousandths) / 1000 * (2 * random.unit() - 1)
            wanderUntil += timeline.wandersEvery.count
        }
        return value * factor
    }
}
