/// The best-effort traffic of one site: a shaper, and behind it TCP's own rate or a stream that does not give way.
///
/// TCP is a fluid that grows until the queue before its link tells it to give way, and then takes back a few parts in a hundred.
/// The constants are fitted to the measured bottleneck (`Calibration`), where cubic kept a queue of 2 to 5 ms whenever the shaper
/// let through more than the link carries.
struct Sender: Sendable {
    let manner: PlantDescription.Manner
    /// The limit in force, bit/s; nil: none.
    private(set) var limit: Double?
    /// Limits acknowledged and not yet in force, in order.
    private var pending: [(at: Int64, limit: Double)] = []
    /// TCP's own rate, bit/s.
    private var rate: Double
    private var hasGivenWay = false
    /// What it sent in the last step, bit/s.
    private(set) var sending = 0.0
    /// Since the beginning. Unit: bits.
    private(set) var sentBits = 0.0
    private(set) var carriedBits = 0.0

    /// What a connection starts from, bit/s.
    private static let start = 5e6

    init(manner: PlantDescription.Manner, limit: Double?) {
        self.manner = manner
        self.limit = limit
        rate = Sender.start
    }

    mutating func expect(_ limit: Double, at nanoseconds: Int64) {
        // A later patch overtakes what is still on its way after it.
        pending.removeAll { $0.at >= nanoseconds }
        pending.append((nanoseconds, limit))
    }

    /// In force at once.
    mutating func obey(_ limit: Double) { self.limit = limit }

    var nextChange: Int64? { pending.first?.at }

    mutating func follow(to nanoseconds: Int64) {
        while let next = pending.first, next.at <= nanoseconds {
            limit = next.limit
            pending.removeFirst()
        }
    }

    /// One step. `wander` is how much the shaper strays now, a factor near 1.
    mutating func send(offered: Double, linkRate: Double, sharers: Double, wander: Double, seconds: Double) {
        let allowed = min(offered, limit.map { $0 * wander } ?? offered)
        guard manner == .tcp else {
            sending = allowed
            return
        }
        sending = min(allowed, rate)
        let growth = hasGivenWay ? Calibration.growth * rate : Calibration.slowStart * rate
        rate = min(rate + (Calibration.additive * linkRate / sharers + growth) * seconds, allowed * 1.03 + 1e6)
        rate = max(rate, Sender.start)
    }

    mutating func count(lostShare: Double, seconds: Double) {
        sentBits += sending * seconds
        carriedBits += sending * seconds * (1 - lostShare)
    }

    mutating func giveWay() {
        hasGivenWay = true
        rate = max(Sender.start, min(rate, max(sending, Sender.start)) * (1 - Calibration.cut))
    }
}
