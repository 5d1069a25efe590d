// Aim: the metric that a query reads is found whatever its labels hold.
import Probing
import Quantities
import Testing

@Suite struct PrometheusSelectorTests {
    @Test(arguments: [
        ("rate(x_bucket[5s])", "x_bucket"), (#"rate(x_bucket{a="b"}[5s])"#, "x_bucket"), (#"sum(rate(ns:x{a="}[",b='{'}[1m]))"#, "ns:x"),
        (#"x{a="\"[\""}[5s]"#, "x"), ("histogram_quantile(0.9, sum by (le) (rate(a_bucket[1m]))) - rate(b[1m])", "a_bucket"),
    ])
    func `the first range selector is the one that is read`(query: String, name: String) {
        #expect(PrometheusSource.metric(of: query) == name)
    }

    @Test(arguments: ["", "x", "x{a=\"[5s]\"}", "[5s]", "{a=\"b\"}[5s]", "rate(x[5s"])
    func `a query without one has none`(query: String) { #expect(PrometheusSource.metric(of: query) == nil) }
}

@Suite struct PrometheusRangeTests {
    @Test(arguments: [
        ("rate(x_bucket[5s])", 5.0), ("rate(x_bucket[{window}])", 2), ("rate(x[1m30s])", 90), ("rate(x[500ms])", 0.5), ("x", 2),
        (#"rate(x{a="[9h]"}[5s])"#, 5), ("max_over_time(rate(x[5s])[1m:1s])", 65), ("rate(x[5s] offset 1m)", 65), ("rate(x[1h]) - rate(y[5s])", 3_605),
    ])
    func `a query looks back by its ranges and its offset`(query: String, seconds: Double) {
        #expect(PrometheusQuery(delay: query).range(window: .seconds(2)).seconds == seconds)
    }

    @Test(arguments: ["rate(x[])", "rate(x[five])", "rate(x[5])", "rate(x[5s", "rate(x[99999999999y])", "rate(x[$__interval])"])
    func `a range that cannot be read passes for an old one`(query: String) {
        #expect(PrometheusQuery(delay: query).range(window: .seconds(2)) >= (query == "rate(x[5s" ? .seconds(5) : .seconds(86_400 * 365)))
    }
}
