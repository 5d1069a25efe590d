// Aim: a Prometheus server that is down, slow, failing, empty or wrong gives its own word, and never a number.
// Method: a scripted server; `RealPrometheusTests` asks a real one.
import HTTPTransport
import Probing
import Quantities
import ScriptedHTTP
import Testing

private let histogram = PrometheusQuery(
    delay: #"histogram_quantile({quantile}, sum by (le) (rate(probe_delay_seconds_bucket{flow="robot"}[{window}])))"#)

private func vector(_ elements: [(part: String, value: String)], at instant: String = "1795000000.5") -> String {
    let result = elements.map { #"{"metric":{"fairlead_part":"\#($0.part)"},"value":[\#(instant),"\#($0.value)"]}"# }
    return #"{"status":"success","data":{"resultType":"vector","result":[\#(result.joined(separator: ","))]}}"#
}

@Suite struct PrometheusSourceTests {
    func ask(
        _ answer: ScriptedAnswer, query: PrometheusQuery = histogram
    ) async -> (answer: Result<PrometheusMeasurement, PrometheusFailure>, requests: [ScriptedRequest]) {
        let server = ScriptedHTTPServer { _ in answer }
        defer { server.stop() }
        let source = PrometheusSource(baseURL: server.url + "/", http: HTTPClient(), deadline: .milliseconds(300))
        return (await source.measure(query, window: .seconds(5)), server.requests)
    }
    func failure(_ answer: ScriptedAnswer, query: PrometheusQuery = histogram) async -> PrometheusFailure? {
        if case .failure(let failure) = await ask(answer, query: query).answer { failure } else { nil }
    }
    let fresh: [(part: String, value: String)] = [
        ("p50", "0.0004"), ("p95", "0.00123456"), ("p99", "0.002"), ("count", "99.7"), ("age", "1794999999.25"),
    ]

    @Test func `quantiles, count and age come from one question, in whole nanoseconds`() async throws {
        let (answer, requests) = await ask(.json(200, vector(fresh)))
        let measurement = try answer.get()
        #expect(measurement.p50 == .microseconds(400))
        #expect(measurement.p95 == Nanoseconds(1_234_560))
        #expect(measurement.p99 == .milliseconds(2))
        #expect(measurement.count == 100)
        #expect(measurement.age == .milliseconds(1_250))
        #expect(requests.count == 1)
        #expect(requests.first?.path == "/api/v1/query")
        #expect(requests.first?.method == "POST")
    }

    @Test func `what is asked names each part, and derives count and age from the histogram`() async throws {
        let (_, requests) = await ask(.json(200, vector(fresh)))
        let asked = try #require(requests.first).form("query")
        let selector = #"{flow="robot"}"#
        func quantile(_ value: String, _ part: String) -> String {
            #"label_replace(histogram_quantile(\#(value), sum by (le) (rate(probe_delay_seconds_bucket\#(selector)[5s]))), "fairlead_part", "\#(part)", "", "")"#
        }
        #expect(asked == [
            quantile("0.5", "p50"), quantile("0.95", "p95"), quantile("0.99", "p99"),
            #"label_replace(sum(increase(probe_delay_seconds_count\#(selector)[5s])), "fairlead_part", "count", "", "")"#,
            #"label_replace(min(timestamp(probe_delay_seconds_bucket\#(selector))), "fairlead_part", "age", "", "")"#,
        ].joined(separator: " or "))
    }

    @Test func `a query for one number is the 95th percentile`() async throws {
        let answer = await ask(.json(200, vector([("p95", "0.001")])), query: PrometheusQuery(delay: "flow:delay:p95")).answer
        let measurement = try answer.get()
        #expect(measurement.p95 == .milliseconds(1))
        #expect(measurement.p50 == nil)
        #expect(measurement.count == nil)
        #expect(measurement.age == nil)
    }

    @Test func `a server that is down is unreachable`() async {
        let server = ScriptedHTTPServer { _ in .close }
        let url = server.url
        server.stop()
        guard case .failure(.unreachable) = await PrometheusSource(baseURL: url, http: HTTPClient()).measure(histogram, window: .seconds(5)) else {
            Issue.record("it was reached")
            return
        }
        let cut = await failure(.close)
        guard case .unreachable = cut else {
            Issue.record("half an answer was taken: \(cut.map { "\($0)" } ?? "no failure")")
            return
        }
    }

    @Test func `a server that hangs is slow`() async { #expect(await failure(.hang) == .slow) }

    @Test(arguments: [500, 502, 503, 504])
    func `a failing server is told by its status`(status: Int) async {
        #expect(await failure(.text(status, "oops")) == .serverError(status: status))
    }

    @Test func `a refused query is told with the server's words, bounded`() async {
        #expect(await failure(.json(400, #"{"status":"error","errorType":"bad_data","error":"parse error"}"#)) == .refused(status: 400, message: "parse error"))
        guard case .refused(404, let message)? = await failure(.text(404, String(repeating: "x", count: 10_000))) else {
            Issue.record("not refused")
            return
        }
        #expect(message.count == 300)
    }

    @Test(arguments: [
        "", "null", "[]", "{}", "not json", #"{"status":"error"}"#, #"{"status":"success"}"#, #"{"status":"success","data":{}}"#,
        #"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":[{}]}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1]}]}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,2]}]}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"two"]}]}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"0x10"]}]}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":["1","nan(7)"]}]}}"#,
    ])
    func `what is no answer of the API is malformed`(body: String) async {
        guard case .malformed? = await failure(.json(200, body)) else {
            Issue.record("it was taken: \(body)")
            return
        }
    }

    @Test func `more than is read is malformed`() async {
        guard case .malformed? = await failure(.json(200, vector(fresh) + String(repeating: " ", count: 1 << 20))) else {
            Issue.record("it was read")
            return
        }
    }

    @Test func `an empty vector is an absent series, or an empty answer where the series is there`() async {
        #expect(await failure(.json(200, vector([]))) == .absent)
        #expect(await failure(.json(200, vector([("age", "1795000000")]))) == .empty)
        #expect(await failure(.json(200, vector([])), query: PrometheusQuery(delay: "flow:delay:p95")) == .empty)
    }

    @Test func `a target that died is absent although rate still answers`() async {
        #expect(await failure(.json(200, vector(fresh.filter { $0.part != "age" }))) == .absent)
    }

    @Test func `an old scrape is stale`() async {
        let old = fresh.filter { $0.part != "age" } + [("age", "1794999970.5")]
        #expect(await failure(.json(200, vector(old))) == .stale(age: .seconds(30)))
    }

    @Test(arguments: [
        ("NaN", PrometheusFailure.notANumber), ("-0.001", .implausible("negative")), ("+Inf", .implausible("infinite: above the highest bucket")),
        ("-Inf", .implausible("negative")), ("215", .implausible("215.0 s")), ("1e300", .implausible("1e+300 s")),
    ])
    func `what is no delay has its word`(value: String, expected: PrometheusFailure) async {
        #expect(await failure(.json(200, vector(fresh.filter { $0.part != "p95" } + [("p95", value)]))) == expected)
    }

    @Test(arguments: ["0", "NaN", "-3"])
    func `a window without measurements is no measurement, whatever the quantile says`(count: String) async {
        #expect(await failure(.json(200, vector(fresh.filter { $0.part != "count" } + [("count", count)]))) == .notANumber)
    }

    @Test func `a side quantile may be missing but not wrong`() async throws {
        let without = fresh.filter { $0.part != "p99" }
        #expect(try await ask(.json(200, vector(without + [("p99", "NaN")]))).answer.get().p99 == nil)
        #expect(await failure(.json(200, vector(without + [("p99", "-1")]))) == .implausible("negative"))
    }

    @Test func `several series where one is meant are ambiguous`() async {
        #expect(await failure(.json(200, vector(fresh + [("p95", "0.1")]))) == .ambiguous(count: 2))
    }

    @Test(arguments: ["1795000005.6", "0", "NaN", "1e40"])
    func `an impossible time is not taken for an age`(stamp: String) async {
        let failure = await failure(.json(200, vector(fresh.filter { $0.part != "age" } + [("age", stamp)])))
        switch failure {
        case .implausible, .stale: break
        default: Issue.record("\(String(describing: failure))")
        }
    }

    @Test func `a used rate is a number with an age`() async throws {
        let server = ScriptedHTTPServer { request in
            .json(200, request.bodyText.contains("timestamp") ? vector([("p95", "84000000"), ("age", "1795000000")]) : vector([]))
        }
        defer { server.stop() }
        let source = PrometheusSource(baseURL: server.url, http: HTTPClient())
        let used = await source.value(of: #"8 * sum(rate(container_network_transmit_bytes_total{pod=~"telemetry-.*"}[10s]))"#, maximumAge: .seconds(15))
        #expect(try used.get() == 84_000_000)
        guard case .failure(.empty) = await source.value(of: "no_range", maximumAge: .seconds(15)) else {
            Issue.record("a number was made up")
            return
        }
    }
}
