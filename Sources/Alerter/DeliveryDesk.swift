import Alerting
import Events
import Fleet
import Quantities

/// The attempts under way and those that ended and are not yet kept: neither is begun anew by this process.
struct DeliveryDesk: Sendable {
    /// Attempts at once, for each receiver: one that is slow holds up nobody else.
    static let maximumUnderWay = 8

    private let schedule: DeliverySchedule
    private var random: SplitMix
    private var underWay: [String: AlertDelivery] = [:]
    private var unsettled: [String: DeliveryAttempt] = [:]
    /// Those of `unsettled` that the outbox was asked to keep and has not answered.
    private var settling: Set<String> = []

    init(schedule: DeliverySchedule, seed: UInt64) {
        self.schedule = schedule
        self.random = SplitMix(seed: seed)
    }

    /// In order, so that equal states ask equally.
    var busy: [String] { (Array(underWay.keys) + unsettled.keys).sorted() }

    /// Begins what may be begun; what is for nobody who is configured is given up.
    mutating func begin(
        _ due: [DueNotification], _ receivers: [WebhookReceiver]
    ) -> (deliveries: [AlertDelivery], givenUp: [DeliveryAttempt]) {
        var deliveries: [AlertDelivery] = []
        var givenUp: [DeliveryAttempt] = []
        for item in due where underWay[item.notification.id] == nil && unsettled[item.notification.id] == nil {
            let id = item.notification.id
            guard let receiver = receivers.first(where: { $0.name == item.notification.receiver }) else {
                let attempt = DeliveryAttempt(
                    id: id, receiver: item.notification.receiver, attempt: item.attempts + 1, settlement: .dead,
                    detail: "the configuration has no receiver of this name")
                unsettled[id] = attempt
                givenUp.append(attempt)
                continue
            }
            guard underWay.values.count(where: { $0.receiver.name == receiver.name }) < DeliveryDesk.maximumUnderWay else { continue }
            let delivery = AlertDelivery(notification: item.notification, receiver: receiver, attempt: item.attempts + 1)
            underWay[id] = delivery
            deliveries.append(delivery)
        }
        return (deliveries, givenUp)
    }

    /// An attempt ended; nil where none was under way.
    mutating func ended(_ id: String, _ outcome: DeliveryOutcome) -> DeliveryAttempt? {
        guard let delivery = underWay.removeValue(forKey: id) else { return nil }
        let (settlement, detail) = verdict(outcome, attempt: delivery.attempt)
        let attempt = DeliveryAttempt(
            id: id, receiver: delivery.receiver.name, attempt: delivery.attempt, settlement: settlement, detail: detail)
        unsettled[id] = attempt
        return attempt
    }

    private mutating func verdict(_ outcome: DeliveryOutcome, attempt: Int) -> (NotificationSettlement, String?) {
        switch outcome {
        case .delivered: return (.delivered, nil)
        case .refused(let reason): return (.dead, reason)
        case .failed(let retryAfter, let reason):
            let lot = Int64(random.next() % 1_001)
            guard let wait = schedule.wait(afterAttempts: attempt, retryAfter: retryAfter, jitterThousandths: lot) else {
                return (.dead, "given up after \(attempt) attempts: \(reason)")
            }
            return (.retry(after: wait), reason)
        }
    }

    /// What is to be kept and was not asked for yet, or could not be kept; counts as asked for.
    mutating func toSettle() -> [DeliveryAttempt] {
        let attempts = unsettled.values.filter { !settling.contains($0.id) }.sorted { $0.id < $1.id }
        settling.formUnion(attempts.map(\.id))
        return attempts
    }

    mutating func settled(_ id: String) {
        unsettled[id] = nil
        settling.remove(id)
    }

    mutating func notSettled(_ id: String) { settling.remove(id) }

    /// Another leads. What was delivered is still worth a word to the outbox, so that it is not sent again; a failure is not.
    mutating func leaveOff() { unsettled = unsettled.filter { $0.value.settlement == .delivered } }
}
