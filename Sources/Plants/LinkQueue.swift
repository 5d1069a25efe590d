/// One link's queue as a fluid: what arrives above the link's rate waits, what does not fit is lost.
struct LinkQueue: Sendable {
    let capacityBits: Double
    private(set) var bits = 0.0
    /// The share of what arrived in the last step that was lost.
    private(set) var lostShare = 0.0
    /// The link's rate in the last step, bit/s.
    private(set) var rate = 1.0
    /// What arrived in the last step, bit/s.
    private(set) var arriving = 0.0
    /// What left it since the beginning. Unit: bits.
    private(set) var carriedBits = 0.0

    init(capacityBits: Double) { self.capacityBits = capacityBits }

    /// How long a packet that comes now waits. Unit: seconds.
    var wait: Double { bits / rate }

    mutating func step(arriving: Double, rate: Double, seconds: Double) {
        let came = arriving * seconds
        let left = min(rate * seconds, bits + came)
        carriedBits += left
        var rest = bits + came - left
        lostShare = 0
        if rest > capacityBits {
            lostShare = came > 0 ? min(1, (rest - capacityBits) / came) : 0
            rest = capacityBits
        }
        bits = rest
        self.rate = rate
        self.arriving = arriving
    }
}
