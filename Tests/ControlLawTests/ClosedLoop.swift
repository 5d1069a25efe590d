import ControlLaw
import Coordination
import Events
import Fleet
import Jitter
import Quantities

/// One run of laws against a plant: shippers in little (the same evidence rules as the real one), and a coordinator in little
/// that shares the link's effective capacity equally.
struct ClosedLoop {
    struct Settings {
        var law = "plateau@1"
        var parameters: [String: String] = [:]
        var tick = 1.0
        var probeEvery = 0.02
        var seconds = 120.0
        /// Enforcement takes between these, seconds after the decision.
        var enforcement = 0.02...0.05
        /// Whether the enforcer acknowledges only when the limit is in force; else at once, as an annotation does.
        var acknowledgesWhenInForce = true
        var settle = 1.0
        var isStandalone = true
        var hasUse = true
        var configured = 1000e6
        var initial: Double?
        /// A base delay proven before, as after an idle phase.
        var hasBase = true
        var seed: UInt64 = 1
        var ceiling = 1000e6
    }
    struct Point {
        var time: Double
        var p95: Double
        var limits: [Double?]
        var used: Double
        var reasons: [DecisionReason]
        var actions: [LoopAction]
    }
    struct Result {
        var windows = 0
        var violated = 0
        var carried = 0.0
        var decreases = 0
        var increases = 0
        var patches = 0
        var trace: [Point] = []
        var rows: [LoopDecision] = []
        var changes: [BaseChange] = []
        var siteBits: [Double] = []
        var capacities: [(Double, Double, String)] = []
        var violationRatio: Double { Double(violated) / Double(max(1, windows)) }
    }

    static let target = Delay.microseconds(1000)
    static let bound = Delay.microseconds(1500)

    /// A shipper in little: one loop, one flow, one workload.
    private struct Shipper {
        var meter: FlowMeter
        var state: [UInt8]
        var desired: Double?
        var settledChange: Double? = -1e9
        var settledDecrease: Double? = -1e9
        var acknowledgedAt: Double?
        var isDecrease = false
        var applied: Double?
        var unconfirmed = 0
        var lastBits = 0.0
        var grant: BitRate?
        var cap: (rate: BitRate, at: Double)?
    }

    static func run(_ settings: Settings, plant start: BottleneckPlant) throws -> Result {
        let law = try Law(name: settings.law, parameters: settings.parameters)
        var plant = start
        var generator = SeededGenerator(seed: settings.seed &+ 77)
        var result = Result()
        var shippers = plant.sites.indices.map { index in
            Shipper(
                meter: FlowMeter(
                    flow: FlowID("flow-\(index)"), target: target,
                    base: settings.hasBase ? BaseDelay(lowest: .microseconds(8), isProven: true) : BaseDelay()),
                state: law.initialState)
        }
        for index in plant.sites.indices {
            if let initial = settings.initial {
                plant.sites[index].limit = initial
                shippers[index].applied = initial
                shippers[index].desired = initial
            }
        }
        var link = LinkCapacity(configured: rate(settings.configured), tick: span(settings.tick))
        var grants: [BitRate?] = plant.sites.map { _ in nil }
        var grantsOnTheWay: [(BitRate, Double)] = plant.sites.map { _ in (rate(settings.configured), -1) }
        var newest: [LoopDecision?] = plant.sites.map { _ in nil }
        var windowProbes: [Double] = []
        var probesSeen = 0
        var ticks = 0
        var nextWindow = 1.0
        var pendingRecords: [[ProbeRecord]] = plant.sites.map { _ in [] }
        while plant.time < settings.seconds - 1e-9 {
            let tickEnd = Double(ticks + 1) * settings.tick
            let end = min(tickEnd, nextWindow)
            plant.run(until: end)
            // The verdict's own windows of 1 s, from the first site's probes.
            let probes = plant.sites[0].probes
            if end >= nextWindow - 1e-9 {
                windowProbes = probes[probesSeen...].compactMap(\.delay).sorted()
                probesSeen = probes.count
                result.windows += 1
                if !windowProbes.isEmpty {
                    let p95 = windowProbes[min(windowProbes.count - 1, (windowProbes.count * 95 + 99) / 100 - 1)] - 8e-6
                    let isRerouted = plant.extraDelay(plant.time) > 0
                    if p95 - (isRerouted ? plant.extraDelay(plant.time) : 0) > 1.5e-3 { result.violated += 1 }
                } else {
                    result.violated += 1
                }
                nextWindow += 1
            }
            guard end >= tickEnd - 1e-9 else { continue }
            ticks += 1
            let now = tickEnd
            var round: [LoopReport] = []
            var point = Point(time: now, p95: 0, limits: [], used: 0, reasons: [], actions: [])
            for index in shippers.indices {
                for probe in plant.sites[index].probes.suffix(Int(settings.tick / settings.probeEvery) + 3) where probe.sentAt >= now - settings.tick - 1e-9 {
                    pendingRecords[index].append(
                        ProbeRecord(
                            sequence: Int64((probe.sentAt / settings.probeEvery).rounded()), sentAt: instant(probe.sentAt),
                            outcome: probe.delay.map { .roundTrip(span($0)) } ?? .lost))
                }
                let input = observe(&shippers[index], &pendingRecords[index], plant.sites[index], settings, now, grants[index], &result, point: &point)
                let step = law.step(state: shippers[index].state, input: input)
                let decision = LoopDecision(link: 0, law: 0, stateBefore: shippers[index].state, input: input, outcome: step.outcome)
                shippers[index].state = step.state
                result.rows.append(decision)
                newest[index] = decision
                let id = LoopID(cluster: ClusterID("site-\(index)"), link: "wan")
                round.append(LoopReport(loop: id, watches: true, isHeard: true, rows: [decision], newest: decision))
                point.reasons.append(step.outcome.reason)
                point.actions.append(step.outcome.action)
                act(step.outcome, &shippers[index], &plant.sites[index], settings, now, &generator, &result)
                point.limits.append(shippers[index].desired)
            }
            if !settings.isStandalone {
                let change = link.fold(LinkEvidence(loops: round, kept: .zero), now: instant(now))
                if let change { result.capacities.append((now, Double(change.effective.bitsPerSecond), change.cause)) }
                // Delivered with the answer to the next append: one tick later. A brake is released by a grant that folded it.
                for index in grants.indices {
                    grants[index] = grantsOnTheWay[index].0
                    if let cap = shippers[index].cap {
                        if grantsOnTheWay[index].1 >= cap.at { shippers[index].cap = nil } else { grants[index] = min(grants[index]!, cap.rate) }
                    }
                    grantsOnTheWay[index] = (
                        BitRate(bitsPerSecond: min(link.effective.bitsPerSecond / Int64(grants.count), Int64(settings.ceiling))), now
                    )
                }
            }
            result.trace.append(point)
        }
        result.carried = plant.carriedBits
        result.siteBits = plant.sites.map(\.sentBits)
        return result
    }

    private static func observe(
        _ shipper: inout Shipper, _ records: inout [ProbeRecord], _ site: BottleneckPlant.Site, _ settings: Settings, _ now: Double,
        _ grant: BitRate?, _ result: inout Result, point: inout Point
    ) -> LoopInput {
        if let at = shipper.acknowledgedAt, at <= now {
            shipper.applied = shipper.desired
            shipper.acknowledgedAt = nil
            shipper.settledChange = at + settings.settle
            if shipper.settledDecrease == nil { shipper.settledDecrease = at + settings.settle }
        }
        let start = now - settings.tick
        let notBefore = (shipper.settledDecrease ?? start)
        let isTrimmed = shipper.settledDecrease != nil && notBefore > start
        let reading = shipper.meter.sample(
            records: records, windowStart: instant(start), now: instant(now), notBefore: isTrimmed ? instant(notBefore) : nil,
            limitLowered: isTrimmed && notBefore <= now)
        records = []
        if let change = reading.change {
            result.changes.append(change)
            if change.cause == "route-changed" { shipper.state = lawForgetting(settings, shipper.state) }
        }
        func isFresh(_ settled: Double?) -> Bool {
            settled.map { $0 <= start + 1e-9 || reading.isFresh(since: instant($0), windowStart: instant(start)) } ?? false
        }
        let used = (site.sentBits - shipper.lastBits) / settings.tick
        shipper.lastBits = site.sentBits
        shipper.unconfirmed = shipper.acknowledgedAt == nil ? 0 : shipper.unconfirmed + 1
        var evidence: LoopEvidence = [.mayAct]
        if isFresh(shipper.settledDecrease) { evidence.insert(.freshSinceDecrease) }
        if isFresh(shipper.settledChange) { evidence.insert(.freshSinceChange) }
        if shipper.acknowledgedAt == nil { evidence.insert(.confirmed) }
        if shipper.unconfirmed >= 2 { evidence.insert(.notEnforced) }
        if reading.baseIsProven { evidence.insert(.baseProven) }
        if settings.isStandalone { evidence.insert(.standalone) }
        point.p95 = max(point.p95, reading.sample.p95?.milliseconds ?? .infinity)
        point.used += used
        return LoopInput(
            flow: 0, quality: reading.sample.quality, count: reading.sample.count, raw: reading.sample.p95,
            ageMilliseconds: reading.sample.ageMilliseconds, lossPartsPerMillion: reading.sample.lossPartsPerMillion, target: target,
            bound: bound, elapsedMilliseconds: Int32(settings.tick * 1000), used: settings.hasUse ? rate(used) : nil,
            applied: shipper.applied.map(rate), floor: .megabits(10), ceiling: rate(settings.ceiling),
            grant: settings.isStandalone ? nil : grant, evidence: evidence)
    }

    private static func lawForgetting(_ settings: Settings, _ state: [UInt8]) -> [UInt8] {
        (try? Law(name: settings.law, parameters: settings.parameters))?.forgettingCeilings(state: state) ?? state
    }

    private static func act(
        _ outcome: LoopOutcome, _ shipper: inout Shipper, _ site: inout BottleneckPlant.Site, _ settings: Settings, _ now: Double,
        _ generator: inout SeededGenerator, _ result: inout Result
    ) {
        guard outcome.action != .hold, let desired = outcome.desired else { return }
        let wanted = Double(desired.bitsPerSecond)
        result.patches += 1
        shipper.isDecrease = outcome.action == .decrease
        if shipper.isDecrease { result.decreases += 1 } else { result.increases += 1 }
        let delay = settings.enforcement.lowerBound + (settings.enforcement.upperBound - settings.enforcement.lowerBound) * generator.unit()
        site.pending.append((now + delay, wanted))
        shipper.desired = wanted
        shipper.acknowledgedAt = now + (settings.acknowledgesWhenInForce ? delay : 0.02)
        shipper.settledChange = nil
        if shipper.isDecrease {
            shipper.settledDecrease = nil
            shipper.cap = (desired, now)
        }
    }
}

private func rate(_ bitsPerSecond: Double) -> BitRate { BitRate(bitsPerSecond: Int64(max(0, bitsPerSecond))) }
private func span(_ seconds: Double) -> Nanoseconds { Nanoseconds(Int64((seconds * 1e9).rounded())) }
private func instant(_ seconds: Double) -> MonotonicTime { MonotonicTime(nanoseconds: Int64((seconds * 1e9).rounded())) }

extension ClosedLoop {
    /// Rows of one law with default parameters, run again from what stands in them.
    static func mismatches(_ rows: [LoopDecision], law name: String = "plateau@1") throws -> Int {
        let law = try Law(name: name)
        return rows.count { law.step(state: $0.stateBefore, input: $0.input).outcome != $0.outcome }
    }
}
