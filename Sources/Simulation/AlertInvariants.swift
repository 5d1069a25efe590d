import Alerter
import Alerting
import Events
import Fleet
import Quantities

/// I17: people hear what stands on the log and in the outbox, from whoever holds the lease; a cluster that has fallen silent is told of.
struct AlertInvariants: Sendable {
    private let fleet: FleetConfiguration
    private var trust: LeaseTrust
    /// By cluster, when the log stored its newest tick.
    private var storedTickAt: [ClusterID: MonotonicTime] = [:]
    /// Since when an alerter has led without anything in its way; nil while it does not.
    private var watchedSince: MonotonicTime?
    /// By fingerprint: alerts that the log says are pending or firing.
    private(set) var active: [String: AlertChange] = [:]
    /// The receiver's newest news of each cluster, and when it heard them.
    private var heard: [String: (id: String, told: Set<ToldAlert>, at: MonotonicTime)] = [:]
    /// What stood in the outbox when the database was restored, and when that was.
    private var takenBack: (ids: Set<String>, at: MonotonicTime) = ([], MonotonicTime(nanoseconds: 0))
    /// So long what the outbox said may take to the alerter, and from there to the receiver.
    private static let onItsWay = Nanoseconds.seconds(5)
    /// How often each rule fired.
    private(set) var fired: [String: Int] = [:]

    init(_ fleet: FleetConfiguration, alerters: Int) {
        self.fleet = fleet
        trust = LeaseTrust(duration: fleet.lease.duration, count: alerters)
    }

    // MARK: - Who may tell

    mutating func alerter(_ index: Int, took input: AlerterInput, answered effects: [AlerterEffect], _ now: MonotonicTime) -> (Invariant, String)? {
        if case .leaseAnswered(let answer) = input { trust.answered(answer, to: index) }
        for effect in effects {
            if case .askLease = effect { trust.asked(index, now) }
            // What came of an attempt is worth keeping by whoever made it.
            if case .settle = effect { continue }
            if effect.isDeed, !trust.holds(index, now) { return (.fenced, "alerter \(index) acts without a lease that lives") }
        }
        return nil
    }
    mutating func died(alerter index: Int) { trust.died(index) }

    // MARK: - What is told

    mutating func told(_ delivery: AlertDelivery, outbox: SimulatedOutbox, _ now: MonotonicTime) -> (Invariant, String)? {
        let notification = delivery.notification
        let wasHeld = takenBack.ids.contains(notification.id) && now - takenBack.at <= AlertInvariants.onItsWay
        guard outbox.holds(notification.id) || wasHeld else { return (.alerted, "\(notification.id) is told, and stands in no outbox") }
        let told = Set(notification.told)
        if let last = heard[notification.cluster], last.id != notification.id, last.told == told, now - last.at < fleet.alerts.repeatInterval {
            return (.alerted, "\(notification.id) tells of \(notification.cluster) what \(last.id) told \((now - last.at).readable) ago")
        }
        heard[notification.cluster] = (notification.id, told, now)
        return nil
    }
    /// What the database forgot may be told again.
    /// - Parameters:
    ///   - changes: the newest of each alert that is on the log now.
    ///   - outbox: as it was before.
    mutating func restored(_ changes: [AlertChange], from outbox: SimulatedOutbox, _ now: MonotonicTime) {
        takenBack = (Set(outbox.rows.map(\.notification.id)), now)
        heard = [:]
        active = [:]
        for change in changes { note(change) }
        sawTrouble(now)
    }
    mutating func sawTrouble(_ now: MonotonicTime) { watchedSince = nil }

    // MARK: - What the log says

    mutating func stored(_ records: [LogRecord], _ now: MonotonicTime) {
        for record in records {
            if let cluster = record.position.stream.cluster, case .tick = record.entry { storedTickAt[cluster] = now }
            guard case .alertChanged(let change)? = record.fact else { continue }
            note(change)
            if change.state == .firing { fired[change.rule, default: 0] += 1 }
        }
    }
    private mutating func note(_ change: AlertChange) { active[change.fingerprint] = change.state == .resolved ? nil : change }

    /// In which a shipper tries the log again after it was away.
    private static let returning = Nanoseconds.seconds(30)

    /// Looked at with each tick of an alerter.
    mutating func look(isWatched: Bool, _ now: MonotonicTime) -> (Invariant, String)? {
        guard isWatched else {
            watchedSince = nil
            return nil
        }
        let since = watchedSince ?? now
        watchedSince = since
        guard let rule = fleet.alerts.rules.first(where: { $0.name == AlertRule.shipperSilent.rawValue }) else { return nil }
        for (cluster, at) in storedTickAt.sorted(by: { $0.key < $1.key }) {
            // After the log was away a shipper has time to come back; then its silence, its patience, and the way of the news.
            let from = max(at, since + fleet.tick * AlertRule.silentAfterTicks + AlertInvariants.returning)
            let due = from + fleet.tick * AlertRule.silentAfterTicks + rule.pendingFor + fleet.tick * 4
            guard now > due else { continue }
            let isTold = active.values.contains { $0.rule == rule.name && $0.state == .firing && $0.labels["cluster"] == cluster.text }
            if !isTold { return (.alerted, "\(cluster) has been silent for \((now - at).readable), and no alert says so") }
        }
        return nil
    }
}
