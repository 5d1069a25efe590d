public import Quantities

/// The base delay of one (vantage, target): the lowest delay seen, above which the law steers. Unit: nanoseconds.
///
/// A window's own minimum hides a standing queue, so the base outlives windows and is persisted.
/// - It **falls at once** to any lower delay.
/// - It is **proven** by `provingWindows` calm windows in a row whose minima agree with it. A window is calm when it is measured
///   in full (n ≥ 40), has lost at most 1 %, and lies close above its own minimum: half of it within 0.3 × target and 95 % of it
///   within 0.8 × target. A standing queue fails that: measured at a saturated 200 Mbit/s bottleneck, the median lies 0.9 to
///   1.0 ms and p95 1.5 to 2.9 ms above the minimum, against 0.02 and 0.4 ms below the cliff; and an overload that keeps a
///   queue evenly full loses packets. So congestion at the start does not make a false base: until the queue empties nothing is
///   proven, nothing is raised, and brakes act on the delay above the lowest seen, which can only be too small.
/// - It **rises** only as a changed route: a limit was lowered, and a calm window measured wholly after that has its minimum well
///   above the base and where it was before the lowering. Never by age, for age under load is how a queue becomes normal.
public struct BaseDelay: Hashable, Sendable {
    /// How many calm windows in a row prove a base.
    public static let provingWindows: UInt8 = 3
    public static let calmLossPartsPerMillion: Int32 = 10_000
    /// For how many windows after a lowering a changed route may show.
    public static let risingWindows: UInt8 = 3

    /// The lowest delay seen; nil before the first answer.
    public private(set) var lowest: Nanoseconds?
    public private(set) var isProven: Bool
    private var calmWindows: UInt8 = 0
    /// The minimum at the end of the last window before a lowering.
    private var minimumBeforeLowering: Nanoseconds?
    private var windowsToRise: UInt8 = 0

    /// What changed, and why. The words are those of `BaseChange.cause`.
    public enum Change: Hashable, Sendable {
        case lowerSeen(from: Nanoseconds)
        case proven
        case routeChanged(from: Nanoseconds)
    }

    /// With what was persisted; both absent for a new pair.
    public init(lowest: Nanoseconds? = nil, isProven: Bool = false) {
        self.lowest = lowest
        self.isProven = isProven && lowest != nil
    }

    /// Folds one window. `limitLowered`: a decrease took effect and settled within this window or just before it, and what was
    /// sent earlier does not count in it. Returns the change that is worth an event: a fall of less than a tenth of the target is none.
    public mutating func fold(_ window: DelayWindow, target: Delay, limitLowered: Bool) -> Change? {
        guard let minimum = window.minimum else { return nil }
        windowsToRise = limitLowered ? BaseDelay.risingWindows : windowsToRise - (windowsToRise > 0 ? 1 : 0)
        defer { if windowsToRise == 0 { minimumBeforeLowering = window.lateMinimum } }
        guard let base = lowest else {
            lowest = minimum
            return proveIfCalm(window, minimum: minimum, target: target)
        }
        if minimum < base { return fall(to: minimum, from: base, window, target: target) }
        if rises(window, minimum: minimum, base: base, target: target) {
            lowest = minimum
            isProven = true
            windowsToRise = 0
            return .routeChanged(from: base)
        }
        return proveIfCalm(window, minimum: minimum, target: target)
    }

    private mutating func fall(to minimum: Nanoseconds, from base: Nanoseconds, _ window: DelayWindow, target: Delay) -> Change? {
        lowest = minimum
        let isLarge = base - minimum >= Nanoseconds(target.nanoseconds.count / 10)
        if isLarge { calmWindows = 0 }
        return proveIfCalm(window, minimum: minimum, target: target) ?? (isProven && isLarge ? .lowerSeen(from: base) : nil)
    }

    /// Whether a lowered limit left the spread small and the minimum, well above the base, where it was.
    private func rises(_ window: DelayWindow, minimum: Nanoseconds, base: Nanoseconds, target: Delay) -> Bool {
        guard windowsToRise > 0, window.isFresh, let before = minimumBeforeLowering else { return false }
        let step = target.nanoseconds.count / 10
        return (minimum - base).count > step * 2 && abs((minimum - before).count) <= step && isCalm(window, target: target)
    }

    private mutating func proveIfCalm(_ window: DelayWindow, minimum: Nanoseconds, target: Delay) -> Change? {
        guard !isProven, let base = lowest else { return nil }
        guard isCalm(window, target: target), minimum - base <= Nanoseconds(target.nanoseconds.count / 10) else {
            calmWindows = 0
            return nil
        }
        calmWindows += 1
        guard calmWindows >= BaseDelay.provingWindows else { return nil }
        isProven = true
        return .proven
    }

    private func isCalm(_ window: DelayWindow, target: Delay) -> Bool {
        guard window.count >= 40, let minimum = window.minimum else { return false }
        let sent = Int64(window.count) + Int64(window.lost)
        guard Int64(window.lost) * 1_000_000 <= sent * Int64(BaseDelay.calmLossPartsPerMillion) else { return false }
        let sorted = window.ascending
        let limit = target.nanoseconds.count
        return (sorted[sorted.count / 2] - minimum).count <= limit * 3 / 10
            && (sorted[(sorted.count * 95 + 99) / 100 - 1] - minimum).count <= limit * 8 / 10
    }
}

extension BaseDelay {
    /// What must outlive the process, canonical: a version byte, the proof, the delay in nanoseconds (big-endian). Empty where
    /// nothing was seen.
    public var bytes: [UInt8] {
        guard let lowest else { return [] }
        let raw = UInt64(bitPattern: lowest.count)
        return [1, isProven ? 1 : 0] + (0..<8).map { UInt8(truncatingIfNeeded: raw >> (56 - 8 * UInt64($0))) }
    }
    /// Reads `bytes`. Anything else, an absurd delay included, is a base not seen yet.
    public init(bytes: [UInt8]) {
        self.init()
        guard bytes.count == 10, bytes[0] == 1, bytes[1] <= 1 else { return }
        let count = Int64(bitPattern: bytes[2...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        guard count >= 0, count <= ProbeRecord.longestBelieved.count else { return }
        self.init(lowest: Nanoseconds(count), isProven: bytes[1] == 1)
    }
}
