public import Quantities

/// Several panels over one axis of time, as SVG: what was measured, the lines it is held against, and marks that link to what was
/// decided. What is not known is hatched, never drawn as zero and never bridged by a line.
///
/// The SVG carries its colours as presentation attributes, so that it stands alone in a mail or a note, and classes, so that a
/// page's style sheet can overrule them. No style attribute: a strict content security policy lets all of it pass.
public struct TimelineChart: Sendable {
    /// One value over the stretch that ends at `at`.
    public struct Sample: Hashable, Sendable {
        public var at: WallTime
        public var span: Nanoseconds
        /// Nil: nothing to draw. Whether that is a gap or a state of its own (no limit) is the series' business.
        public var value: Double?
        /// Whether the stretch is to be hatched: nothing, or not all, is known of it.
        public var isUnknown: Bool
        public init(at: WallTime, span: Nanoseconds, value: Double?, isUnknown: Bool) {
            self.at = at
            self.span = span
            self.value = value
            self.isUnknown = isUnknown
        }
    }
    public enum Ink: String, Sendable {
        case delay, used, applied, desired
    }
    public enum Shape: Sendable {
        /// Points joined by straight lines.
        case line
        /// A level over each stretch.
        case step
        /// The same, filled down to zero.
        case area
    }
    public struct Series: Sendable {
        public var name: String
        public var ink: Ink
        public var shape: Shape
        public var samples: [Sample]
        public init(name: String, ink: Ink, shape: Shape, samples: [Sample]) {
            self.name = name
            self.ink = ink
            self.shape = shape
            self.samples = samples
        }
    }
    /// A level that the values are held against.
    public struct Threshold: Sendable {
        public enum Kind: String, Sendable { case target, bound }
        public var kind: Kind
        public var value: Double
        public var label: String
        public init(kind: Kind, value: Double, label: String) {
            self.kind = kind
            self.value = value
            self.label = label
        }
    }
    public struct Panel: Sendable {
        public var title: String
        public var unit: String
        /// The first one's stretches say what is known.
        public var series: [Series]
        public var thresholds: [Threshold]
        /// Values above this are drawn at the upper edge with a mark; nil shows all of them.
        public var clippedAbove: Double?
        public init(title: String, unit: String, series: [Series], thresholds: [Threshold] = [], clippedAbove: Double? = nil) {
            self.title = title
            self.unit = unit
            self.series = series
            self.thresholds = thresholds
            self.clippedAbove = clippedAbove
        }
    }
    public struct Marker: Sendable {
        public enum Kind: String, Sendable { case brake, decrease, increase }
        public var at: WallTime
        public var kind: Kind
        /// Where the mark leads.
        public var href: String
        /// What it says when it is pointed at or read aloud.
        public var label: String
        public init(at: WallTime, kind: Kind, href: String, label: String) {
            self.at = at
            self.kind = kind
            self.href = href
            self.label = label
        }
    }

    public var id: String
    public var title: String
    public var summary: String
    public var from: WallTime
    public var to: WallTime
    public var panels: [Panel]
    public var markers: [Marker]

    /// - Parameter id: begins the ids inside the SVG, so that two charts can stand on one page: letters, digits, `-`.
    public init(
        id: String, title: String, summary: String, from: WallTime, to: WallTime, panels: [Panel], markers: [Marker] = []
    ) {
        self.id = id
        self.title = title
        self.summary = summary
        self.from = from
        self.to = to
        self.panels = panels
        self.markers = markers
    }
}

extension TimelineChart.Sample {
    /// So much later than the sample before it may come, and no gap lies between: one and a half of its own length. Unit: ns.
    fileprivate var slack: Int64 {
        let (sum, overflow) = span.count.addingReportingOverflow(span.count / 2)
        return overflow ? .max : sum
    }
}

extension TimelineChart.Series {
    /// The stretches of which nothing, or not all, is known: samples that say so, and the time that no sample covers.
    func unknownStretches(from: WallTime, to: WallTime) -> [(from: WallTime, to: WallTime)] {
        var stretches: [(from: WallTime, to: WallTime)] = []
        func add(_ start: WallTime, _ end: WallTime) {
            guard end > start else { return }
            if let last = stretches.last, last.to >= start {
                stretches[stretches.count - 1].to = max(last.to, end)
            } else {
                stretches.append((start, end))
            }
        }
        var covered = from
        for sample in samples where sample.at > from && sample.at <= to {
            let begin = max(from, sample.at + Nanoseconds(-sample.span.count))
            // Half a stretch of slack: a tick that comes a little late leaves no gap.
            if (begin - covered).count > sample.span.count / 2 { add(covered, begin) }
            if sample.isUnknown { add(max(begin, covered), sample.at) }
            covered = max(covered, sample.at)
        }
        if (to - covered).count > samples.last?.slack ?? 0 { add(covered, to) }
        return stretches
    }

    /// The samples with a value, cut wherever one is missing or the time between two is not covered.
    var runs: [[TimelineChart.Sample]] {
        var runs: [[TimelineChart.Sample]] = []
        var previous: TimelineChart.Sample?
        for sample in samples {
            defer { previous = sample }
            guard sample.value != nil else { continue }
            let joins = previous.map { before in
                before.value != nil && (sample.at - before.at).count <= sample.slack
            }
            if joins == true { runs[runs.count - 1].append(sample) } else { runs.append([sample]) }
        }
        return runs
    }
}
