public import Events
public import Fleet
public import Quantities

/// Decides when which receiver hears of which alerts: grouped by cluster, after `groupWait`, at most once per `groupInterval`, again
/// after `repeatInterval`; muted where a greater alert of the same cluster explains the lesser ones.
///
/// Each alert is told as firing once and as resolved once per receiver; an alert that came and went unheard is told of neither.
public struct AlertDispatcher: Equatable, Sendable {
    /// What ShipperSilent mutes in its own cluster: all of it is the consequence.
    static let inhibited: [AlertRule: Set<String>] = [
        .shipperSilent: [AlertRule.loopStuckAtFloor.rawValue, AlertRule.patchesStopped.rawValue, AlertRule.measurementMissing.rawValue]
    ]

    fileprivate struct Member: Equatable, Sendable {
        var alert: Alert
        var isFiring: Bool { alert.endsAt == nil }
        var asTold: ToldAlert { ToldAlert(fingerprint: alert.fingerprint, isFiring: isFiring, startsAt: alert.startsAt) }
    }
    fileprivate struct Group: Equatable, Sendable {
        /// By fingerprint: firing, or resolved and not yet told everywhere.
        var members: [String: Member] = [:]
        /// From when on those wait that were told nothing yet; nil where there is nothing to wait for.
        var waitingSince: MonotonicTime?
        /// By receiver.
        var told: [String: [String: ToldAlert]] = [:]
        var toldAt: [String: MonotonicTime] = [:]
        var turn: [String: Int] = [:]
        /// When a predecessor's state was taken over: from here the repeat counts until this process tells something itself.
        var restoredAt: MonotonicTime?
        /// Whether a member changed since the group was looked at.
        var isTouched = true
        /// Whether some receiver may not have heard of the newest change: not each could be told when it was looked at.
        var mayHaveNews = true
    }
    private var groups: [String: Group] = [:]

    public init() {}

    /// Goes on where a predecessor stopped.
    ///
    /// - Parameters:
    ///   - changes: the newest change of each alert on the log; what resolved long ago was told long ago, and does no harm here.
    ///   - notifications: what the outbox holds (sent or still to be sent), oldest first.
    public init(
        restoring changes: [(change: AlertChange, at: WallTime)], notifications: [AlertNotification], now: MonotonicTime
    ) {
        for notification in notifications {
            groups[notification.cluster, default: Group()].note(notification, at: now)
        }
        // When they were told is not known on this clock: news wait for `groupWait` only.
        for cluster in groups.keys {
            groups[cluster]?.toldAt = [:]
            groups[cluster]?.restoredAt = now
        }
        for (change, at) in changes where change.state != .pending { add(restored(change, at: at), at: now) }
    }

    /// The change that ended an alert does not say when it began; what was told of it does.
    private func restored(_ change: AlertChange, at: WallTime) -> Alert {
        let isOver = change.state == .resolved
        let told = groups[change.labels["cluster"] ?? ""]?.told.values.compactMap { $0[change.fingerprint] }.first
        return Alert(
            fingerprint: change.fingerprint, rule: change.rule, labels: change.labels, summary: change.summary,
            startsAt: isOver ? told?.startsAt ?? at : at, endsAt: isOver ? at : nil)
    }

    /// Takes note of a transition; nothing is sent before `due`.
    public mutating func apply(_ transition: AlertTransition, at now: MonotonicTime) {
        guard transition.isTold else { return }
        add(transition.alert, at: now)
    }

    private mutating func add(_ alert: Alert, at now: MonotonicTime) {
        let cluster = alert.labels["cluster"] ?? ""
        groups[cluster, default: Group()].members[alert.fingerprint] = Member(alert: alert)
        if groups[cluster]?.waitingSince == nil { groups[cluster]?.waitingSince = now }
        groups[cluster]?.isTouched = true
        groups[cluster]?.mayHaveNews = true
    }

    /// The messages that are due now, each once. The caller stores them before it tells anybody.
    public mutating func due(_ fleet: FleetConfiguration, now: MonotonicTime) -> [AlertNotification] {
        var notifications: [AlertNotification] = []
        // Most groups have told all that there is to tell.
        let waiting = groups.compactMap { cluster, group in AlertDispatcher.mustLook(at: group, fleet.alerts, now) ? cluster : nil }
        for cluster in waiting.sorted() {
            // Each receiver is told by the group as all find it: what one hears takes no news from the next.
            guard let found = groups[cluster] else { continue }
            let allAreDue = fleet.alerts.receivers.allSatisfy { found.newsAreDue(to: $0, fleet.alerts, now) }
            let told = fleet.alerts.receivers.compactMap { message(to: $0, about: cluster, found, fleet.alerts, now) }
            notifications += told
            var group = found
            for notification in told { group.note(notification, at: now) }
            group.forgetWhatIsTold(to: fleet.alerts.receivers.map(\.name))
            group.isTouched = false
            if allAreDue { group.mayHaveNews = false }
            if allAreDue && !told.isEmpty { group.waitingSince = nil }
            let isOver = group.members.isEmpty && group.toldAt.values.allSatisfy { now - $0 > fleet.alerts.groupInterval }
            groups[cluster] = isOver ? nil : group
        }
        return notifications
    }

    private static func mustLook(at group: Group, _ routing: AlertRouting, _ now: MonotonicTime) -> Bool {
        group.isTouched || group.members.isEmpty
            || routing.receivers.contains {
                group.mayHaveNews && group.newsAreDue(to: $0, routing, now) || group.repeatIsDue(to: $0, routing, now)
            }
    }

    private func message(
        to receiver: WebhookReceiver, about cluster: String, _ group: Group, _ routing: AlertRouting, _ now: MonotonicTime
    ) -> AlertNotification? {
        let (newsAreDue, repeatIsDue) = (group.newsAreDue(to: receiver, routing, now), group.repeatIsDue(to: receiver, routing, now))
        guard newsAreDue || repeatIsDue else { return nil }
        let told = group.told[receiver.name] ?? [:]
        let muted = Self.muted(group.members.values.filter(\.isFiring).map(\.alert.rule))
        var members = group.members.values.filter { member in
            // A resolution interests only those who heard of the firing.
            member.isFiring ? !muted.contains(member.alert.rule) : told[member.alert.fingerprint]?.isFiring == true
        }
        guard !members.isEmpty else { return nil }
        let hasNews = members.contains { told[$0.alert.fingerprint] != $0.asTold }
        guard hasNews ? newsAreDue : repeatIsDue else { return nil }
        members.sort { $0.alert.fingerprint < $1.alert.fingerprint }
        let asTold = members.map(\.asTold)
        let alerts = members.map { member in
            var alert = member.alert
            // An alert taken over from the log carries none.
            if alert.runbook.isEmpty { alert.runbook = routing.rules.first { $0.name == alert.rule }?.runbook ?? "" }
            return alert
        }
        return AlertNotification(
            id: Self.identity(receiver: receiver.name, cluster: cluster, turn: group.turn[receiver.name] ?? 0, asTold),
            receiver: receiver.name, cluster: cluster, told: asTold,
            body: AlertmanagerPayload.text(
                receiver: receiver.name, cluster: cluster, alerts: alerts, externalURL: routing.externalURL))
    }

    private static func muted(_ firing: [String]) -> Set<String> {
        inhibited.reduce(into: []) { muted, pair in if firing.contains(pair.key.rawValue) { muted.formUnion(pair.value) } }
    }

    private static func identity(receiver: String, cluster: String, turn: Int, _ told: [ToldAlert]) -> String {
        var hash = FNV1a()
        hash.add(receiver)
        hash.add(cluster)
        hash.add("\(turn)")
        for alert in told { hash.add("\(alert.fingerprint) \(alert.isFiring) \(alert.startsAt.microseconds)") }
        let digits = String(hash.value, radix: 16)
        return "alert-\(cluster)-\(String(repeating: "0", count: 16 - digits.count) + digits)"
    }
}

extension AlertDispatcher.Group {
    /// The first news wait for `groupWait`, those after it until a `groupInterval` has passed since the receiver was told anything.
    fileprivate func newsAreDue(to receiver: WebhookReceiver, _ routing: AlertRouting, _ now: MonotonicTime) -> Bool {
        toldAt[receiver.name].map { now - $0 >= routing.groupInterval } ?? waitingSince.map { now - $0 >= routing.groupWait } ?? false
    }
    fileprivate func repeatIsDue(to receiver: WebhookReceiver, _ routing: AlertRouting, _ now: MonotonicTime) -> Bool {
        (toldAt[receiver.name] ?? restoredAt).map { now - $0 >= routing.repeatInterval } ?? false
    }

    fileprivate mutating func note(_ notification: AlertNotification, at now: MonotonicTime) {
        for alert in notification.told { told[notification.receiver, default: [:]][alert.fingerprint] = alert }
        toldAt[notification.receiver] = now
        turn[notification.receiver, default: 0] += 1
    }

    /// A resolved alert stays until every receiver that heard of it firing has heard of its end.
    fileprivate mutating func forgetWhatIsTold(to receivers: [String]) {
        for (fingerprint, member) in members where !member.isFiring {
            let isAwaited = receivers.contains { told[$0]?[fingerprint]?.isFiring == true }
            guard !isAwaited else { continue }
            members[fingerprint] = nil
            for receiver in told.keys { told[receiver]?[fingerprint] = nil }
        }
        if members.isEmpty { waitingSince = nil }
    }
}
