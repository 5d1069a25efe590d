import Clocks
import Fleet
import HTTPTransport
import Jitter
import Probing
import Quantities
import Shipper

/// A Prometheus server as one flow's source.
enum PrometheusMeasurements {
    /// Asks once per tick, within half of it.
    static func source(_ source: PrometheusSourceSpecification, http: HTTPClient, tick: Nanoseconds) -> FlowMeasurements.External {
        let server = PrometheusSource(
            baseURL: source.url, http: http, deadline: .nanoseconds(min(2_000_000_000, tick.count / 2)))
        // Older than two ticks is no measurement of the present.
        let query = PrometheusQuery(delay: source.query, age: source.ageQuery, count: source.countQuery, maximumAge: tick * 2)
        let range = query.range(window: tick)
        return { _ in
            // Counted from before the question: what it answers cannot reach further back.
            let since = SystemClocks.monotonic() + range * -1
            return switch await server.measure(query, window: tick) {
            case .success(let measured):
                .external(
                    .reading(
                        ExternalReading(
                            p50: measured.p50, p95: measured.p95, count: measured.count.map { Int32(clamping: $0) }, age: measured.age,
                            since: since)))
            case .failure(.empty), .failure(.notANumber): .external(.absent, problem: "Prometheus has no measurement of the flow")
            case .failure(let failure): .external(.failed, problem: "\(failure)")
            }
        }
    }
}

/// The used rate of workloads, where something outside the enforcer counts it.
struct UsageCounters: Sendable {
    private let ask: @Sendable (WorkloadID) async -> WorkloadReading.Counter

    init(_ usage: UsageSourceSpecification, workloads: [WorkloadSpecification], http: HTTPClient, tick: Nanoseconds) {
        guard case .prometheus(let url, let template) = usage else {
            ask = { _ in .noSource }
            return
        }
        let server = PrometheusSource(baseURL: url, http: http, deadline: .nanoseconds(min(2_000_000_000, tick.count / 2)))
        let queries = Dictionary(
            uniqueKeysWithValues: workloads.map { workload in
                (workload.id, template.replacing("{namespace}", with: workload.namespace).replacing("{workload}", with: workload.name))
            })
        ask = { workload in
            guard let query = queries[workload] else { return .noSource }
            switch await server.value(of: query, maximumAge: tick * 2) {
            case .success(let bits) where bits < Double(BitRate.maximum.bitsPerSecond): return .rate(BitRate(bitsPerSecond: Int64(bits)))
            case .success: return .failed("the used rate is absurd")
            case .failure(let failure): return .failed("\(failure)")
            }
        }
    }

    @Sendable func counter(_ workload: WorkloadID) async -> WorkloadReading.Counter { await ask(workload) }
}
