/// Metrics as text, as a Prometheus server scrapes them. Families in order of name, samples in order of their labels: equal metrics
/// give equal bytes. A sample whose value is not a number is left out: no data is not a value.
/// Source: Prometheus text exposition format 0.0.4.
public struct PrometheusText: Sendable {
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    public let families: [MetricFamily]
    public init(_ families: [MetricFamily]) { self.families = families }

    public var text: String {
        families.sorted { $0.name < $1.name }.map { family in
            "# HELP \(family.name) \(PrometheusText.escapedHelp(family.help))\n# TYPE \(family.name) \(family.kind.rawValue)\n"
                + family.samples.map { (PrometheusText.labels($0.labels), $0) }.sorted { $0.0 < $1.0 }
                .map { PrometheusText.lines(family.name, $0.1) }.joined()
        }.joined()
    }

    private static func lines(_ name: String, _ sample: MetricFamily.Sample) -> String {
        switch sample.value {
        case .number(let value): return value.isNaN ? "" : "\(name)\(braced(labels(sample.labels))) \(number(value))\n"
        case .histogram(let buckets, let sum, let count):
            let own = labels(sample.labels)
            let prefix = own.isEmpty ? "" : "\(own),"
            let bounded = buckets.map { "\(name)_bucket{\(prefix)le=\"\(number($0.upperBound))\"} \($0.cumulativeCount)\n" }.joined()
            return bounded + "\(name)_bucket{\(prefix)le=\"+Inf\"} \(count)\n"
                + "\(name)_sum\(braced(own)) \(number(sum))\n\(name)_count\(braced(own)) \(count)\n"
        }
    }

    private static func braced(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

    /// In order of name. A label whose name cannot stand in the format is left out.
    private static func labels(_ labels: [String: String]) -> String {
        labels.filter { MetricFamily.isName($0.key) }.sorted { $0.key < $1.key }
            .map { "\($0.key)=\"\(escapedValue($0.value))\"" }.joined(separator: ",")
    }

    private static func escapedValue(_ value: String) -> String {
        String(value.flatMap { $0 == "\\" ? "\\\\" : $0 == "\"" ? "\\\"" : $0.isNewline ? "\\n" : String($0) })
    }
    private static func escapedHelp(_ help: String) -> String {
        String(help.flatMap { $0 == "\\" ? "\\\\" : $0.isNewline ? "\\n" : String($0) })
    }

    /// Whole numbers without a fraction, others in Swift's shortest exact form, which Prometheus reads.
    private static func number(_ value: Double) -> String {
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        return String(value)
    }
}
