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
    private(set) var lastDecidedAt: MonotonicTime?
    /// When the last decrease, and the last change of either kind, took effect and had settled; nil while one is under way.
    private(set) var decreaseSettledAt: MonotonicTime? = MonotonicTime(nanoseconds: .min)
    private(set) var changeSettledAt: MonotonicTime? = MonotonicTime(nanoseconds: .min)
    /// A local brake that no allocation has taken in yet, by the position of the decision: a cap on this cluster on this link.
    var brake: (cap: BitRate, sequence: Int64)?
    var isResumed: Bool

    init(link: LinkID, linkIndex: Int16, flows: [Int], workloads: [Int], states: [[UInt8]], isResumed: Bool) {
        self.link = link
        self.linkIndex = linkIndex
        self.flows = flows
        self.workloads = workloads
        self.states = states
        self.isResumed = isResumed
    }

    func elapsedMilliseconds(at now: MonotonicTime) -> Int32 {
        guard let lastDecidedAt else { return 0 }
        return Int32(clamping: (now - lastDecidedAt).milliseconds)
    }

    /// What was sent before this is no evidence for lowering further; nil while a decrease is under way.
    var evidenceStart: MonotonicTime? { decreaseSettledAt }

    mutating func decided(at now: MonotonicTime) {
        lastDecidedAt = now
        isResumed = false
    }

    mutating func changeBegan(isDecrease: Bool) {
        changeSettledAt = nil
        if isDecrease { decreaseSettledAt = nil }
    }

    /// All patches of the loop were acknowledged at `now`.
    mutating func changeTookEffect(at now: MonotonicTime, settle: Nanoseconds) {
        if changeSettledAt == nil { changeSettledAt = now + settle }
        if decreaseSettledAt == nil { decreaseSettledAt = now + settle }
    }
}
