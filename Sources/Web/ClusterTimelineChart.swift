import Charts
import Events
import Explanation
import Quantities
public import ReadModel

/// A cluster's timeline as a chart: one panel per critical flow, each against its own target and bound, over the bandwidth of the
/// managed workloads, over one axis of time.
public struct ClusterTimelineChart {
    /// How many flows are drawn, the worst of the stretch first chosen; the table beside the chart names all.
    static let maximumPanels = 4

    let timeline: ClusterTimeline

    public init(timeline: ClusterTimeline) { self.timeline = timeline }

    /// A drawing that stands alone, light and dark.
    public var svg: String { chart.svg }

    var chart: TimelineChart {
        let shown = shownFlows
        return TimelineChart(
            id: "timeline", title: "\(timeline.cluster): delay above base, and bandwidth", summary: summary(shown),
            from: timeline.from, to: timeline.to, panels: shown.map(flowPanel) + [bandwidthPanel], markers: markers)
    }

    /// The roster's flows by index: the worst ones if there are more than fit, in the roster's order.
    private var shownFlows: [(index: Int, flow: Roster.Flow)] {
        let flows = Array((timeline.roster?.flows ?? []).enumerated()).map { (index: $0.offset, flow: $0.element) }
        guard flows.count > ClusterTimelineChart.maximumPanels else { return flows }
        func worst(_ index: Int) -> Double {
            let highest = timeline.points.compactMap { $0.flows.indices.contains(index) ? $0.flows[index].p95 : nil }.max() ?? .zero
            return highest.milliseconds / max(0.001, flows[index].flow.target.milliseconds)
        }
        return flows.sorted { worst($0.index) > worst($1.index) }.prefix(ClusterTimelineChart.maximumPanels).sorted { $0.index < $1.index }
    }

    private func flowPanel(_ index: Int, _ flow: Roster.Flow) -> TimelineChart.Panel {
        let samples = timeline.points.map { point -> TimelineChart.Sample in
            let value = point.flows.indices.contains(index) ? point.flows[index] : nil
            return sample(point, value?.p95?.milliseconds, isUnknown: value?.quality.hasValue != true)
        }
        return TimelineChart.Panel(
            title: "\(flow.id): p95 of delay above base", unit: "ms",
            series: [TimelineChart.Series(name: "p95", ink: .delay, shape: .line, samples: samples)],
            thresholds: [
                .init(kind: .target, value: flow.target.milliseconds, label: "target \(flow.target)"),
                .init(kind: .bound, value: flow.bound.milliseconds, label: "bound \(flow.bound)"),
            ],
            // A spike far beyond the bound must not press everything else flat.
            clippedAbove: flow.bound.milliseconds * 4)
    }

    private var bandwidthPanel: TimelineChart.Panel {
        func series(_ name: String, _ ink: TimelineChart.Ink, _ shape: TimelineChart.Shape, _ rate: (TimelinePoint) -> BitRate?) -> TimelineChart.Series {
            TimelineChart.Series(name: name, ink: ink, shape: shape, samples: timeline.points.map { point in
                sample(point, rate(point).map { Double($0.bitsPerSecond) / 1e6 }, isUnknown: point.used == nil)
            })
        }
        return TimelineChart.Panel(
            title: "managed workloads", unit: "Mbit/s",
            series: [
                series("used", .used, .area, \.used), series("applied", .applied, .step, \.applied),
                series("desired", .desired, .step, \.desired),
            ])
    }

    private func sample(_ point: TimelinePoint, _ value: Double?, isUnknown: Bool) -> TimelineChart.Sample {
        TimelineChart.Sample(at: point.at, span: .milliseconds(point.spanMilliseconds), value: value, isUnknown: isUnknown)
    }

    private var markers: [TimelineChart.Marker] {
        timeline.decisions.reversed().compactMap { row in
            guard let decision = row.tick.decision else { return nil }
            let kind: TimelineChart.Marker.Kind =
                decision.outcome.action == .increase ? .increase : decision.outcome.reason == .brakedAboveBound ? .brake : .decrease
            return TimelineChart.Marker(
                at: row.tick.at, kind: kind, href: SiteRoute.path(of: row.position),
                label: "\(Page.time(row.tick.at)): \(DecisionSentence(decision, roster: timeline.roster).text)")
        }
    }

    private func summary(_ shown: [(index: Int, flow: Roster.Flow)]) -> String {
        let flows = shown.map { "\($0.flow.id) (target \($0.flow.target), bound \($0.flow.bound))" }.joined(separator: ", ")
        return "From \(timeline.from) to \(timeline.to): the 95th percentile of the delay above the base of \(flows); "
            + "below it the used, applied and desired rate of the managed workloads and \(timeline.decisions.count) decisions that changed it. "
            + "Hatched stretches have no data."
    }
}
