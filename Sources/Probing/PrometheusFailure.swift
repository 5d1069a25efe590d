public import Quantities

/// Why a Prometheus server gave no number. Each is a state to be told; none is ever replaced by a number.
public enum PrometheusFailure: Error, Hashable, Sendable {
    /// Nobody answers at its address, or the connection broke.
    case unreachable(String)
    /// No whole answer before the deadline.
    case slow
    /// 5xx, also while it starts.
    case serverError(status: Int)
    /// It does not take the query: 4xx with its words.
    case refused(status: Int, message: String)
    /// An answer that is not what its API promises, or larger than is read.
    case malformed(String)
    /// No series of that name was scraped lately: the metric does not exist, or its target is dead.
    case absent
    /// The query chose no series, though what it reads is there, or nothing tells whether it is.
    case empty
    /// The query chose several series where one is meant.
    case ambiguous(count: Int)
    /// No measurement in the window: a quantile of nothing.
    case notANumber
    /// Negative, infinite or absurd.
    case implausible(String)
    /// The newest measurement is this old.
    case stale(age: Nanoseconds)
}

extension PrometheusFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreachable(let words): "the Prometheus server cannot be reached (\(words))"
        case .slow: "the Prometheus server does not answer in time"
        case .serverError(let status): "the Prometheus server answered \(status)"
        case .refused(let status, let message): "the Prometheus server refused the query with \(status): \(message)"
        case .malformed(let words): "the answer is none of Prometheus' API: \(words)"
        case .absent: "no such series was scraped lately: the metric does not exist, or its target is dead"
        case .empty: "the query answers nothing"
        case .ambiguous(let count): "the query answers \(count) series where one is meant"
        case .notANumber: "no measurement lies in the window (NaN)"
        case .implausible(let words): "the answer is no delay: \(words)"
        case .stale(let age): "the newest measurement is \(decimal(age.seconds, fractionDigits: 1)) s old"
        }
    }
}

/// What one flow experienced in one window, by a Prometheus server's histograms.
public struct PrometheusMeasurement: Hashable, Sendable {
    /// Quantiles of the delay above the base delay, interpolated within the server's buckets. 0 … `longestDelay`.
    public let p50: Nanoseconds?
    public let p95: Nanoseconds
    public let p99: Nanoseconds?
    /// Measurements in the window; nil where no query tells.
    public let count: Int64?
    /// How old the newest scrape was when the server answered, on the server's own clock; nil where no query tells.
    public let age: Nanoseconds?

    /// More is not believed to be a delay. It is what `Delay` can hold.
    public static let longestDelay = Nanoseconds.seconds(214)
}
