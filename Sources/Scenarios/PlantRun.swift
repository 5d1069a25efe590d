import ControlLaw
import Coordination
import Coordinator
public import Events
import Fleet
import Jitter
public import Plants
public import Quantities
import Shipper

/// A plant under a controller: the production `step` of one shipper per site, and of a coordinator where the plant has a hub, on one
/// thread, without faults. What the fault simulator does with the world's malice, this does with the plant's physics.
public struct PlantRun {
    /// What a run came to.
    public struct Result: Sendable {
        /// Seconds in which a critical flow was watched, over all of them, and those that violated.
        public var seconds = 0
        public var violated = 0
        /// Those whose p95 was above the target.
        public var aboveTarget = 0
        /// What went through, per site. Unit: bits.
        public var carriedBits: [Double] = []
        public var duration = Nanoseconds.zero
        public var patches = 0
        public var reversals = 0
        /// Jain's index of what each site carried by weight, per tick.
        public var fairness: [Double] = []
        public var rows: [Row] = []

        public var violationRatio: Double { seconds == 0 ? 0 : Double(violated) / Double(seconds) }
        public var aboveTargetRatio: Double { seconds == 0 ? 0 : Double(aboveTarget) / Double(seconds) }
        public var meanRate: Double { carriedBits.reduce(0, +) / duration.seconds }
        /// Per site, for a fleet of eight patches eight times as often.
        public var patchesPerHour: Double { perHour(patches) }
        public var reversalsPerHour: Double { perHour(reversals) }
        /// Ticks until the index is 0.98 for the first time and on average from there on; nil: never.
        public var ticksToFairness: Int? {
            guard let first = fairness.firstIndex(where: { $0 >= 0.98 }) else { return nil }
            let rest = fairness[first...]
            return rest.reduce(0, +) / Double(rest.count) >= 0.98 ? first + 1 : nil
        }
        private func perHour(_ count: Int) -> Double { Double(count) / Double(max(1, carriedBits.count)) * 3600 / duration.seconds }
    }
    /// One site at one tick, where rows are kept.
    public struct Row: Sendable {
        public var at: Nanoseconds
        public var site: Int
        public var decision: LoopDecision
    }

    private enum Occasion {
        case tick(Int)
        case shipper(Int, ShipperInput)
        case acknowledged(Int, WorkloadPatch)
        case logAsked(Int?, LogRequest)
        case coordinatorTick
        case coordinator(CoordinatorInput)
    }
    private struct Site {
        var process: ShipperProcess
        var genesis: Digest
        var spool: [Shipper.SpoolBatch.Entry] = []
        var annotated: BitRate?
        var lastPatch: BitRate?
        var wasLowered: Bool?
        var carriedAtTick = 0.0
        var recent: [ProbeRecord] = []
    }

    private let description: PlantDescription
    private let lawCase: LawCase
    private let fleet: FleetConfiguration
    private let keepsRows: Bool
    private var plant: Plant
    private var sites: [Site] = []
    private var coordinator: CoordinatorProcess?
    private var log: LogMachine
    private var random: SplitMix
    private var occasions: [(at: Int64, order: Int, occasion: Occasion)] = []
    private var nextOrder = 0
    private var result = Result()
    private var now = Nanoseconds.zero

    private static let origin = MonotonicTime(nanoseconds: 1_000_000_000_000)
    private static let wallOrigin = WallTime(microseconds: 1_795_000_000_000_000)
    private static let workload: WorkloadID = "telemetry-upload"
    private static let flow: FlowID = "robot-control"

    /// Throws where the law's parameters cannot be read.
    public static func run(
        _ description: PlantDescription, under lawCase: LawCase, seed: UInt64, hash: HashFunction, keepsRows: Bool = false
    ) throws -> Result {
        var run = try PlantRun(description, lawCase, seed: seed, hash: hash, keepsRows: keepsRows)
        return run.finish()
    }

    private init(_ description: PlantDescription, _ lawCase: LawCase, seed: UInt64, hash: HashFunction, keepsRows: Bool) throws {
        self.description = description
        self.lawCase = lawCase
        self.keepsRows = keepsRows
        random = SplitMix(seed: seed &* 0x9E37_79B9 &+ 0x5EED)
        plant = Plant(description, seed: seed, origin: PlantRun.origin)
        log = LogMachine(hash: hash)
        guard case .law(let name, let parameters) = lawCase.controller else {
            fleet = PlantRun.fleet(description, law: LawSpecification())
            if lawCase.controller == .clairvoyant { plant.steerClairvoyantly() }
            return
        }
        fleet = PlantRun.fleet(description, law: LawSpecification(name: name, parameters: parameters))
        let law = try Law(name: name, parameters: parameters)
        sites = description.sites.enumerated().map { index, site in
            let stream = StreamName(cluster: site.id, spool: "00000001")
            let settings = ShipperSettings(
                cluster: fleet.clusters.first { $0.id == site.id }!, tick: description.tick, settle: description.settle,
                serviceLevels: fleet.slaClasses, configuration: .zero, law: law, hash: hash, holder: "plant", version: "plant",
                seed: random.next())
            let head = StreamHead(sequence: 0, digest: HashChain(hash).genesis(of: stream))
            let process = ShipperProcess(
                settings, from: ShipperResumption(stream: stream, head: head, acknowledged: 0, highestEpochSeen: 0, keyValues: [:]))
            return Site(process: process, genesis: head.digest, annotated: site.initial)
        }
        for index in sites.indices { schedule(.tick(index), after: description.tick.count + Int64(index) * 37_000_000) }
        guard description.delivery != .standalone else { return }
        coordinator = CoordinatorProcess(fleet: fleet, hash: hash, seed: random.next())
        schedule(.coordinatorTick, after: 100_000_000)
    }

    /// The plant as a fleet's configuration would state it.
    private static func fleet(_ plant: PlantDescription, law: LawSpecification) -> FleetConfiguration {
        let clusters = plant.sites.map { site in
            let probe = ProbeSpecification(host: "plant", port: 8620, interval: plant.probeInterval, vantage: site.id.text)
            let flow = FlowSpecification(id: flow, transport: .udp, port: 5201, source: .probe(probe), slaClass: "critical", links: site.links)
            let workload = WorkloadSpecification(
                id: workload, floor: site.floor, ceiling: site.ceiling, weightMillionths: site.weightMillionths, links: site.links)
            return ClusterSpecification(
                id: site.id, delivery: plant.delivery, mode: .enforce, enforcer: .simulated(url: "plant"),
                guardrails: Guardrails(minimum: site.floor, maximum: site.ceiling), flows: site.hasFlow ? [flow] : [], workloads: [workload],
                usage: plant.countsUse ? .enforcer : .none)
        }
        let links = plant.links.map { LinkSpecification(id: $0.id, capacity: $0.configured, from: nil, to: nil, description: "") }
        return FleetConfiguration(
            name: plant.name, tick: plant.tick, settle: plant.settle, links: links.sorted { $0.id < $1.id },
            slaClasses: [ServiceLevelClass(name: "critical", target: plant.target, bound: plant.bound)], law: law,
            clusters: clusters.sorted { $0.id < $1.id })
    }

    // MARK: Time

    private mutating func finish() -> Result {
        while let next = occasions.indices.min(by: { (occasions[$0].at, occasions[$0].order) < (occasions[$1].at, occasions[$1].order) }),
            occasions[next].at <= description.duration.count
        {
            let (at, _, occasion) = occasions.remove(at: next)
            now = Nanoseconds(at)
            plant.advance(to: now)
            happen(occasion)
        }
        plant.advance(to: description.duration)
        result.duration = description.duration
        for index in description.sites.indices {
            result.carriedBits.append(plant.carriedBits(site: index))
            guard description.sites[index].hasFlow else { continue }
            let (seconds, violated) = plant.violation(site: index)
            result.seconds += seconds
            result.violated += violated
            result.aboveTarget += plant.secondsAboveTarget(site: index)
        }
        return result
    }

    private var instant: Now {
        Now(monotonic: PlantRun.origin + now, wall: PlantRun.wallOrigin + now)
    }

    private mutating func schedule(_ occasion: Occasion, after nanoseconds: Int64) {
        nextOrder += 1
        occasions.append((now.count + nanoseconds, nextOrder, occasion))
    }

    private mutating func drawn(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(random.next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    private mutating func happen(_ occasion: Occasion) {
        switch occasion {
        case .tick(let index):
            schedule(.tick(index), after: description.tick.count)
            if index == 0 { weighFairness() }
            step(index, .tick(observe(index)))
        case .shipper(let index, let input): step(index, input)
        case .acknowledged(let index, let patch): acknowledge(index, patch)
        case .logAsked(let index, let request):
            let answer = log.apply(request, nonce: Int64(random.next() >> 1))
            if let index { schedule(.shipper(index, .logAnswered(answer)), after: drawn(1_000_000...5_000_000)) } else {
                schedule(.coordinator(.logAnswered(answer)), after: drawn(1_000_000...5_000_000))
            }
        case .coordinatorTick:
            schedule(.coordinatorTick, after: min(500_000_000, description.tick.count / 4))
            stepCoordinator(.tick)
        case .coordinator(let input): stepCoordinator(input)
        }
    }

    // MARK: One site

    private mutating func observe(_ index: Int) -> Observation {
        let probes = plant.takeProbes(site: index)
        let reading = WorkloadReading(
            limit: sites[index].annotated.map { .limited($0) } ?? .unlimited,
            counter: description.countsUse ? .bytes(plant.bytesSent(site: index), at: instant.monotonic) : .noSource)
        guard description.sites[index].hasFlow else { return Observation(flows: [], workloads: [reading]) }
        guard let window = lawCase.window else { return Observation(flows: [.probes(probes)], workloads: [reading]) }
        return Observation(flows: [.external(longReading(index, probes, window))], workloads: [reading])
    }

    /// p95 over a window longer than the tick, as the ancestor asked Prometheus for it.
    private mutating func longReading(_ index: Int, _ probes: [ProbeRecord], _ window: Nanoseconds) -> ExternalAnswer {
        let oldest = instant.monotonic + window * -1
        sites[index].recent = sites[index].recent.filter { $0.sentAt >= oldest } + probes
        let delays = sites[index].recent.compactMap(\.believedRoundTrip).sorted()
        guard !delays.isEmpty else { return .absent }
        let p95 = delays[(delays.count * 95 + 99) / 100 - 1]
        return .reading(ExternalReading(p95: p95, count: Int32(clamping: delays.count), age: .milliseconds(50)))
    }

    private mutating func step(_ index: Int, _ input: ShipperInput) {
        let now = instant
        for effect in sites[index].process.step(input, now) {
            switch effect {
            case .spool(let batch):
                if keepsRows { keep(batch, of: index) }
                if coordinator != nil { sites[index].spool += batch.entries.filter { $0.sequence > (sites[index].spool.last?.sequence ?? 0) } }
                schedule(.shipper(index, .spooled(batch: batch.id)), after: drawn(200_000...1_000_000))
            case .patch(let patch): schedule(.acknowledged(index, patch), after: drawn(5_000_000...50_000_000))
            case .send(let request):
                // A site without a hub has no log to ask either: its spool keeps.
                if coordinator != nil { schedule(.logAsked(index, request), after: drawn(1_000_000...10_000_000)) }
            case .readSpool(let sequence):
                let entries = sites[index].spool.filter { $0.sequence > sequence }.prefix(AppendRequest.maximumEntries)
                let previous = sequence == 0 ? sites[index].genesis : sites[index].spool.last { $0.sequence == sequence }?.digest
                let reading = SpoolReading(previousDigest: previous, entries: entries.map(\.entry), digests: entries.map(\.digest))
                schedule(.shipper(index, .spoolRead(reading)), after: drawn(100_000...1_000_000))
            // The last one stays: the next reading begins after its digest.
            case .acknowledge(let last): sites[index].spool.removeAll { $0.sequence < last }
            case .wake(let at): schedule(.shipper(index, .woke), after: max(0, (at - instant.monotonic).count))
            case .rememberEpoch, .renewSpool, .note: break
            }
        }
    }

    private mutating func keep(_ batch: SpoolBatch, of index: Int) {
        for entry in batch.entries {
            // Each was encoded a moment ago by the shipper itself.
            guard case .tick(let tick)? = try? entry.entry.decoded(), let decision = tick.decision else { continue }
            result.rows.append(Row(at: now, site: index, decision: decision))
        }
    }

    /// The annotation stands; the limit itself comes into force later.
    private mutating func acknowledge(_ index: Int, _ patch: WorkloadPatch) {
        let isLowered = sites[index].annotated.map { patch.desired < $0 } ?? true
        result.patches += 1
        if let before = sites[index].wasLowered, before != isLowered { result.reversals += 1 }
        sites[index].wasLowered = isLowered
        sites[index].annotated = patch.desired
        let late = drawn(description.enforcement.lowerBound.count...description.enforcement.upperBound.count)
        plant.setLimit(site: index, to: patch.desired, inForceAt: now + Nanoseconds(late))
        schedule(
            .shipper(index, .patchSettled(PatchReport(workload: patch.workload, desired: patch.desired, result: .applied, objectCount: 1))), after: 1_000_000)
    }

    /// Jain's index (R. Jain, D. Chiu, W. Hawe, 1984) of what each site carried in the tick, by weight.
    private mutating func weighFairness() {
        guard sites.count > 1 else { return }
        var (sum, squares) = (0.0, 0.0)
        for index in sites.indices {
            let carried = plant.carriedBits(site: index)
            let rate = (carried - sites[index].carriedAtTick) / Double(description.sites[index].weightMillionths)
            sites[index].carriedAtTick = carried
            sum += rate
            squares += rate * rate
        }
        result.fairness.append(squares > 0 ? sum * sum / (Double(sites.count) * squares) : 1)
    }

    // MARK: The centre

    private mutating func stepCoordinator(_ input: CoordinatorInput) {
        let now = instant
        guard let effects = coordinator?.step(input, now) else { return }
        for effect in effects {
            switch effect {
            case .askLease(let highest): schedule(.coordinator(.leaseAnswered(.held(term: max(1, highest)))), after: drawn(1_000_000...5_000_000))
            case .findPlace: schedule(.coordinator(.placed(FleetPlace())), after: drawn(1_000_000...5_000_000))
            case .readLog(let cursors): schedule(.coordinator(.records(records(after: cursors), isComplete: true)), after: drawn(1_000_000...5_000_000))
            case .send(let request): schedule(.logAsked(nil, request), after: drawn(1_000_000...10_000_000))
            case .wake(let at): schedule(.coordinator(.woke), after: max(0, (at - instant.monotonic).count))
            case .patch, .claim, .note: break
            }
        }
    }

    private func records(after cursors: [StreamName: Int64]) -> [LogRecord] {
        log.streamNames.flatMap { stream in
            log.entries(of: stream, after: cursors[stream] ?? 0, limit: 500).compactMap { sequence, entry in
                // The log took it, so it decodes.
                guard let decoded = try? entry.decoded() else { return nil }
                return LogRecord(position: LogPosition(stream: stream, sequence: sequence), entry: decoded, receivedAt: instant.wall)
            }
        }
    }
}
