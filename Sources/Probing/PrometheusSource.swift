public import HTTPTransport
internal import JSONDocument
public import Quantities

/// A real Prometheus server as a source of delays and of used rates. It only asks; who may believe how much is the caller's.
public struct PrometheusSource: Sendable {
    /// More is no answer to our questions.
    public static let maximumResponseBytes = 1 << 20
    /// How much of a server's words is kept.
    static let maximumMessageBytes = 300

    public let baseURL: String
    private let http: HTTPClient
    private let deadline: Duration
    private let headers: [HTTPHeader]
    private let tls: TLSOptions

    /// - Parameters:
    ///   - baseURL: `http://host:9090`, with the server's path prefix where it has one.
    ///   - deadline: for each question. Default 2 s: less than a tick, so that a slow server costs its own sample only.
    ///   - headers: such as `Authorization`.
    public init(
        baseURL: String, http: HTTPClient, deadline: Duration = .seconds(2), headers: [HTTPHeader] = [], tls: TLSOptions = TLSOptions()
    ) {
        var baseURL = baseURL
        while baseURL.hasSuffix("/") { baseURL.removeLast() }
        self.baseURL = baseURL
        self.http = http
        self.deadline = deadline
        self.headers = headers
        self.tls = tls
    }

    /// The delay of one flow over the last `window`.
    public func measure(_ query: PrometheusQuery, window: Nanoseconds) async -> Result<PrometheusMeasurement, PrometheusFailure> {
        do throws(PrometheusFailure) {
            let parts = query.parts(window: window)
            return .success(try measurement(try await instantVector(parts), parts, maximumAge: query.maximumAge))
        } catch { return .failure(error) }
    }

    /// The one number that a query answers, not negative: a used rate in bit/s, for instance. Where the query reads a range, its
    /// series must have been scraped within `maximumAge`.
    public func value(of query: String, maximumAge: Nanoseconds) async -> Result<Double, PrometheusFailure> {
        do throws(PrometheusFailure) {
            let parts = PrometheusQuery(delay: query).parts(window: .seconds(1)).filter { $0.part != .count }
            let vector = try await instantVector(parts)
            if parts.contains(where: { $0.part == .age }) { _ = try age(vector, atMost: maximumAge) }
            guard let value = try one(vector, .p95) else { throw .empty }
            return .success(try plausible(value.number))
        } catch { return .failure(error) }
    }
}

// MARK: From a vector to a measurement

extension PrometheusSource {
    struct Element {
        let part: String
        /// When the server evaluated it, seconds since 1970 on its clock.
        let evaluatedAt: Double
        let number: Double
    }

    private func measurement(
        _ vector: [Element], _ parts: [(part: PrometheusQuery.Part, expression: String)], maximumAge: Nanoseconds
    ) throws(PrometheusFailure) -> PrometheusMeasurement {
        // A dead target is told before its last number is looked at.
        let age = parts.contains { $0.part == .age } ? try age(vector, atMost: maximumAge) : nil
        guard let p95 = try one(vector, .p95) else { throw .empty }
        let count = try one(vector, .count).map { $0.number }
        if let count, !(count >= 0.5) { throw .notANumber }
        return PrometheusMeasurement(
            p50: try quantile(vector, .p50), p95: try delay(p95.number), p99: try quantile(vector, .p99),
            count: count.map { Int64(min($0.rounded(), 1e15)) }, age: age)
    }

    private func age(_ vector: [Element], atMost maximum: Nanoseconds) throws(PrometheusFailure) -> Nanoseconds {
        guard let stamp = try one(vector, .age) else { throw .absent }
        let seconds = stamp.evaluatedAt - stamp.number
        guard seconds.isFinite, abs(seconds) < 1e9 else { throw .implausible("a time of \(stamp.number)") }
        // A scrape may be stamped a little after the evaluation began.
        guard seconds > -5 else { throw .implausible("a measurement from the future") }
        let age = Nanoseconds(Int64((max(0, seconds) * 1e9).rounded()))
        guard age <= maximum else { throw .stale(age: age) }
        return age
    }

    /// The side quantiles may be missing; they may not be wrong.
    private func quantile(_ vector: [Element], _ part: PrometheusQuery.Part) throws(PrometheusFailure) -> Nanoseconds? {
        guard let element = try one(vector, part), !element.number.isNaN else { return nil }
        return try delay(element.number)
    }

    private func delay(_ seconds: Double) throws(PrometheusFailure) -> Nanoseconds {
        let seconds = try plausible(seconds)
        guard seconds <= PrometheusMeasurement.longestDelay.seconds else { throw .implausible("\(seconds) s") }
        return Nanoseconds(Int64((seconds * 1e9).rounded()))
    }

    private func plausible(_ number: Double) throws(PrometheusFailure) -> Double {
        guard !number.isNaN else { throw .notANumber }
        guard number >= 0 else { throw .implausible("negative") }
        guard number.isFinite else { throw .implausible("infinite: above the highest bucket") }
        return number
    }

    private func one(_ vector: [Element], _ part: PrometheusQuery.Part) throws(PrometheusFailure) -> Element? {
        let elements = vector.filter { $0.part == part.rawValue }
        guard elements.count <= 1 else { throw .ambiguous(count: elements.count) }
        return elements.first
    }
}

// MARK: The server's API

extension PrometheusSource {
    private func instantVector(
        _ parts: [(part: PrometheusQuery.Part, expression: String)]
    ) async throws(PrometheusFailure) -> [Element] {
        let body = "query=\(percentEncoded(PrometheusQuery.text(of: parts)))&timeout=\(max(1, deadline.components.seconds))s"
        let value = try await api(
            HTTPRequest(
                .post, "\(baseURL)/api/v1/query", headers: headers + [HTTPHeader("Content-Type", "application/x-www-form-urlencoded")],
                body: Array(body.utf8), deadline: deadline, maximumResponseBytes: PrometheusSource.maximumResponseBytes, tls: tls))
        guard value["resultType"]?.string == "vector", let result = value["result"]?.array else {
            throw .malformed("the query answers no vector")
        }
        var elements: [Element] = []
        for item in result {
            guard let pair = item["value"]?.array, pair.count == 2, let instant = pair[0].double, let text = pair[1].string,
                let number = prometheusNumber(text)
            else { throw .malformed("an element without instant and number") }
            let part = item["metric"]?[PrometheusQuery.partLabel]?.string ?? ""
            elements.append(Element(part: part, evaluatedAt: instant, number: number))
        }
        return elements
    }

    /// The `data` of a successful answer.
    func api(_ request: HTTPRequest) async throws(PrometheusFailure) -> JSONValue {
        let response: HTTPResponse
        do throws(HTTPError) { response = try await http.send(request) } catch {
            switch error.code {
            case .deadlineExceeded: throw .slow
            case .responseTooLarge: throw .malformed(error.detail)
            default: throw .unreachable("\(error)")
            }
        }
        guard response.status < 500 else { throw .serverError(status: response.status) }
        // A refusal may be plain text; a success that is no JSON is told below.
        let value = try? JSONValue(parsing: response.body)
        guard response.isSuccess else {
            let words = value?["error"]?.string ?? String(decoding: response.body.prefix(PrometheusSource.maximumMessageBytes), as: UTF8.self)
            throw .refused(status: response.status, message: String(words.prefix(PrometheusSource.maximumMessageBytes)))
        }
        guard let value, value["status"]?.string == "success", let data = value["data"] else { throw .malformed("no JSON of status success") }
        return data
    }

    func get(_ path: String) -> HTTPRequest {
        HTTPRequest(
            .get, baseURL + path, headers: headers, deadline: deadline, maximumResponseBytes: 16 * PrometheusSource.maximumResponseBytes, tls: tls)
    }
}

/// A number as Prometheus writes one: decimal, with exponent, `NaN`, `+Inf`, `-Inf`. Nil where it is none of these.
func prometheusNumber(_ text: String) -> Double? {
    switch text {
    case "NaN": return .nan
    case "+Inf", "Inf": return .infinity
    case "-Inf": return -.infinity
    default:
        guard text.utf8.allSatisfy({ "+-.0123456789eE".utf8.contains($0) }) else { return nil }
        return Double(text)
    }
}
