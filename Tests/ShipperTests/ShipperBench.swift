import ControlLaw
import Cryptography
import Events
import Fleet
import Jitter
import Quantities
import Shipper

/// One shipper on a table: inputs by hand, effects in the open.
struct ShipperBench {
    var process: ShipperProcess
    private(set) var now = Now(monotonic: MonotonicTime(nanoseconds: 5_000_000_000), wall: WallTime(microseconds: 1_795_000_000_000_000))
    private var sequence: Int64 = 0
    /// What stands at the enforcer.
    var limit: WorkloadReading.Limit = .limited(.megabits(100))
    var replicas: Int16 = 1
    private var bytes: UInt64 = 0
    /// A second workload beside it on `wan`, where the first crosses `site` too: its limit, of which it uses 88 %; nil where there is none.
    private(set) var dashboardLimit: BitRate?
    private var dashboardBytes: UInt64 = 0

    static let stream = StreamName(cluster: "plant-a", spool: "00000001")

    init(
        mode: ClusterSpecification.Mode = .enforce, delivery: ClusterSpecification.Delivery = .pull,
        keyValues: [String: [UInt8]] = [:], dashboardLimit: BitRate? = nil
    ) throws {
        self.dashboardLimit = dashboardLimit
        let links: [LinkID] = dashboardLimit == nil ? ["wan"] : ["site", "wan"]
        let dashboard = WorkloadSpecification(id: "dashboard", floor: .megabits(10), ceiling: .megabits(1000), links: ["wan"])
        let cluster = ClusterSpecification(
            id: "plant-a", delivery: delivery, mode: mode, enforcer: .simulated(url: "http://127.0.0.1"),
            guardrails: Guardrails(minimum: .megabits(10), maximum: .megabits(1000)),
            flows: [
                FlowSpecification(
                    id: "robot-control", transport: .udp, port: 5201,
                    source: .probe(ProbeSpecification(host: "127.0.0.1", port: 5201, interval: .milliseconds(50), vantage: "cell")),
                    slaClass: "robot-control", links: links)
            ],
            workloads: [WorkloadSpecification(id: "telemetry", floor: .megabits(10), ceiling: .megabits(1000), links: links)]
                + (dashboardLimit == nil ? [] : [dashboard]))
        let genesis = HashChain(.libcrypto).genesis(of: ShipperBench.stream)
        process = ShipperProcess(
            ShipperSettings(
                cluster: cluster, tick: .seconds(5), settle: .seconds(1), serviceLevels: ServiceLevelClass.mission, configuration: .zero,
                law: try Law(name: Law.defaultName), hash: .libcrypto, holder: "bench", version: "test", seed: 1),
            from: ShipperResumption(
                stream: ShipperBench.stream, head: StreamHead(sequence: 0, digest: genesis), acknowledged: 0, highestEpochSeen: 0,
                keyValues: keyValues))
    }

    mutating func step(_ input: ShipperInput) -> [ShipperEffect] { process.step(input, now) }

    /// A tick of 100 probes, each with this delay above a base of 100 µs; nil for silence.
    mutating func tick(delay: Nanoseconds?, used: BitRate = .megabits(95)) -> [ShipperEffect] {
        let from = now.monotonic
        now = Now(monotonic: from + .seconds(5), wall: now.wall + .seconds(5))
        let records = (0..<100).map { index in
            sequence += 1
            let outcome = delay.map { ProbeRecord.Outcome.roundTrip($0 + .microseconds(100 + Int64(index % 7))) } ?? .lost
            return ProbeRecord(sequence: sequence, sentAt: from + .milliseconds(Int64(index) * 50), outcome: outcome)
        }
        bytes += UInt64(used.bitsPerSecond * 5 / 8)
        var workloads = [WorkloadReading(limit: limit, counter: .bytes(bytes, at: now.monotonic), replicas: replicas)]
        if let dashboardLimit {
            dashboardBytes += UInt64(dashboardLimit.bitsPerSecond * 5 / 8 * 88 / 100)
            workloads.append(WorkloadReading(limit: .limited(dashboardLimit), counter: .bytes(dashboardBytes, at: now.monotonic)))
        }
        return step(.tick(Observation(flows: [.probes(records)], workloads: workloads)))
    }

    var monotonic: MonotonicTime { now.monotonic }
    mutating func wait(_ span: Nanoseconds) { now = Now(monotonic: now.monotonic + span, wall: now.wall + span) }

    /// Calm ticks until the base delay is proven: before that, a delay is above nothing.
    mutating func learnBase() {
        for _ in 0..<4 { _ = settle(tick(delay: .zero)) }
    }

    /// Answers each spool and patch effect as a healthy world does; returns the patches.
    mutating func settle(_ effects: [ShipperEffect]) -> [WorkloadPatch] {
        var patches: [WorkloadPatch] = []
        var open = effects
        while !open.isEmpty {
            switch open.removeFirst() {
            case .spool(let batch): open += step(.spooled(batch: batch.id))
            case .patch(let patch):
                patches.append(patch)
                if patch.workload == "telemetry" { limit = .limited(patch.desired) } else { dashboardLimit = patch.desired }
                open += step(.patchSettled(PatchReport(workload: patch.workload, desired: patch.desired, result: .applied, objectCount: 1)))
            default: break
            }
        }
        return patches
    }
}

extension [ShipperEffect] {
    var spooledBatches: [Shipper.SpoolBatch] {
        compactMap { effect in
            guard case .spool(let batch) = effect else { return nil }
            return batch
        }
    }
    var wakes: [MonotonicTime] {
        compactMap { effect in
            guard case .wake(let at) = effect else { return nil }
            return at
        }
    }
    /// The first decision in what is to be spooled.
    var decision: LoopDecision? {
        get throws {
            for entry in spooledBatches.flatMap(\.entries) {
                if case .tick(let tick) = try entry.entry.decoded(), let decision = tick.decision { return decision }
            }
            return nil
        }
    }
    var patches: [WorkloadPatch] {
        compactMap { effect in
            guard case .patch(let patch) = effect else { return nil }
            return patch
        }
    }
}

extension ShipperBench {
    /// The limit that stands; zero where none does.
    var limitRate: BitRate {
        guard case .limited(let rate) = limit else { return .zero }
        return rate
    }
}

enum HashChainOfBench {
    static let genesis = HashChain(.libcrypto).genesis(of: ShipperBench.stream)
}
