import Events
import Exposition
import Jitter
public import Probing
public import Quantities
import Synchronization

/// What the probes of some flows have shown since the start, for a scrape: histograms of the delay above the base, and losses.
/// One board serves the `probe` command and the shipper's own metrics.
public final class ProbeBoard: Sendable {
    private struct Entry {
        var histogram = DelayHistogram()
        var lowest: Nanoseconds?
    }
    private let cluster: ClusterID
    private let entries: Mutex<[FlowID: Entry]>

    public init(cluster: ClusterID, flows: [FlowID]) {
        self.cluster = cluster
        entries = Mutex(Dictionary(uniqueKeysWithValues: flows.map { ($0, Entry()) }))
    }

    /// Counts a batch. The base is the lowest delay seen so far, so the very first observations may stand a little low.
    public func count(_ batches: [FlowID: ProbeBatch]) {
        entries.withLock { entries in
            for (flow, batch) in batches {
                for result in batch.results {
                    switch result.outcome {
                    case .lost: entries[flow]?.histogram.lost += 1
                    case .roundTrip(let span):
                        let base = min(entries[flow]?.lowest ?? span, span)
                        entries[flow]?.lowest = base
                        entries[flow]?.histogram.observe(span - base)
                    }
                }
            }
        }
    }

    var families: [MetricFamily] {
        let now = entries.withLock { $0 }
        let flows = now.sorted { $0.key < $1.key }
        func labels(_ flow: FlowID) -> [String: String] { ["cluster": cluster.text, "flow": flow.text] }
        return [
            MetricFamily(
                "fairlead_flow_delay_variation_seconds", help: "Round-trip delay of probes above the lowest seen, per critical flow.",
                kind: .histogram, samples: flows.map { MetricFamily.Sample(labels: labels($0.key), value: $0.value.histogram.value) }),
            MetricFamily(
                "fairlead_probe_lost_total", help: "Probes that were not answered in time, per critical flow.", kind: .counter,
                samples: flows.map { MetricFamily.Sample(labels: labels($0.key), value: .number(Double($0.value.histogram.lost))) }),
            MetricFamily(
                "fairlead_flow_base_delay_seconds", help: "Lowest round-trip delay seen, per critical flow.", kind: .gauge,
                samples: flows.compactMap { flow in
                    flow.value.lowest.map { MetricFamily.Sample(labels: labels(flow.key), value: .number($0.seconds)) }
                }),
        ]
    }

    /// What `probe` answers to a scrape.
    public var text: String { PrometheusText(families).text }
}
