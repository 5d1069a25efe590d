import ControlLaw
import Events
import Fleet
import Quantities
import Shipper

/// One cluster as it is simulated: its shipper's process while that lives, its disk, its Pods, and what is wrong with it now.
struct SimulatedSite {
    let cluster: ClusterSpecification
    var shipper: ShipperSettings
    var process: ShipperProcess?
    /// Counts the processes: what was meant for a dead one reaches nobody.
    var life = 0
    var spool: SimulatedSpool
    var spoolsBegun = 1
    /// When the lane has done what was asked of it so far.
    var laneFreeAt: MonotonicTime
    /// The request that an answer is waited for.
    var flight: Int?
    var faults: FaultSet = []
    var isSpoolRuined = false
    /// So many effects are still carried out before the process dies.
    var effectsToLive: Int?
    var clock: SkewedClock
    var pods: SimulatedPods
    /// Indices into the world.
    let workloads: Range<Int>
    let flows: [Int]
    var observedTo: MonotonicTime
    var probesSent: Int64 = 0
    /// How poor the source is while it is poor.
    var sourceStrength: UInt32 = 0

    init(
        _ cluster: ClusterSpecification, _ settings: FleetSimulation.Settings, law: Law, world: SimulatedWorld, random: inout SplitMix,
        at now: MonotonicTime
    ) {
        self.cluster = cluster
        spool = SimulatedSpool(stream: StreamName(cluster: cluster.id, spool: "00000001"), hash: settings.hash)
        shipper = ShipperSettings(
            cluster: cluster, tick: settings.fleet.tick, settle: settings.fleet.settle, serviceLevels: settings.fleet.slaClasses,
            configuration: .zero, law: law, hash: settings.hash, holder: "simulated", version: "simulated", seed: random.next())
        process = ShipperProcess(shipper, from: spool.resumption)
        laneFreeAt = now
        clock = SkewedClock(since: now)
        pods = SimulatedPods(replicas: cluster.workloads.map { _ in 1 + random.below(settings.mostReplicas) })
        let first = world.workloads.firstIndex { $0.cluster == cluster.id } ?? 0
        workloads = first..<first + cluster.workloads.count
        flows = cluster.flows.compactMap { world.flowIndex(cluster.id, $0.id) }
        observedTo = now
    }
}

/// One central process as it is simulated: coordinators and alerters live and suffer alike.
struct SimulatedCentralPart<Process> {
    /// While it lives.
    var process: Process?
    /// Counts the processes: what was meant for a dead one reaches nobody.
    var life = 0
    var flight: Int?
    var faults: FaultSet = []
    var effectsToLive: Int?
    var clock = SkewedClock(since: MonotonicTime(nanoseconds: 0))
    /// It stands still at the next thing that it decides to do, until this fault ends.
    var pausesUntil: MonotonicTime?
    /// It stands still until then.
    var standsStillUntil: MonotonicTime?

    init(_ process: Process) { self.process = process }

    mutating func die() {
        process = nil
        effectsToLive = nil
        pausesUntil = nil
        standsStillUntil = nil
        life += 1
        flight = nil
    }

    mutating func begin(_ fault: Fault, _ standing: FaultSet, at now: MonotonicTime) {
        faults = standing
        switch fault.kind {
        case .crash: effectsToLive = Int(fault.strength) % 12
        case .pause: pausesUntil = now + fault.lasts
        default: clock.begin(fault, at: now)
        }
    }

    /// But for what a crash leaves to do: to start anew.
    mutating func end(_ fault: Fault, _ standing: FaultSet, at now: MonotonicTime) {
        faults = standing
        if fault.kind == .pause { pausesUntil = nil }
        clock.end(fault, at: now)
    }
}

/// A wall clock that is off, and goes too fast or too slow. The monotonic clock is right: order and expiry rest on that alone.
struct SkewedClock: Sendable {
    private var offset: Nanoseconds = .zero
    private var partsPerMillion: Int64 = 0
    private var since: MonotonicTime

    init(since: MonotonicTime) { self.since = since }

    func read(_ now: Now) -> Now {
        let drift = (now.monotonic - since).count / 1_000_000 * partsPerMillion
        return Now(monotonic: now.monotonic, wall: now.wall + offset + Nanoseconds(drift))
    }

    /// Up to a quarter of an hour, and up to a thousandth.
    mutating func begin(_ fault: Fault, at now: MonotonicTime) {
        let strength = Int64(fault.strength % 2_000_001) - 1_000_000
        if fault.kind == .clockJump { offset = offset + .milliseconds(strength * 9 / 10) }
        if fault.kind == .clockDrift { drift(partsPerMillion: strength / 1_000, from: now) }
    }
    mutating func end(_ fault: Fault, at now: MonotonicTime) {
        if fault.kind == .clockDrift { drift(partsPerMillion: 0, from: now) }
    }
    private mutating func drift(partsPerMillion rate: Int64, from now: MonotonicTime) {
        offset = offset + Nanoseconds((now - since).count / 1_000_000 * partsPerMillion)
        (partsPerMillion, since) = (rate, now)
    }
}
