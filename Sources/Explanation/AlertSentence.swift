public import Events
public import Quantities

/// One alert in one sentence: which rule, of whom, in which state, for how long, and what was seen.
public struct AlertSentence: Sendable {
    public let change: AlertChange
    /// When the present state began.
    public let since: WallTime?
    let now: WallTime?

    public init(_ change: AlertChange, since: WallTime? = nil, now: WallTime? = nil) {
        self.change = change
        self.since = since
        self.now = now
    }

    /// `ShipperSilent of cluster plant-b has been firing for 40 s: no tick arrived.`
    public var text: String {
        let length = age.map { " for \($0.length)" } ?? ""
        let verb =
            switch change.state {
            case .pending: age == nil ? "is pending" : "has been pending\(length)"
            case .firing: age == nil ? "is firing" : "has been firing\(length)"
            case .resolved: age.map { "was resolved \($0.text)" } ?? "is resolved"
            }
        let summary = change.summary.isEmpty ? "" : ": \(change.summary)"
        let stop = summary.hasSuffix(".") ? "" : "."
        return plainLine("\(change.rule)\(subject) \(verb)\(summary)\(stop)")
    }

    /// The labels that tell whom the alert is about, in order of name: `cluster plant-b, flow robot-control`. A log is one fleet's.
    public var labels: String {
        change.labels.filter { !["alertname", "severity", "fleet"].contains($0.key) }.sorted { $0.key < $1.key }
            .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    private var subject: String { labels.isEmpty ? "" : " of \(labels)" }
    private var age: Age? {
        guard let since, let now else { return nil }
        return Age(of: since, at: now)
    }
}
