import Quantities

extension TimelineChart {
    /// The measures of the drawing. Unit: pixels of the view box.
    private enum Layout {
        static let width = 960.0
        static let left = 56.0
        static let right = 104.0
        static let top = 8.0
        static let heading = 26.0
        static let panelHeight = 132.0
        static let markerBand = 26.0
        static let axis = 44.0
        static var plotWidth: Double { width - left - right }
    }

    private var height: Double {
        Layout.top + Double(panels.count) * (Layout.heading + Layout.panelHeight) + Layout.markerBand + Layout.axis
    }

    /// The whole picture. Equal input, equal bytes.
    public var svg: String {
        var markup = MarkupWriter()
        markup.open("svg", [
            "xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 \(coordinate(Layout.width)) \(coordinate(height))",
            "role": "img", "class": "chart", "aria-labelledby": "\(id)-title \(id)-desc", "font-family": "system-ui, sans-serif",
            "font-size": "12",
        ])
        markup.leaf("title", ["id": "\(id)-title"], title)
        markup.leaf("desc", ["id": "\(id)-desc"], summary)
        drawHatch(&markup)
        markup.empty("rect", ["class": "canvas", "width": coordinate(Layout.width), "height": coordinate(height), "fill": "#ffffff"])
        let time = TimeScale(from: from, to: to)
        for (index, panel) in panels.enumerated() { draw(panel, top: panelTop(index), time: time, &markup) }
        drawMarkers(time, &markup)
        drawTimeAxis(time, &markup)
        markup.close("svg")
        return markup.text
    }

    private func panelTop(_ index: Int) -> Double {
        Layout.top + Double(index) * (Layout.heading + Layout.panelHeight) + Layout.heading
    }
    private var markerTop: Double { panelTop(panels.count) - Layout.heading }
    private func x(_ time: WallTime, _ scale: TimeScale) -> Double { Layout.left + scale.position(time) * Layout.plotWidth }

    private func drawHatch(_ markup: inout MarkupWriter) {
        markup.open("defs")
        markup.open("pattern", [
            "id": "\(id)-hatch", "width": "7", "height": "7", "patternUnits": "userSpaceOnUse", "patternTransform": "rotate(45)",
        ])
        markup.empty("rect", ["class": "hatch-ground", "width": "7", "height": "7", "fill": "#f1efe9"])
        markup.empty("line", ["class": "hatch-line", "x1": "0", "y1": "0", "x2": "0", "y2": "7", "stroke": "#a39c8c", "stroke-width": "2"])
        markup.close("pattern")
        markup.close("defs")
    }

    private func draw(_ panel: Panel, top: Double, time: TimeScale, _ markup: inout MarkupWriter) {
        let scale = ValueScale(upTo: panel.highest)
        func y(_ value: Double) -> Double { top + Layout.panelHeight - 8 - min(value, scale.top) / scale.top * (Layout.panelHeight - 16) }
        markup.open("g", ["class": "panel"])
        drawHeading(panel, top: top, &markup)
        for mark in scale.marks {
            markup.empty("line", [
                "class": "grid", "x1": coordinate(Layout.left), "x2": coordinate(Layout.left + Layout.plotWidth),
                "y1": coordinate(y(mark)), "y2": coordinate(y(mark)), "stroke": "#e3e1da",
            ])
            markup.leaf("text", [
                "class": "label", "x": coordinate(Layout.left - 8), "y": coordinate(y(mark) + 4), "text-anchor": "end", "fill": "#5b5a55",
            ], scale.label(mark))
        }
        drawGaps(panel, top: top, time: time, &markup)
        for series in panel.series { draw(series, time: time, clip: scale.top, y: y, &markup) }
        drawThresholds(panel, y: y, &markup)
        markup.close("g")
    }

    private func drawHeading(_ panel: Panel, top: Double, _ markup: inout MarkupWriter) {
        markup.leaf("text", [
            "class": "heading", "x": coordinate(Layout.left), "y": coordinate(top - 8), "font-weight": "600", "fill": "#22211e",
        ], "\(panel.title), \(panel.unit)")
        guard panel.series.count > 1 else { return }
        var position = Layout.left + Layout.plotWidth
        for series in panel.series.reversed() {
            let width = Double(series.name.count) * 6.6
            position -= width
            markup.leaf("text", ["class": "label", "x": coordinate(position), "y": coordinate(top - 8), "fill": "#5b5a55"], series.name)
            position -= 24
            markup.empty("line", [
                "class": "ink \(series.ink.rawValue)", "x1": coordinate(position), "x2": coordinate(position + 18),
                "y1": coordinate(top - 12), "y2": coordinate(top - 12), "stroke": series.ink.color, "stroke-width": series.ink.width,
                "stroke-dasharray": series.ink.dashes,
            ])
            position -= 14
        }
    }

    private func drawGaps(_ panel: Panel, top: Double, time: TimeScale, _ markup: inout MarkupWriter) {
        for gap in panel.series.first?.unknownStretches(from: from, to: to) ?? [] {
            let (left, right) = (x(gap.from, time), x(gap.to, time))
            markup.open("rect", [
                "class": "gap", "x": coordinate(left), "y": coordinate(top), "width": coordinate(max(1, right - left)),
                "height": coordinate(Layout.panelHeight), "fill": "url(#\(id)-hatch)",
            ])
            markup.leaf("title", [:], "No data from \(gap.from) to \(gap.to)")
            markup.close("rect")
        }
    }

    private func drawThresholds(_ panel: Panel, y: (Double) -> Double, _ markup: inout MarkupWriter) {
        let right = Layout.left + Layout.plotWidth
        var lowestLabel = Double.infinity
        for threshold in panel.thresholds.sorted(by: { $0.value < $1.value }) {
            let line = y(threshold.value)
            markup.empty("line", [
                "class": "threshold \(threshold.kind.rawValue)", "x1": coordinate(Layout.left), "x2": coordinate(right),
                "y1": coordinate(line), "y2": coordinate(line), "stroke": threshold.kind.color, "stroke-width": "1.2",
                "stroke-dasharray": threshold.kind == .target ? "6 4" : "2 3",
            ])
            lowestLabel = min(line + 4, lowestLabel - 14)
            markup.leaf("text", [
                "class": "threshold-label \(threshold.kind.rawValue)", "x": coordinate(right + 6), "y": coordinate(lowestLabel),
                "fill": threshold.kind.color,
            ], threshold.label)
        }
    }

    private func draw(_ series: Series, time: TimeScale, clip: Double, y: (Double) -> Double, _ markup: inout MarkupWriter) {
        for run in series.runs {
            let path = series.shape == .line ? linePath(run, time, y) : stepPath(run, time, y)
            if series.shape == .area, let first = run.first {
                let start = x(max(from, first.at + Nanoseconds(-first.span.count)), time)
                markup.empty("path", [
                    "class": "area \(series.ink.rawValue)",
                    "d": "\(path)V\(coordinate(y(0)))H\(coordinate(start))Z", "fill": series.ink.color, "fill-opacity": "0.16",
                ])
            }
            markup.empty("path", [
                "class": "ink \(series.ink.rawValue)", "d": path, "fill": "none", "stroke": series.ink.color,
                "stroke-width": series.ink.width, "stroke-linejoin": "round", "stroke-linecap": "round",
                "stroke-dasharray": series.ink.dashes,
            ])
            for sample in run where (sample.value ?? 0) > clip {
                let center = x(sample.at, time)
                let edge = y(clip)
                markup.open("path", [
                    "class": "clipped", "d": "M\(coordinate(center - 4)) \(coordinate(edge + 1))l4 -7l4 7Z", "fill": "#a3341f",
                ])
                markup.leaf("title", [:], "\(decimal(sample.value ?? 0, fractionDigits: 2)), beyond the scale, at \(sample.at)")
                markup.close("path")
            }
        }
    }

    private func linePath(_ run: [Sample], _ time: TimeScale, _ y: (Double) -> Double) -> String {
        let points = run.map { "\(coordinate(x($0.at, time))) \(coordinate(y($0.value ?? 0)))" }
        // A single point is a line of no length: its round cap draws a dot.
        return "M\(points.joined(separator: "L"))\(points.count == 1 ? "h0" : "")"
    }

    private func stepPath(_ run: [Sample], _ time: TimeScale, _ y: (Double) -> Double) -> String {
        var path = ""
        for sample in run {
            let start = x(max(from, sample.at + Nanoseconds(-sample.span.count)), time)
            let level = coordinate(y(sample.value ?? 0))
            path += path.isEmpty ? "M\(coordinate(start)) \(level)" : "V\(level)"
            path += "H\(coordinate(x(sample.at, time)))"
        }
        return path
    }

    private func drawMarkers(_ time: TimeScale, _ markup: inout MarkupWriter) {
        guard !markers.isEmpty else { return }
        markup.leaf("text", [
            "class": "label", "x": coordinate(Layout.left - 8), "y": coordinate(markerTop + 19), "text-anchor": "end", "fill": "#5b5a55",
        ], "decided")
        for marker in markers where marker.at > from && marker.at <= to {
            let center = x(marker.at, time)
            markup.open("a", ["class": "marker \(marker.kind.rawValue)", "href": marker.href, "aria-label": marker.label])
            markup.leaf("title", [:], marker.label)
            markup.empty("line", [
                "class": "marker-line", "x1": coordinate(center), "x2": coordinate(center), "y1": coordinate(Layout.top + Layout.heading),
                "y2": coordinate(markerTop + 8), "stroke": marker.kind.color, "stroke-opacity": "0.28",
            ])
            markup.empty("path", ["class": "marker-shape", "d": marker.kind.path(center, markerTop + 14), "fill": marker.kind.color])
            markup.close("a")
        }
    }

    private func drawTimeAxis(_ time: TimeScale, _ markup: inout MarkupWriter) {
        let line = markerTop + Layout.markerBand
        markup.empty("line", [
            "class": "axis", "x1": coordinate(Layout.left), "x2": coordinate(Layout.left + Layout.plotWidth), "y1": coordinate(line),
            "y2": coordinate(line), "stroke": "#8a887f",
        ])
        for mark in time.marks {
            let center = x(mark, time)
            markup.empty("line", [
                "class": "axis", "x1": coordinate(center), "x2": coordinate(center), "y1": coordinate(line), "y2": coordinate(line + 4),
                "stroke": "#8a887f",
            ])
            markup.leaf("text", [
                "class": "label", "x": coordinate(center), "y": coordinate(line + 18), "text-anchor": "middle", "fill": "#5b5a55",
            ], time.label(mark))
        }
        markup.leaf("text", [
            "class": "label", "x": coordinate(Layout.left + Layout.plotWidth), "y": coordinate(line + 35), "text-anchor": "end",
            "fill": "#5b5a55",
        ], "\(to.description.prefix(10)), UTC")
    }
}

extension TimelineChart.Panel {
    /// The largest value that the scale must reach.
    var highest: Double {
        let values = series.flatMap(\.samples).compactMap(\.value).max() ?? 0
        let thresholds = (thresholds.map(\.value).max() ?? 0) * 1.2
        return max(min(values, clippedAbove ?? .infinity), thresholds)
    }
}

extension TimelineChart.Ink {
    var color: String {
        switch self {
        case .delay: "#1d4f91"
        case .used: "#3f7d58"
        case .applied: "#8a5a00"
        case .desired: "#6b3fa0"
        }
    }
    var width: String { self == .applied ? "2.2" : "1.6" }
    var dashes: String { self == .desired ? "4 3" : "none" }
}

extension TimelineChart.Threshold.Kind {
    var color: String { self == .target ? "#4a6b1f" : "#a3341f" }
}

extension TimelineChart.Marker.Kind {
    var color: String {
        switch self {
        case .brake: "#a3341f"
        case .decrease: "#b3651c"
        case .increase: "#2f6b3c"
        }
    }
    /// The shape tells the kind without its colour: a brake is a square, a decrease points down, an increase up.
    func path(_ x: Double, _ y: Double) -> String {
        switch self {
        case .brake: "M\(coordinate(x - 5)) \(coordinate(y - 5))h10v10h-10Z"
        case .decrease: "M\(coordinate(x - 6)) \(coordinate(y - 5))h12l-6 10Z"
        case .increase: "M\(coordinate(x - 6)) \(coordinate(y + 5))h12l-6 -10Z"
        }
    }
}
