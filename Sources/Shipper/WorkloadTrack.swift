import Events
import Fleet
import Quantities

/// What a shipper knows of one managed workload between ticks.
struct WorkloadTrack: Sendable {
    let specification: WorkloadSpecification
    private var lastCount: (bytes: UInt64, at: MonotonicTime)?
    /// The limit as last read back; where it may have risen since, what a patch may have written, or what is used under it. Nil where unlimited or
    /// unknown.
    private(set) var applied: BitRate?
    /// The same without what is used.
    private var assumed: BitRate?
    /// The limit as last read back.
    private var lastReadBack: BitRate?
    private(set) var appliedIsKnown = false
    /// Nothing of it runs. Its limit is then neither missing nor in anybody's way, and it counts in no sum.
    private(set) var isAbsent = false
    /// What this shipper last desired.
    var desired: BitRate?
    /// The limit that last stood on all its objects.
    private var lastStood: BitRate?
    /// What a process that knows no wish for it may put on its objects at the most, where some have no limit: what last stood on all of them, or
    /// what that was to come down to. Nil where all never had one.
    var adoptable: BitRate? { lastStood.map { min($0, desired ?? $0) } }
    /// A patch is under way or unanswered.
    var pendingPatch: BitRate?
    /// When the first object came that no patch has covered yet; nil where there is none.
    private(set) var arrivedAt: MonotonicTime?
    /// The same for the patch under way.
    private var coveredSince: MonotonicTime?
    /// Ticks in a row in which the read-back was not what was desired.
    private(set) var ticksUnconfirmed = 0

    /// - Parameter adoptable: as the process before left it.
    init(_ specification: WorkloadSpecification, adoptable: BitRate? = nil) {
        self.specification = specification
        lastStood = adoptable
    }

    /// Whether what stands is what was desired.
    var isConfirmed: Bool {
        guard let desired, !isAbsent else { return true }
        guard appliedIsKnown, let applied else { return false }
        return applied.carriesOut(desired, over: Int(replicas))
    }
    private var replicas: Int16 = 1

    /// What was used in the newest window; nil where that is not known.
    private var lastUsed: BitRate?

    /// Whether the workload goes on sending what it sends under this limit: it is idle, and the limit lies above its use.
    func keepsRoom(under limit: BitRate) -> Bool {
        ticksBelow >= WorkloadTrack.ticksToIdle && lastUsed.map { $0 < limit } ?? false
    }

    /// A patch was carried out, or may have been: until its limit is read back the higher of the two counts, for whoever shares its links.
    mutating func mayStand(at rate: BitRate) {
        if let applied, applied < rate { (self.applied, assumed) = (rate, rate) }
    }

    mutating func arrived(at now: MonotonicTime) { arrivedAt = arrivedAt ?? now }

    /// A patch leaves now: it reads every object that is there.
    mutating func patchBegan(_ rate: BitRate) {
        pendingPatch = rate
        coveredSince = coveredSince ?? arrivedAt
        arrivedAt = nil
    }

    /// How long the new objects that the patch covered had run without limit; nil where there were none. A patch that came to nothing
    /// is not asked: the next one goes on counting.
    mutating func enforcedArrivals(at now: MonotonicTime) -> Nanoseconds? {
        defer { coveredSince = nil }
        return coveredSince.map { now - $0 }
    }

    /// Folds one reading and says what was used since the one before.
    mutating func read(_ reading: WorkloadReading) -> WorkloadUse {
        let reading = reading.bounded
        let before = lastReadBack
        isAbsent = reading.limit == .absent
        switch reading.limit {
        case .limited(let rate): (applied, appliedIsKnown) = (rate, true)
        case .unlimited, .absent: (applied, appliedIsKnown) = (nil, true)
        case .unknown: appliedIsKnown = false
        }
        if appliedIsKnown { (lastReadBack, assumed, lastStood) = (applied, applied, applied ?? lastStood) }
        replicas = reading.replicas
        ticksUnconfirmed = isConfirmed ? 0 : ticksUnconfirmed + 1
        let (used, quality) = use(reading.counter)
        lastUsed = used
        // A limit that cannot be read, and lets through more than it did when it could, was raised since: the centre patches too. It raises to
        // the ceiling at the most; a counter that says more is no news of a limit.
        if !appliedIsKnown, let assumed { applied = max(assumed, min(used ?? .zero, specification.ceiling)) }
        guard !isAbsent else {
            return WorkloadUse(used: .zero, quality: .measured, offered: .belowLimit, applied: nil, desired: desired, replicas: 0)
        }
        return WorkloadUse(
            used: used, quality: quality, offered: offered(used, before: before), applied: applied, desired: desired, replicas: reading.replicas)
    }

    private mutating func use(_ counter: WorkloadReading.Counter) -> (BitRate?, UseQuality) {
        switch counter {
        case .rate(let rate): return (rate, .measured)
        case .noSource: return (nil, .noSource)
        case .failed:
            lastCount = nil
            return (nil, .failed)
        case .bytes(let bytes, let at):
            defer { lastCount = (bytes, at) }
            guard let last = lastCount else { return (nil, .first) }
            // A counter that stepped back was reset; a window without length divides by nothing.
            guard bytes >= last.bytes, at > last.at else { return (nil, .failed) }
            let bits = Int128(bytes - last.bytes) * 8
            let perSecond = bits * 1_000_000_000 / Int128((at - last.at).count)
            return (BitRate(bitsPerSecond: Int64(min(perSecond, Int128(BitRate.maximum.bitsPerSecond)))), .measured)
        }
    }

    /// Judged against the lower of the limits at the window's two ends: a limit raised within it could not be used throughout.
    /// One slow second is not idleness: only `ticksToIdle` in a row are.
    private mutating func offered(_ used: BitRate?, before: BitRate?) -> OfferedLoad {
        guard let used, let applied else {
            ticksBelow = 0
            return .unknown
        }
        guard used < min(applied, before ?? applied).scaled(thousandths: 850) else {
            ticksBelow = 0
            return .atLimit
        }
        ticksBelow += 1
        return ticksBelow >= WorkloadTrack.ticksToIdle ? .belowLimit : .unknown
    }
    /// Ticks in a row below 85 % of the limit after which a workload counts as idle.
    static let ticksToIdle = 5
    private var ticksBelow = 0
}

extension WorkloadReading {
    /// The reading within what a row can hold: an annotation of somebody else's, or an enforcer that errs, may say anything, and a row
    /// that the log must refuse is a tick that is lost. A limit above any link's is none.
    fileprivate var bounded: WorkloadReading {
        var bounded = self
        bounded.replicas = max(0, replicas)
        if case .limited(let rate) = limit, rate > .maximum { bounded.limit = .unlimited }
        if case .rate(let rate) = counter, rate > .maximum { bounded.counter = .failed("a rate of \(rate.bitsPerSecond) bit/s") }
        return bounded
    }
}
