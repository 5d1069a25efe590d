// Aim: the questions are ones that a real Prometheus understands, and a target that died is absent soon.
// Method: a real server scrapes a tiny endpoint of ours; each scrape is the clock of the test.
import HTTPTransport
import Probing
import Quantities
import ScriptedHTTP
import Synchronization
import Testing

@Suite(.serialized, .timeLimit(.minutes(1))) struct RealPrometheusTests {
    @Test func `a real server's histogram is measured, follows a step, and is absent when its target dies`() async throws {
        let target = HistogramTarget()
        let prometheus = try RealPrometheus(scraping: target)
        defer { prometheus.kill() }
        let source = PrometheusSource(baseURL: prometheus.url, http: HTTPClient(), deadline: .seconds(5))
        let query = PrometheusQuery(
            delay: #"histogram_quantile({quantile}, sum by (le) (rate(probe_delay_seconds_bucket{flow="robot"}[{window}])))"#, maximumAge: .seconds(3))

        func measurement(after condition: (Result<PrometheusMeasurement, PrometheusFailure>) -> Bool) async -> Result<PrometheusMeasurement, PrometheusFailure> {
            var last: Result<PrometheusMeasurement, PrometheusFailure> = .failure(.empty)
            // At most so many scrapes; each is waited for, not slept for.
            for _ in 0..<100 {
                await target.nextScrape()
                last = await source.measure(query, window: .seconds(2))
                if condition(last) { return last }
            }
            return last
        }
        func p95(_ answer: Result<PrometheusMeasurement, PrometheusFailure>) -> Nanoseconds? { try? answer.get().p95 }

        target.observe(delayMilliseconds: 0.9)
        let calm = try await measurement { p95($0) != nil }.get()
        #expect(calm.p95 > .microseconds(800) && calm.p95 <= .milliseconds(1), "\(calm)")
        #expect(calm.count.map { $0 > 0 } == true)
        #expect(calm.age.map { $0 < .seconds(2) } == true)

        target.observe(delayMilliseconds: 1.9)
        let congested = try await measurement { p95($0).map { $0 > .microseconds(1_500) } ?? false }.get()
        #expect(congested.p95 > .microseconds(1_500) && congested.p95 <= .milliseconds(2), "\(congested)")

        #expect(try await source.metric(nearestTo: "probe_delay_second_bucket") == "probe_delay_seconds_bucket")
        #expect(try await source.metric(nearestTo: "quite_another_thing_altogether") == nil)
        let unknown = await source.measure(PrometheusQuery(delay: "histogram_quantile({quantile}, rate(hubble_flow_latency_seconds_bucket[5s]))"), window: .seconds(2))
        #expect(unknown == .failure(.absent))
        guard case .failure(.refused(400, _)) = await source.measure(PrometheusQuery(delay: "histogram_quantile("), window: .seconds(2)) else {
            Issue.record("nonsense was taken")
            return
        }
        let used = await source.value(of: #"sum(rate(probe_delay_seconds_count{flow="robot"}[2s]))"#, maximumAge: .seconds(3))
        #expect((try? used.get()).map { $0 > 0 } == true)

        target.die()
        let dead = await measurement { p95($0) == nil }
        #expect(dead == .failure(.absent))

        prometheus.pause()
        let paused = await PrometheusSource(baseURL: prometheus.url, http: HTTPClient(), deadline: .milliseconds(200)).measure(query, window: .seconds(2))
        #expect(paused == .failure(.slow))
        prometheus.kill()
        guard case .failure(.unreachable) = await source.measure(query, window: .seconds(2)) else {
            Issue.record("a dead server answered")
            return
        }
    }
}

/// An endpoint with one histogram whose observations all have the current delay, a hundred of them per scrape.
final class HistogramTarget: Sendable {
    private struct State {
        var bucket = 0
        var counts = [Int](repeating: 0, count: HistogramTarget.bounds.count + 1)
        var isDead = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }
    static let bounds = ["0.0005", "0.0008", "0.001", "0.0012", "0.0015", "0.002", "0.004"]
    private let state = Mutex(State())
    private let box = Mutex<ScriptedHTTPServer?>(nil)

    init() {
        let server = ScriptedHTTPServer { [weak self] _ in self?.scrape() ?? .close }
        box.withLock { $0 = server }
    }
    deinit { box.withLock { $0 }?.stop() }
    var port: UInt16 { box.withLock { $0 }?.port ?? 0 }

    func observe(delayMilliseconds: Double) {
        let bucket = HistogramTarget.bounds.firstIndex { delayMilliseconds / 1_000 <= Double($0) ?? 0 } ?? HistogramTarget.bounds.count
        state.withLock { $0.bucket = bucket }
    }
    /// From now on each scrape fails, and is still counted as one.
    func die() { state.withLock { $0.isDead = true } }

    /// Returns when the server comes for the next scrape: what it took at the last one is stored by then.
    func nextScrape() async {
        await withCheckedContinuation { waiter in state.withLock { $0.waiters.append(waiter) } }
    }

    private func scrape() -> ScriptedAnswer {
        let (text, waiters) = state.withLock { state -> (String?, [CheckedContinuation<Void, Never>]) in
            defer { state.waiters = [] }
            guard !state.isDead else { return (nil, state.waiters) }
            state.counts[state.bucket] += 100
            var text = "# TYPE probe_delay_seconds histogram\n"
            var sum = 0
            for (bound, count) in zip(HistogramTarget.bounds + ["+Inf"], state.counts) {
                sum += count
                text += "probe_delay_seconds_bucket{flow=\"robot\",le=\"\(bound)\"} \(sum)\n"
            }
            return (text + "probe_delay_seconds_count{flow=\"robot\"} \(sum)\nprobe_delay_seconds_sum{flow=\"robot\"} 1\n", state.waiters)
        }
        for waiter in waiters { waiter.resume() }
        return text.map { .text(200, $0, type: "text/plain; version=0.0.4") } ?? .text(500, "dead")
    }
}

/// A real Prometheus in a directory of its own.
final class RealPrometheus: Sendable {
    let url: String
    private let directory = TemporaryDirectory()
    private let process: ChildProcess

    init(scraping target: HistogramTarget) throws {
        let port = freePort()
        url = "http://127.0.0.1:\(port)"
        let configuration = """
            global: {scrape_interval: 200ms, scrape_timeout: 200ms}
            scrape_configs: [{job_name: probe, static_configs: [{targets: ["127.0.0.1:\(target.port)"]}]}]
            """
        let path = directory.write(configuration, to: "prometheus.yml")
        process = try ChildProcess([
            "prometheus", "--config.file=\(path)", "--storage.tsdb.path=\(directory.file("data"))", "--web.listen-address=127.0.0.1:\(port)",
        ])
    }
    deinit { kill() }

    func pause() { process.pause() }
    func kill() { process.kill() }
}

/// A port that was free a moment ago.
private func freePort() -> UInt16 {
    let server = ScriptedHTTPServer { _ in .close }
    defer { server.stop() }
    return server.port
}
