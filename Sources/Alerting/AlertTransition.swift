public import Events
public import Quantities

/// One alert's change of state: what goes on the log, and what a notification is made of.
public struct AlertTransition: Equatable, Sendable {
    /// Nil: it was inactive.
    public var from: AlertChange.State?
    public var to: AlertChange.State
    public var alert: Alert

    public init(from: AlertChange.State?, to: AlertChange.State, alert: Alert) {
        self.from = from
        self.to = to
        self.alert = alert
    }

    /// Whether receivers hear of it: an alert that was pending only is not told when it ends.
    public var isTold: Bool { to == .firing || (to == .resolved && from == .firing) }

    public var change: AlertChange {
        AlertChange(fingerprint: alert.fingerprint, rule: alert.rule, state: to, labels: alert.labels, summary: alert.summary)
    }
}

/// An alert as people see it.
public struct Alert: Equatable, Sendable {
    public var fingerprint: String
    public var rule: String
    /// `alertname`, `fleet`, `cluster`, `severity`, and one of `link`, `flow`, `workload` where it is about one.
    public var labels: [String: String]
    /// What was true at the last evaluation that could tell; where it resolved, how long it lasted and what was true before.
    public var summary: String
    public var runbook: String
    /// When it fired; when it became pending, while it is that.
    public var startsAt: WallTime
    /// Nil until it resolves.
    public var endsAt: WallTime?

    public init(
        fingerprint: String, rule: String, labels: [String: String], summary: String, runbook: String = "", startsAt: WallTime,
        endsAt: WallTime? = nil
    ) {
        self.fingerprint = fingerprint
        self.rule = rule
        self.labels = labels
        self.summary = summary
        self.runbook = runbook
        self.startsAt = startsAt
        self.endsAt = endsAt
    }
}
