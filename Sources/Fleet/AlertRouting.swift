public import Quantities

/// Which conditions raise an alert, how patiently, and who hears of it.
public struct AlertRouting: Hashable, Sendable {
    /// One for each rule of `AlertRuleSpecification.standard`, as changed by the file.
    public var rules: [AlertRuleSpecification]
    public var receivers: [WebhookReceiver]
    /// How long the first alert of a group waits for company. Default 10 s.
    public var groupWait: Nanoseconds
    /// How long a group waits after a message before it speaks of a change. Default 1 min.
    public var groupInterval: Nanoseconds
    /// How long a group that still fires is silent before it repeats itself. Default 4 h.
    public var repeatInterval: Nanoseconds
    /// The page's address as people reach it, for the links in messages.
    public var externalURL: String
    /// Who is told again and again that the alerter lives; nil for nobody.
    public var heartbeat: HeartbeatSpecification?

    public init(
        rules: [AlertRuleSpecification] = AlertRuleSpecification.standard, receivers: [WebhookReceiver] = [],
        groupWait: Nanoseconds = .seconds(10), groupInterval: Nanoseconds = .seconds(60),
        repeatInterval: Nanoseconds = .seconds(4 * 3600), externalURL: String = "",
        heartbeat: HeartbeatSpecification? = nil
    ) {
        self.rules = rules
        self.receivers = receivers
        self.groupWait = groupWait
        self.groupInterval = groupInterval
        self.repeatInterval = repeatInterval
        self.externalURL = externalURL
        self.heartbeat = heartbeat
    }
}

/// A dead man's switch: it raises an alarm of its own when no heartbeat comes. Silence of the alerter is the one thing that the alerter
/// cannot tell of.
public struct HeartbeatSpecification: Hashable, Sendable {
    /// Where a small JSON text is posted. `http://` or `https://`.
    public var url: String
    /// Default 1 min.
    public var every: Nanoseconds

    public init(url: String, every: Nanoseconds = .seconds(60)) {
        self.url = url
        self.every = every
    }
}

/// A rule by its name, with the patience that the fleet wants of it.
public struct AlertRuleSpecification: Hashable, Sendable {
    public enum Severity: String, Hashable, Sendable, CaseIterable {
        case info, warning, critical
    }
    /// What an alert does while its condition cannot be told. No choice resolves it.
    public enum NoData: String, Hashable, Sendable, CaseIterable {
        /// Stay as it is: pending stays pending, firing stays firing.
        case keep
        /// Count as the condition being true.
        case alert
    }
    public var name: String
    /// How long the condition must hold before the alert fires (`for` in the file).
    public var pendingFor: Nanoseconds
    /// How long the alert goes on firing after the condition ended.
    public var keepFiringFor: Nanoseconds
    public var severity: Severity
    public var onNoData: NoData
    /// The page that tells what to do.
    public var runbook: String
    public var isEnabled: Bool

    public init(
        name: String, pendingFor: Nanoseconds, keepFiringFor: Nanoseconds, severity: Severity, onNoData: NoData = .keep,
        runbook: String = "", isEnabled: Bool = true
    ) {
        self.name = name
        self.pendingFor = pendingFor
        self.keepFiringFor = keepFiringFor
        self.severity = severity
        self.onNoData = onNoData
        self.runbook = runbook
        self.isEnabled = isEnabled
    }

    /// The shipped rules with their default patience.
    public static let standard: [AlertRuleSpecification] = [
        AlertRuleSpecification(
            name: "LoopStuckAtFloor", pendingFor: .seconds(60), keepFiringFor: .seconds(60), severity: .critical),
        AlertRuleSpecification(
            name: "PatchesStopped", pendingFor: .seconds(300), keepFiringFor: .seconds(60), severity: .critical),
        AlertRuleSpecification(
            name: "ShipperSilent", pendingFor: .seconds(60), keepFiringFor: .seconds(30), severity: .critical, onNoData: .alert),
        AlertRuleSpecification(
            name: "MeasurementMissing", pendingFor: .seconds(30), keepFiringFor: .seconds(30), severity: .warning),
        AlertRuleSpecification(
            name: "AllocationInfeasible", pendingFor: .seconds(60), keepFiringFor: .seconds(60), severity: .warning),
    ]
}

/// An outside address that is told of alerts.
public struct WebhookReceiver: Hashable, Sendable {
    public enum Format: String, Hashable, Sendable, CaseIterable {
        /// The payload of Alertmanager's webhook, version 4, signed as Standard Webhooks says.
        case alertmanager
    }
    public var name: String
    /// `http://` or `https://`.
    public var url: String
    /// The file that holds the signing secret; without one the message is not signed.
    public var secretFile: String?
    public var format: Format

    public init(name: String, url: String, secretFile: String? = nil, format: Format = .alertmanager) {
        self.name = name
        self.url = url
        self.secretFile = secretFile
        self.format = format
    }
}
