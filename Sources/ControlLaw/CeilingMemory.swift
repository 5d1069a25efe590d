public import Quantities

/// What is remembered of the rates at which a flow suffered, and how to come back to just below them: the heart of `plateau@1`
/// and of a link's effective capacity alike.
///
/// - **Suffering after calm** marks the used rate as a ceiling and returns 0.95 of it.
/// - **Suffering again** on fresh evidence, no calm between: the mark was wrong and gives way to the use of now. Where that was
///   clearly below the limit, the link itself was the limit, and 0.9 of the use empties its queue; otherwise × 0.7.
/// - **Draining**: it suffers again, but far less, and the limit is used: what the overshoot had queued is leaving. The mark
///   stands, and 0.9 of the limit lets the rest out.
/// - **Calm** climbs in steps to the plateau below the lowest ceiling, stays, edges to 0.97 of it, and after a wait probes past
///   it by 3 %. A probe that stays calm lifts the ceiling and goes on in growing steps; one that suffers triples the next wait.
/// - Higher ceilings stay remembered, lowest first: a link that steps down and up again is climbed to its old plateau without
///   suffering there once more, and while a higher one is known the waits are short, for there is much to win.
///
/// All waits count ticks, so that a loop of 1 s and one of 5 s behave alike. Rates are whole kilobits per second.
public struct CeilingMemory: Hashable, Sendable {
    /// How many ceilings are remembered; the highest is dropped first.
    public static let mostCeilings = 4

    /// Used rates at which the flow suffered, ascending.
    public private(set) var ceilings: [BitRate] = []
    /// Ticks of calm and use since the last suffering, raise or arrival.
    public private(set) var calmTicks: UInt16 = 0
    /// Probes that failed in a row.
    public private(set) var failures: UInt8 = 0
    /// Probes that succeeded in a row; above 0 the exploration goes on without waiting.
    public private(set) var streak: UInt8 = 0
    /// Whether the lowest ceiling was marked while the use was rising: its mean says too little, and is worth an early probe.
    public private(set) var isRough = false
    /// The highest ceiling that the last mark replaced: it comes back if the mark proves wrong.
    private var displaced: BitRate?

    public init() {}

    /// The ceiling in force.
    public var lowest: BitRate? { ceilings.first }

    /// Where a suffering stands among those since the last calm.
    public enum Episode: Sendable, CaseIterable {
        /// The first since the last calm, or one that says nothing of the mark.
        case first
        /// No calm since the last one, and hardly less delay.
        case again
        /// No calm since the first one, but clearly less delay: a queue that was filled before is emptying.
        case draining

        /// - Parameters:
        ///   - falls: how often the rate came down since the last calm.
        ///   - firstRaw: the steering value at the first of them, and now.
        public init(falls: Int, firstRaw: Delay, raw: Delay) {
            let isFallen = Int64(raw.hundredNanoseconds) * 4 < Int64(firstRaw.hundredNanoseconds) * 3
            // One brake that did not empty the queue is enough of patience.
            self = falls == 0 ? .first : falls == 1 && isFallen ? .draining : .again
        }
    }

    /// The flow suffers while `used` is carried under `limit` (nil: none).
    /// `isRough`: the use was still rising. Returns the rate to come down to: below both.
    public mutating func suffered(
        at used: BitRate, under limit: BitRate?, _ episode: Episode, isRough: Bool = false, by settings: CeilingSettings
    ) -> BitRate {
        let mark = limit.map { min($0, used) } ?? used
        calmTicks = 0
        self.isRough = isRough && episode == .first
        defer { streak = 0 }
        if episode == .draining, let limit, !ceilings.isEmpty, mark >= limit.scaled(thousandths: settings.brake) {
            return whole(mark.scaled(thousandths: settings.drain))
        }
        if episode != .first { return sufferedAgain(mark, under: limit, by: settings) }
        if let lowest, let limit, limit > lowest || streak > 0 {
            // A probe failed: the rate that was calm before it still stands as the ceiling, if the use came near it.
            failures = min(failures + 1, 15)
            self.isRough = false
            insert(mark >= lowest.scaled(thousandths: 900) && mark < lowest ? lowest : mark)
        } else {
            if let lowest, mark < lowest.scaled(thousandths: 900) { failures = 0 }
            insert(mark)
        }
        return min(whole(ceilings[0].scaled(thousandths: settings.brake)), whole(mark.scaled(thousandths: settings.approach)))
    }

    private mutating func sufferedAgain(_ mark: BitRate, under limit: BitRate?, by settings: CeilingSettings) -> BitRate {
        if !ceilings.isEmpty { ceilings.removeFirst() }
        if let displaced, displaced < (ceilings.first ?? .maximum) { ceilings.insert(displaced, at: 0) }
        displaced = nil
        if let lowest, mark < lowest.scaled(thousandths: 900) { failures = 0 }
        insert(mark)
        guard let limit, mark < limit.scaled(thousandths: settings.brake) else {
            return whole((limit ?? mark).scaled(thousandths: settings.furtherBrake))
        }
        return whole(mark.scaled(thousandths: settings.drain))
    }

    /// Puts a ceiling in its place: those below it were passed, those up to 10 % above it are the same one.
    private mutating func insert(_ mark: BitRate) {
        let same = mark.scaled(thousandths: 1_100)
        displaced = ceilings.last { $0 <= same }
        ceilings.removeAll { $0 <= same }
        ceilings.insert(mark, at: 0)
        if ceilings.count > CeilingMemory.mostCeilings { ceilings.removeLast() }
    }

    /// A tick of calm, measured afresh, with `limit` in force. `isUsed`: so much of it is used that raising it could teach
    /// something. `isInForce`: those who share it have it already, so that their calm is calm under it; else it lifts no ceiling.
    /// Returns where to go from here: `limit` itself to stay.
    public mutating func calm(limit: BitRate, isUsed: Bool, isInForce: Bool = true, by settings: CeilingSettings) -> Advice {
        guard isUsed else { return Advice(rate: limit, step: .unused) }
        calmTicks = calmTicks == .max ? calmTicks : calmTicks + 1
        if let lowest, limit > lowest, isInForce { passed(limit, by: settings) }
        guard let ceiling = ceilings.first else { return climb(from: limit, to: nil, by: settings) }
        let plateau = ceiling.scaled(thousandths: settings.brake)
        let edge = whole(ceiling.scaled(thousandths: settings.approach))
        if streak > 0 { return explore(from: limit, by: settings) }
        if limit < plateau.scaled(thousandths: 990) { return climb(from: limit, to: plateau, by: settings) }
        if Int64(calmTicks) >= wait(by: settings) {
            return Advice(rate: whole(ceiling.scaled(thousandths: settings.probe)), step: .probe)
        }
        if limit.scaled(thousandths: 1_005) < edge, Int64(calmTicks) >= settings.approachTicks { return Advice(rate: edge, step: .climb) }
        return Advice(rate: limit, step: .stay)
    }

    /// `limit` was calm and used, so the ceiling lies at it or above.
    private mutating func passed(_ limit: BitRate, by settings: CeilingSettings) {
        failures = 0
        isRough = false
        ceilings[0] = limit
        streak = min(streak + 1, 15)
        guard ceilings.count > 1, limit >= ceilings[1].scaled(thousandths: settings.brake - 10) else { return }
        // Arrived below the next one: that is the plateau now.
        ceilings.removeFirst()
        streak = 0
        calmTicks = 0
    }

    /// Goes on past a ceiling that proved wrong, in growing steps, and not past the plateau of the next.
    private func explore(from limit: BitRate, by settings: CeilingSettings) -> Advice {
        var step = settings.probe - 1000
        // Below a ceiling known from before there is little to discover, so the steps grow fast.
        let growth: Int64 = ceilings.count > 1 ? 6 : 3
        for _ in 0..<streak { step = min(step * growth, settings.climb - 1000) }
        let next = whole(limit.scaled(thousandths: 1000 + step))
        guard ceilings.count > 1 else { return Advice(rate: next, step: .probe) }
        return Advice(rate: min(next, max(limit, whole(ceilings[1].scaled(thousandths: settings.brake)))), step: .probe)
    }

    private func climb(from limit: BitRate, to plateau: BitRate?, by settings: CeilingSettings) -> Advice {
        let next = whole(limit.scaled(thousandths: settings.climb))
        return Advice(rate: plateau.map { min(next, whole($0)) } ?? next, step: .climb)
    }

    private func wait(by settings: CeilingSettings) -> Int64 {
        let base = isRough ? settings.roughProbeTicks : ceilings.count > 1 ? settings.probeTicks : settings.topProbeTicks
        // Threefold: a failed probe costs about a tick of suffering, and what it would have won is only late, not lost.
        var factor: Int64 = 1
        for _ in 0..<min(failures, 15) where factor < settings.probeBackoff { factor *= 3 }
        return base * min(factor, settings.probeBackoff)
    }

    private func whole(_ rate: BitRate) -> BitRate { BitRate(bitsPerSecond: rate.bitsPerSecond / 1000 * 1000) }

    /// Where calm leads.
    public struct Advice: Hashable, Sendable {
        public enum Step: Sendable { case stay, unused, climb, probe }
        public var rate: BitRate
        public var step: Step
    }
}

extension CeilingMemory {
    /// Canonical: count, calm ticks, failures, streak, roughness, displaced ceiling, then the ceilings, big-endian.
    func write(into writer: inout StateWriter) {
        writer.write(UInt8(ceilings.count))
        writer.write(calmTicks)
        writer.write(failures)
        writer.write(streak)
        writer.write(UInt8(isRough ? 1 : 0))
        writer.write(displaced?.bitsPerSecond ?? -1)
        for ceiling in ceilings { writer.write(ceiling.bitsPerSecond) }
    }

    init?(from reader: inout StateReader) {
        guard let count = reader.read(UInt8.self), count <= CeilingMemory.mostCeilings, let calm = reader.read(UInt16.self),
            let failures = reader.read(UInt8.self), let streak = reader.read(UInt8.self), let rough = reader.read(UInt8.self),
            let displaced = reader.read(Int64.self), displaced <= BitRate.maximum.bitsPerSecond
        else { return nil }
        calmTicks = calm
        self.failures = min(failures, 15)
        self.streak = min(streak, 15)
        isRough = rough == 1
        self.displaced = displaced < 0 ? nil : BitRate(bitsPerSecond: displaced)
        for _ in 0..<count {
            guard let rate = reader.read(Int64.self), rate >= 0, rate <= BitRate.maximum.bitsPerSecond else { return nil }
            ceilings.append(BitRate(bitsPerSecond: rate))
        }
    }

    /// The memory alone, for a coordinator's snapshot.
    public var bytes: [UInt8] {
        var writer = StateWriter(version: 1)
        write(into: &writer)
        return writer.bytes
    }
    /// Reads `bytes`; anything else is an empty memory.
    public init(bytes: [UInt8]) {
        self.init()
        guard var reader = StateReader(bytes, version: 1), let read = CeilingMemory(from: &reader), reader.isAtEnd else { return }
        self = read
    }
}
