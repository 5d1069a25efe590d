import Exposition
import Quantities
import Subprocess
import Testing

/// Aim: Prometheus reads what we write, and a rate's factor of eight is in one place. Method: bytes, and promtool's own judgement.
@Suite struct PrometheusTextTests {
    private var families: [MetricFamily] {
        var decisions = MetricFamily("fairlead_decisions_total", help: "Decisions by action.", kind: .counter)
        decisions.add(7, ["action": "decrease", "reason": "BrakedAboveBound"])
        decisions.add(40, ["action": "hold", "reason": "InsideDeadband"])
        return [
            .rates("fairlead_workload_egress_limit_bytes_per_second", help: "The limit of a workload.", [
                (["cluster": "plant-b", "state": "applied"], .megabits(120)), (["cluster": "plant-a", "state": "applied"], BitRate(bitsPerSecond: 12)),
            ]),
            decisions,
            MetricFamily("fairlead_flow_delay_variation_seconds", help: "Delay above the base.", kind: .histogram, samples: [
                .init(labels: ["flow": "robot \"control\"\\\nx"], value: .histogram(
                    buckets: [.init(upperBound: 0.0008, cumulativeCount: 90), .init(upperBound: 0.001, cumulativeCount: 97)], sum: 0.0712, count: 98)),
            ]),
            MetricFamily("fairlead_sample_age_seconds", help: "Age.", kind: .gauge, samples: [.init(labels: [:], value: .number(.nan))]),
        ]
    }

    @Test func `families and samples come in order, words are escaped, what is no number is left out`() {
        #expect(PrometheusText(families).text == #"""
            # HELP fairlead_decisions_total Decisions by action.
            # TYPE fairlead_decisions_total counter
            fairlead_decisions_total{action="decrease",reason="BrakedAboveBound"} 7
            fairlead_decisions_total{action="hold",reason="InsideDeadband"} 40
            # HELP fairlead_flow_delay_variation_seconds Delay above the base.
            # TYPE fairlead_flow_delay_variation_seconds histogram
            fairlead_flow_delay_variation_seconds_bucket{flow="robot \"control\"\\\nx",le="0.0008"} 90
            fairlead_flow_delay_variation_seconds_bucket{flow="robot \"control\"\\\nx",le="0.001"} 97
            fairlead_flow_delay_variation_seconds_bucket{flow="robot \"control\"\\\nx",le="+Inf"} 98
            fairlead_flow_delay_variation_seconds_sum{flow="robot \"control\"\\\nx"} 0.0712
            fairlead_flow_delay_variation_seconds_count{flow="robot \"control\"\\\nx"} 98
            # HELP fairlead_sample_age_seconds Age.
            # TYPE fairlead_sample_age_seconds gauge
            # HELP fairlead_workload_egress_limit_bytes_per_second The limit of a workload. Unit: bytes per second; × 8 gives the bit/s that Fairlead's commands, views and pages show.
            # TYPE fairlead_workload_egress_limit_bytes_per_second gauge
            fairlead_workload_egress_limit_bytes_per_second{cluster="plant-a",state="applied"} 1.5
            fairlead_workload_egress_limit_bytes_per_second{cluster="plant-b",state="applied"} 15000000

            """#)
    }

    @Test func `promtool finds nothing to complain of`() async throws {
        let result = try await run(
            .name("promtool"), arguments: ["check", "metrics"], input: .string(PrometheusText(families).text), output: .string(limit: 65_536),
            error: .string(limit: 65_536))
        #expect(result.terminationStatus == .exited(0), "\(result.standardOutput)\(result.standardError)")
    }

    @Test func `infinities and large counts are written as Prometheus reads them`() {
        var family = MetricFamily("x_seconds", help: "h", kind: .gauge)
        family.add(.infinity, ["a": "1"])
        family.add(-.infinity, ["a": "2"])
        family.add(123_456_789_012, ["a": "3"])
        family.add(1e300, ["a": "4"])
        let lines = PrometheusText([family]).text.split(separator: "\n").dropFirst(2).map { $0.split(separator: " ")[1] }
        #expect(lines == ["+Inf", "-Inf", "123456789012", "1e+300"])
    }
}
