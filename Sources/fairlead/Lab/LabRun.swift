import Adapters
import Clocks
import Cryptography
import EventStore
import Events
import Fleet
import Glibc
import Lab
import PostgreSQL
import Probing
import Quantities
import Sockets
import Supervision
import TrafficControl
import Web

/// One run of the lab: the network, the observer, the four phases, and Fairlead itself in the last one.
struct LabRun {
    let length: Nanoseconds
    let seed: UInt64
    let law: String
    /// Where the run is redrawn, from the log alone; nil: nowhere.
    let out: String?

    static let bound = ServiceLevelClass.robotControl.bound.nanoseconds
    static let probeInterval = Nanoseconds.milliseconds(10)
    private let clock = ContinuousClock()

    init(length: Nanoseconds, seed: UInt64, law: String, out: String? = nil) {
        self.length = length
        self.seed = seed
        self.law = law
        self.out = out
    }

    func run() async throws -> LabResult {
        let schedule = LabSchedule(length: length, seed: seed)
        return try await LabNetwork.with(bottleneck: LabSchedule.wide) { network in
            let site = try LabSite(network: network, law: law)
            defer { site.strike() }
            let key = try ProbeKey(file: site.keyFile)
            guard let anyone = AddressPrefix("10.0.0.0/8") else { preconditionFailure("the lab's addresses are addresses") }
            let reflector = try Reflector(
                endpoints: [
                    ReflectorEndpoint(transport: .udp, listen: Endpoint(.anyIPv4, port: LabSite.reflectorPort), keys: [key], allowed: [anyone])
                ], networkNamespace: network.namespacePath(of: .receiver))
            defer { reflector.stop() }
            let target = ProbeTarget(
                flow: "robot-control", transport: .udp, host: LabHost.receiver.address.description, port: LabSite.reflectorPort, key: key,
                interval: LabRun.probeInterval)
            let observer = try LabObserver(
                target: target, namespace: network.namespacePath(of: .robot), device: network.telemetryDevice)
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await observer.watch() }
                defer { group.cancelAll() }
                return try await phases(schedule, network, site, observer)
            }
        }
    }

    private struct Measured {
        var leg: LabSchedule.Leg
        var from: MonotonicTime
        var report: TelemetryReport?
    }

    private func phases(
        _ schedule: LabSchedule, _ network: LabNetwork, _ site: LabSite, _ observer: LabObserver
    ) async throws -> LabResult {
        let enforcer = TrafficControlEnforcer()
        var measured: [Measured] = []
        try await site.startCentre()
        for leg in schedule.legs {
            tell("\(leg.phase.rawValue): \(leg.seconds) s")
            try await network.setBottleneck(LabSchedule.wide)
            if leg.phase == .static { try await enforcer.set(LabSchedule.bestConstantCap, on: network.telemetryDevice) }
            // The managed phase starts without any limit, as a workload does that nobody has touched.
            if leg.phase == .managed {
                try await enforcer.remove(from: network.telemetryDevice)
                try site.startShipper()
            }
            let from = SystemClocks.monotonic()
            let report = leg.phase == .idle ? nil : try await load(leg, network)
            if leg.phase == .idle { try await clock.sleep(for: .seconds(leg.seconds)) }
            measured.append(Measured(leg: leg, from: from, report: report))
        }
        let managed = measured.last { $0.leg.phase == .managed }
        site.supervisor.end()
        return try await result(measured, managedFrom: managed?.from, site, observer)
    }

    /// Telemetry for the length of the leg, while the bottleneck steps at its times.
    private func load(_ leg: LabSchedule.Leg, _ network: LabNetwork) async throws -> TelemetryReport {
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let narrowsAt = leg.narrowsAt, let widensAt = leg.widensAt {
                group.addTask {
                    try await clock.sleep(for: .seconds(narrowsAt))
                    try await network.setBottleneck(LabSchedule.narrow)
                    try await clock.sleep(for: .seconds(widensAt - narrowsAt))
                    try await network.setBottleneck(LabSchedule.wide)
                }
            }
            let report = try await network.runTelemetry(seconds: leg.seconds)
            group.cancelAll()
            return report
        }
    }

    private func result(
        _ measured: [Measured], managedFrom: MonotonicTime?, _ site: LabSite, _ observer: LabObserver
    ) async throws -> LabResult {
        let idle = measured[0]
        let idleEnd = idle.from + .seconds(Int64(idle.leg.seconds))
        let base = observer.probes(from: idle.from, to: idleEnd).compactMap { LabPhaseResult.delay($0, above: .zero) }.min() ?? .zero
        let log = try await site.readLog()
        if let out { try LabRun.redraw(log, into: out) }
        var phases: [LabPhaseResult] = []
        for part in measured {
            let end = part.from + .seconds(Int64(part.leg.seconds))
            var phase = LabPhaseResult(
                name: part.leg.phase.rawValue, from: part.from, seconds: part.leg.seconds, probes: observer.probes(from: part.from, to: end),
                base: base, bound: LabRun.bound, bestEffort: part.report?.received ?? .zero)
            phase.narrowsAt = part.leg.narrowsAt
            phase.widensAt = part.leg.widensAt
            if part.leg.phase == .managed { count(log.changes, into: &phase, from: part.from) }
            phases.append(phase)
        }
        let seen = observer.rates(since: managedFrom ?? idle.from)
        return LabResult(
            seed: seed, law: law, congestionControl: measured.last?.report?.congestionControl ?? LabNetwork.congestionControl, base: base,
            bound: LabRun.bound, phases: phases, rateChangesSeen: seen.count,
            rateChangesWithoutEvent: LabResult.withoutEvent(seen, told: log.changes.map { LabRun.kept($0.desired) }),
            logEntries: log.entries, isVerified: log.isVerified)
    }

    private static func redraw(_ log: LabRecord, into directory: String) throws {
        try PrivateDirectory.write("\(directory)/managed.csv", log.csv, mode: 0o644)
        guard let timeline = log.timeline else { return }
        try PrivateDirectory.write("\(directory)/managed.svg", ClusterTimelineChart(timeline: timeline).svg, mode: 0o644)
    }

    /// A patch that lowered or raised what stood. The first, from no limit at all, lowers.
    private func count(_ changes: [LabRecord.RateChange], into phase: inout LabPhaseResult, from: MonotonicTime) {
        let skew = SystemClocks.now()
        for change in changes {
            let lowered = change.before.map { change.desired < $0 } ?? true
            if lowered { phase.decreases += 1 } else { phase.increases += 1 }
            // Civil time of the event on the monotonic clock of the phase.
            let at = skew.monotonic + (change.at - skew.wall)
            guard let narrowsAt = phase.narrowsAt, at - from >= .seconds(Int64(narrowsAt)) else { continue }
            if lowered { phase.decreasesAfterStep += 1 } else { phase.increasesAfterStep += 1 }
        }
    }

    /// The kernel keeps whole bytes per second.
    private static func kept(_ rate: BitRate) -> BitRate { BitRate(bitsPerSecond: rate.bitsPerSecond / 8 * 8) }

    private func tell(_ text: String) { if isatty(2) == 1 { standardError("lab: \(text)") } }
}
