public import Fleet
public import Plants
public import Quantities
import ControlLaw
import Events

/// A given course of delay variation for a law to answer, step by step. Nothing that the law does changes it: what is tried is the
/// answer, not the loop. (Plants close the loop.)
public struct Scenario: Sendable {
    /// What the single-cluster ancestor printed for its scenario of the same name, to stand beside ours.
    public struct Ancestor: Hashable, Sendable {
        public var delay: String
        public var rate: String
        public var meanRate: String
        public var patches: String
        public var verdict: String
    }

    public var name: String
    public var title: String
    /// What it stands for, and what is to be seen in it.
    public var summary: String
    public var expectation: String
    public var steps: Int
    public var tick: Nanoseconds
    public var start: BitRate
    public var floor: BitRate
    public var ceiling: BitRate
    public var target: Delay
    public var bound: Delay
    /// Unit: nanoseconds. Its points are met exactly; between them there is noise.
    public var course: Timeline
    /// Even noise, to either side.
    public var noise: Nanoseconds
    /// No value leaves this range.
    public var range: ClosedRange<Nanoseconds>
    public var ancestor: Ancestor

    /// The scenarios of one file; none where anything is wrong.
    public static func read(_ file: (name: String, text: String)) -> (scenarios: [Scenario], problems: [ConfigurationProblem]) {
        let (scenarios, problems) = ConfigurationDocument.read(file, kind: "Scenario") { Scenario($0) }
        return (scenarios, problems)
    }

    private init?(_ document: ConfigurationDocument) {
        let spec = document.spec
        name = document.name
        title = spec.required("title")?.nonEmptyText() ?? ""
        summary = spec.required("summary")?.nonEmptyText() ?? ""
        expectation = spec.required("expectation", hint: "say what is to be seen under a good law")?.nonEmptyText() ?? ""
        steps = spec.required("steps")?.integer(in: 2...100_000) ?? 2
        tick = spec.required("tick")?.time(in: .milliseconds(100)...(.seconds(600))) ?? .seconds(5)
        start = spec.required("start")?.enforceableRate() ?? .megabits(100)
        floor = spec.required("floor")?.enforceableRate() ?? .megabits(10)
        ceiling = spec.required("ceiling")?.enforceableRate() ?? .megabits(1000)
        target = spec.required("target")?.delay() ?? .microseconds(1000)
        bound = spec.required("bound")?.delay() ?? .microseconds(1500)
        let delayField = spec.required("delay", hint: "write the course of the delay variation: points, noise, range")
        let delay = delayField?.object()
        let long: ClosedRange<Nanoseconds> = .zero...(.seconds(60))
        let points = (delay?.required("points")?.elements() ?? []).compactMap { $0.object() }.compactMap { object -> Timeline.Point? in
            let at = object.required("at")?.time(in: .zero...(.seconds(86_400)))
            let value = object.required("value")?.time(in: long)
            object.finish()
            guard let at, let value else { return nil }
            return Timeline.Point(at: at, value: Double(value.count))
        }
        noise = delay?.required("noise")?.time(in: long) ?? .zero
        let lowest = delay?.required("lowest")?.time(in: long) ?? .zero
        let highest = delay?.required("highest")?.time(in: long) ?? .zero
        delay?.finish()
        let isOrdered = points.first?.at == .zero && zip(points, points.dropFirst()).allSatisfy { $0.at < $1.at }
        if delay != nil, !isOrdered { delayField?.report("the points must begin at 0s and be in order") }
        if delay != nil, highest < lowest { delayField?.report("the highest value \(highest) lies below the lowest \(lowest)") }
        course = Timeline(isOrdered ? points : [Timeline.Point(at: .zero, value: 0)], isRamped: true)
        range = min(lowest, highest)...max(lowest, highest)
        let seen = spec.required("ancestor")?.object()
        func word(_ key: String) -> String { seen?.required(key)?.nonEmptyText() ?? "" }
        ancestor = Ancestor(
            delay: word("delay"), rate: word("rate"), meanRate: word("meanRate"), patches: word("patches"), verdict: word("verdict"))
        seen?.finish()
    }

    /// The delay variation at each step.
    public func delays(seed: UInt64) -> [Delay] {
        var random = SplitMix(seed: seed)
        let exact = Set(course.points.map(\.at))
        return (0..<steps).map { step in
            let at = tick * Int64(step)
            let drawn = Double(random.next() >> 11) / 9_007_199_254_740_992
            let stray = exact.contains(at) ? 0 : Double(noise.count) * (2 * drawn - 1)
            let value = Nanoseconds(Int64((course.value(at: at) + stray).rounded()))
            return Delay(rounding: min(max(value, range.lowerBound), range.upperBound))
        }
    }
}
