import Charts
import ControlLaw
import Events
import JSONDocument
import Plants
import Quantities

/// One scenario's files: the data as JSON and CSV, the report with its timelines, the picture.
struct ScenarioReport {
    let run: ScenarioRun
    /// The ancestor's own rule on the same course, to stand beside its printed figures.
    let ancestral: ScenarioRun
    private var scenario: Scenario { run.scenario }

    // MARK: Data

    var json: String {
        let document: JSONValue = [
            "scenario": .string(scenario.name), "law": .string(run.law.name), "parameters": .string(run.law.parameters),
            "seed": .string(String(run.seed)), "tick_seconds": .measured(scenario.tick.seconds),
            "start_bits_per_second": .integer(scenario.start.bitsPerSecond),
            "verdict": .string(run.verdict.rawValue), "passed": .bool(run.verdict.isGood),
            "metrics": .object(metrics(run)),
            "steps": .array(run.steps.enumerated().map { index, step in
                [
                    "step": .integer(index + 1), "at_seconds": .measured(Double(index) * scenario.tick.seconds, fractionDigits: 1),
                    "jitter_ms": .measured(step.delay.milliseconds, fractionDigits: 4),
                    "smoothed_ms": .measured(step.outcome.smoothed?.milliseconds, fractionDigits: 4),
                    "action": .string(step.outcome.action.word), "reason": .string(step.outcome.reason.word),
                    "rate_bits_per_second": .integer(step.rate.bitsPerSecond), "patched": .bool(step.outcome.action != .hold),
                ]
            }),
        ]
        return document.indentedText + "\n"
    }

    private func metrics(_ run: ScenarioRun) -> [JSONValue.Member] {
        [
            .init("steps", .integer(run.steps.count)), .init("patches", .integer(run.patches)), .init("reversals", .integer(run.reversals)),
            .init("jitter_min_ms", .measured(run.delays.min()?.milliseconds, fractionDigits: 4)),
            .init("jitter_max_ms", .measured(run.delays.max()?.milliseconds, fractionDigits: 4)),
            .init("jitter_mean_ms", .measured(run.meanDelayMilliseconds, fractionDigits: 4)),
            .init("rate_first_bits_per_second", .optional(run.steps.first?.rate.bitsPerSecond)),
            .init("rate_min_bits_per_second", .integer(run.lowestRate.bitsPerSecond)),
            .init("rate_max_bits_per_second", .integer(run.highestRate.bitsPerSecond)),
            .init("rate_last_bits_per_second", .integer(run.lastRate.bitsPerSecond)),
            .init("rate_mean_bits_per_second", .integer(run.meanRate.bitsPerSecond)),
            .init("steps_above_target", .integer(run.stepsAboveTarget)), .init("steps_above_bound", .integer(run.stepsAboveBound)),
            .init("steps_at_floor", .integer(run.stepsAtFloor)), .init("steps_at_ceiling", .integer(run.stepsAtCeiling)),
            .init("steps_stuck_at_floor", .integer(run.stepsStuck)), .init("steps_unanswered", .integer(run.stepsUnanswered)),
            .init("steps_attributed", .integer(run.stepsAttributed)),
        ]
    }

    var csv: String {
        var text = "step,at_seconds,jitter_ms,smoothed_ms,action,reason,rate_bits_per_second,patched\n"
        for (index, step) in run.steps.enumerated() {
            let cells = [
                "\(index + 1)", decimal(Double(index) * scenario.tick.seconds, fractionDigits: 1), decimal(step.delay.milliseconds, fractionDigits: 4),
                step.outcome.smoothed.map { decimal($0.milliseconds, fractionDigits: 4) } ?? "", step.outcome.action.word, step.outcome.reason.word,
                "\(step.rate.bitsPerSecond)", step.outcome.action == .hold ? "0" : "1",
            ]
            text += cells.joined(separator: ",") + "\n"
        }
        return text
    }

    // MARK: Report

    var markdown: String {
        """
        # \(scenario.title)

        \(scenario.summary)

        To be seen under a good law: \(scenario.expectation)

        **Verdict of `\(run.law.name)`: \(run.verdict.rawValue)\(run.verdict.isGood ? "" : " (the loop did not do its work)")** – \(run.verdict.rule).

        ## Parameters

        | parameter | value |
        |---|---|
        | law | `\(run.law.name)` |
        | law's parameters | `\(run.law.parameters)` |
        | seed | \(run.seed) |
        | steps | \(scenario.steps) of \(scenario.tick) |
        | start, floor, ceiling | \(scenario.start), \(scenario.floor), \(scenario.ceiling) |
        | target, bound | \(scenario.target), \(scenario.bound) |
        | course | \(course) |

        ## Measures

        | measure | `\(run.law.name)` | `\(ancestral.law.name)`, from \(scenario.start) | the ancestor printed |
        |---|---:|---:|---:|
        \(measures.map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n"))

        ## Timelines

        One column is one step of \(scenario.tick).

        ```text
        \(AsciiTimeline(unit: "ms", values: run.delays.map(\.milliseconds), fractionDigits: 2).text)
        \(AsciiTimeline(unit: "Mbit/s", values: run.steps.map { Double($0.rate.bitsPerSecond) / 1e6 }, fractionDigits: 0).text)```

        ![\(scenario.title): delay variation and rate over time](\(scenario.name).svg)

        ## Insights

        \(insights.map { "- \($0)" }.joined(separator: "\n"))

        """
    }

    private var course: String {
        let points = scenario.course.points.map { "\(milliseconds($0.value)) at \($0.at == .zero ? "0s" : $0.at.description)" }.joined(separator: ", ")
        return "\(points); noise ±\(milliseconds(Double(scenario.noise.count))) between them"
    }
    private func milliseconds(_ nanoseconds: Double) -> String { "\(decimal(nanoseconds / 1e6, fractionDigits: 2)) ms" }

    private var measures: [[String]] {
        func row(_ name: String, _ value: (ScenarioRun) -> String, _ printed: String = "") -> [String] { [name, value(run), value(ancestral), printed] }
        func range(_ low: Delay?, _ high: Delay?) -> String { "\(low?.description ?? "–") to \(high?.description ?? "–")" }
        return [
            row("delay variation", { range($0.delays.min(), $0.delays.max()) }, scenario.ancestor.delay),
            row("its mean", { "\(decimal($0.meanDelayMilliseconds, fractionDigits: 2)) ms" }),
            row("rate: first, last", { "\($0.steps[0].rate.readable), \($0.lastRate.readable)" }, scenario.ancestor.rate),
            row("rate: lowest, highest", { "\($0.lowestRate.readable), \($0.highestRate.readable)" }),
            row("mean rate", { $0.meanRate.readable }, scenario.ancestor.meanRate),
            row("patches", { "\($0.patches) of \($0.steps.count)" }, scenario.ancestor.patches),
            row("reversals", { "\($0.reversals)" }),
            row("steps above target, bound", { "\($0.stepsAboveTarget), \($0.stepsAboveBound)" }),
            row("steps at floor, ceiling", { "\($0.stepsAtFloor), \($0.stepsAtCeiling)" }),
            row("verdict", { $0.verdict.rawValue }, scenario.ancestor.verdict),
        ]
    }

    private var insights: [String] {
        var found: [String] = []
        let reasons = Dictionary(grouping: run.steps, by: \.outcome.reason.word).mapValues(\.count)
        let most = reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(3)
        found.append("Most frequent reasons: \(most.map { "\($0.key) (\($0.value))" }.joined(separator: ", ")).")
        if run.stepsStuck > 0 {
            found.append("\(run.stepsStuck) steps at the floor with the flow above its target: a low patch rate here is saturation, not calm.")
        }
        if let first = run.steps.firstIndex(where: { $0.delay > scenario.bound }) {
            let answer = run.steps[first...].firstIndex { $0.outcome.action == .decrease }
            found.append(
                answer.map { $0 == first ? "The first sample above the bound was answered in its own step." : "The first sample above the bound was answered \($0 - first) steps later." }
                    ?? "No sample above the bound was answered by a decrease.")
        }
        let difference = run.patches - ancestral.patches
        if run.law.name != ancestral.law.name {
            found.append("\(difference <= 0 ? "\(-difference) fewer" : "\(difference) more") patches than `\(ancestral.law.name)` on the same course.")
        }
        return found
    }

    var svg: String {
        let origin = WallTime(microseconds: 0)
        func samples(_ value: (ScenarioRun.Step) -> Double) -> [TimelineChart.Sample] {
            run.steps.enumerated().map { index, step in
                TimelineChart.Sample(at: origin + scenario.tick * Int64(index), span: scenario.tick, value: value(step), isUnknown: false)
            }
        }
        let delays = TimelineChart.Panel(
            title: "Delay variation", unit: "ms", series: [.init(name: "p95", ink: .delay, shape: .line, samples: samples(\.delay.milliseconds))],
            thresholds: [
                .init(kind: .target, value: scenario.target.milliseconds, label: "target"),
                .init(kind: .bound, value: scenario.bound.milliseconds, label: "bound"),
            ])
        let rates = TimelineChart.Panel(
            title: "Rate", unit: "Mbit/s",
            series: [.init(name: "rate", ink: .applied, shape: .step, samples: samples { Double($0.rate.bitsPerSecond) / 1e6 })])
        return TimelineChart(
            id: scenario.name, title: scenario.title, summary: "\(run.law.name): \(run.verdict.rawValue)", from: origin,
            to: origin + scenario.tick * Int64(scenario.steps), panels: [delays, rates]
        ).svg + "\n"
    }
}
