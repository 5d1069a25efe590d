import ControlLaw
import Events
import Fleet
import Quantities

/// What a shipper knows of one loop (its cluster on one link) between ticks.
struct LoopTrack: Sendable {
    let link: LinkID
    let linkIndex: Int16
    /// Indices into the cluster's flows and workloads.
    let flows: [Int]
    let workloads: [Int]
    /// One state per law: the live one first, then the shadows.
    var states: [[UInt8]]
    /// Under which they are kept.
    let keys: [String]
    private(set) var lastDecidedAt: MonotonicTime?
    /// When the last decrease, and the last change of either kind, took effect and had settled; nil while one is under way.
    private(set) var decreaseSettledAt: MonotonicTime? = MonotonicTime(nanoseconds: .min)
    private(set) var changeSettledAt: MonotonicTime? = MonotonicTime(nanoseconds: .min)
    /// The change under way: both as they were before it, and when the last part of it that may be in force was acknowledged.
    private var underWay: (decrease: MonotonicTime?, change: MonotonicTime?, mayStandSince: MonotonicTime?)?
    /// A local brake that no allocation has taken in yet, by the position of the decision: a cap on this cluster on this link.
    var brake: (cap: BitRate, sequence: Int64)?
    var isResumed: Bool
    /// Whether its law began from nothing and has changed nothing yet: a colleague's memory is then worth more than its own.
    private(set) var mayContinue: Bool
    /// What the loop's workloads used in the tick before, and whether that tick's decision lowered them.
    private(set) var usedBefore: BitRate?
    private(set) var hasJustLowered = false

    init(link: LinkID, linkIndex: Int16, flows: [Int], workloads: [Int], states: [[UInt8]], keys: [String], isResumed: Bool) {
        self.link = link
        self.linkIndex = linkIndex
        self.flows = flows
        self.workloads = workloads
        self.states = states
        self.keys = keys
        self.isResumed = isResumed
        mayContinue = !isResumed
    }

    /// Goes on from where a colleague's law stood; the next decision says so, and raises nothing.
    mutating func resume(from state: [UInt8]) {
        states[0] = state
        isResumed = true
        mayContinue = false
    }

    func elapsedMilliseconds(at now: MonotonicTime) -> Int32 {
        guard let lastDecidedAt else { return 0 }
        return Int32(clamping: (now - lastDecidedAt).milliseconds)
    }

    mutating func decided(at now: MonotonicTime, used: BitRate?, hasLowered: Bool, hasChanged: Bool) {
        lastDecidedAt = now
        isResumed = false
        if hasChanged { mayContinue = false }
        usedBefore = used
        hasJustLowered = hasLowered
    }

    /// Whether more was used in this tick than a decrease of the tick before can have let through: then its limit came into force
    /// later than it settled, and what was measured tells of the old one. An enforcer acknowledges what it has written down, and a
    /// datapath follows when it follows. Asked of the first tick after a decrease only, so that no brake waits longer than one.
    func outranLimit(used: BitRate?, applied: BitRate?, at now: MonotonicTime) -> Bool {
        guard hasJustLowered, let used, let applied, let usedBefore, let begun = lastDecidedAt, let settled = decreaseSettledAt, settled > begun,
            settled < now, usedBefore > applied
        else { return false }
        // Until it settled the old use, from then on the limit; a thousandth for the counter's own times.
        let before = Int128(usedBefore.bitsPerSecond) * Int128((settled - begun).count)
        let after = Int128(applied.bitsPerSecond) * Int128((now - settled).count)
        let most = Int64((before + after) / Int128((now - begun).count))
        return used > BitRate(bitsPerSecond: most).scaled(thousandths: 1_001)
    }

    mutating func changeBegan(isDecrease: Bool) {
        underWay = underWay ?? (decreaseSettledAt, changeSettledAt, nil)
        changeSettledAt = nil
        if isDecrease { decreaseSettledAt = nil }
    }

    /// A part of the change that is under way is in force, or may be.
    mutating func changeMayStand(at now: MonotonicTime) { underWay?.mayStandSince = now }

    /// No patch of the loop is under way any more. Where every one came to nothing, no limit moved, and what was evidence still is.
    mutating func changeEnded(settle: Nanoseconds) {
        guard let change = underWay else { return }
        underWay = nil
        guard let since = change.mayStandSince else { return (decreaseSettledAt, changeSettledAt) = (change.decrease, change.change) }
        changeSettledAt = changeSettledAt ?? (since + settle)
        decreaseSettledAt = decreaseSettledAt ?? (since + settle)
    }
}
