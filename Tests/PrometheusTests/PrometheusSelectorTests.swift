// Aim: the metric that a query reads is found whatever its labels hold.
import Probing
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
