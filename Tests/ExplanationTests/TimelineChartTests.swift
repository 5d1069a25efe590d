import Charts
import Quantities
import SampleFleet
import Testing

/// Aim: a chart shows what is known and nothing else. Method: golden pictures, and counts of what was drawn.
@Suite struct TimelineChartTests {
    private static let start = SampleFleet.now
    private func time(_ seconds: Int64) -> WallTime { Self.start + .seconds(seconds) }
    private func samples(_ values: [Int64: Double?]) -> [TimelineChart.Sample] {
        values.sorted { $0.key < $1.key }.map { second, value in
            .init(at: time(second), span: .seconds(5), value: value, isUnknown: value == nil)
        }
    }
    private func chart(_ values: [Int64: Double?], clip: Double? = nil, name: String = "robot-control") -> TimelineChart {
        TimelineChart(
            id: "t", title: "\(name): delay", summary: "A test.", from: Self.start, to: time(60),
            panels: [
                .init(
                    title: name, unit: "ms", series: [.init(name: "p95", ink: .delay, shape: .line, samples: samples(values))],
                    thresholds: [.init(kind: .target, value: 1, label: "target 1.00 ms"), .init(kind: .bound, value: 1.5, label: "bound 1.50 ms")],
                    clippedAbove: clip),
                .init(
                    title: "managed workloads", unit: "Mbit/s",
                    series: [
                        .init(name: "used", ink: .used, shape: .area, samples: samples(values.mapValues { $0.map { 100 - $0 * 10 } })),
                        .init(name: "applied", ink: .applied, shape: .step, samples: samples(values.mapValues { $0.map { _ in 120 } })),
                    ]),
            ],
            markers: [.init(at: time(20), kind: .brake, href: "/d/plant-a/1/4", label: "Lowered."), .init(at: time(45), kind: .increase, href: "/d/plant-a/1/9", label: "Raised.")])
    }
    private let whole: [Int64: Double?] = Dictionary(uniqueKeysWithValues: (1...12).map { ($0 * 5, Double($0) / 10) })

    @Test func `a whole minute is drawn as the golden picture`() throws {
        try GoldenFile.expect(chart(whole).svg, in: "timeline-whole.svg")
    }

    @Test func `a minute with a missing sample, missing ticks and a late end is drawn as the golden picture`() throws {
        var values = whole
        values[15] = .some(nil)
        for second in [30, 35, 60] as [Int64] { values[second] = nil }
        try GoldenFile.expect(chart(values).svg, in: "timeline-gaps.svg")
    }

    private func count(_ word: String, _ text: String) -> Int { text.split(separator: word, omittingEmptySubsequences: false).count - 1 }

    @Test func `a whole stretch has no gap, an empty one is nothing but a gap`() {
        #expect(count("class=\"gap\"", chart(whole).svg) == 0)
        let empty = chart([:]).svg
        #expect(count("class=\"gap\"", empty) == 2)
        #expect(count("class=\"ink delay\"", empty) == 0)
        #expect(empty.contains("No data from 2026-11-23T06:40:00.000Z to 2026-11-23T06:41:00.000Z"))
    }

    @Test func `a line never bridges what is missing`() {
        var values = whole
        values[30] = .some(nil)
        #expect(count("class=\"ink delay\"", chart(values).svg) == 2)
        values[30] = nil
        #expect(count("class=\"ink delay\"", chart(values).svg) == 2)
        #expect(count("class=\"gap\"", chart(values).svg) == 2)
    }

    @Test func `a tick that comes a little late leaves no gap`() {
        var values = whole
        values[30] = nil
        values[32] = 0.6
        #expect(count("class=\"gap\"", chart(values).svg) == 0)
        #expect(count("class=\"ink delay\"", chart(values).svg) == 1)
    }

    @Test func `what is beyond the scale is marked with its value and does not press the rest flat`() {
        var values = whole
        values[30] = 40
        let svg = chart(values, clip: 6).svg
        #expect(count("class=\"clipped\"", svg) == 1)
        #expect(svg.contains("40.00, beyond the scale"))
        #expect(!svg.contains(">40</text>"))
    }

    @Test func `a lonely sample is a dot, not nothing`() {
        #expect(chart([30: 0.7]).svg.contains("h0\" fill=\"none\""))
    }

    @Test func `hostile words stay words, and what XML forbids is replaced`() {
        let svg = chart(whole, name: "</title><script>alert(1)</script>\"'&\u{1}").svg
        #expect(!svg.contains("<script"))
        #expect(svg.contains("&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\u{FFFD}"))
    }

    @Test func `it stands alone and asks for no style`() {
        let svg = chart(whole).svg
        #expect(!svg.contains("style="))
        #expect(svg.contains("role=\"img\"") && svg.contains("aria-labelledby=\"t-title t-desc\""))
        #expect(svg.contains("<a class=\"marker brake\" href=\"/d/plant-a/1/4\" aria-label=\"Lowered.\">"))
    }

    @Test func `equal charts are equal bytes`() { #expect(chart(whole).svg == chart(whole).svg) }

    @Test(arguments: [1, 59, 60, 61, 900, 3_600, 86_400, 604_800, 40_000_000])
    func `any stretch of time has between one and nine marks`(seconds: Int64) {
        var chart = chart([:])
        chart.to = chart.from + .seconds(seconds)
        chart.panels = []
        let marks = count("text-anchor=\"middle\"", chart.svg)
        #expect((1...9).contains(marks))
    }
}
