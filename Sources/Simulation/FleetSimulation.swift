import Coordination
import Coordinator
public import ControlLaw
public import Events
public import Fleet
import Jitter
public import Quantities
import Shipper

/// A whole fleet on one thread, from a seed: the very `step`s of shippers and coordinators over a simulated clock, log, spool,
/// network and plants. Equal seeds give equal runs.
public struct FleetSimulation {
    public struct Settings: Sendable {
        public var fleet: FleetConfiguration
        public var story: Story
        public var hash: HashFunction
        public var seed: UInt64
        public var coordinators: Int
        public init(fleet: FleetConfiguration, story: Story, hash: HashFunction, seed: UInt64, coordinators: Int = 1) {
            self.fleet = fleet
            self.story = story
            self.hash = hash
            self.seed = seed
            self.coordinators = coordinators
        }
    }

    /// What happens next, in order of time, then of arrival.
    private enum Occasion {
        case shipperTick(Int)
        case shipper(Int, ShipperInput)
        case coordinatorTick(Int)
        case coordinator(Int, CoordinatorInput)
        case patchLands(Int, WorkloadPatch)
        case logRequest(from: Writer, LogRequest)
    }
    private enum Writer {
        case shipper(Int)
        case coordinator(Int)
    }

    /// A shipper with its spool's contents.
    private struct Site {
        var cluster: ClusterSpecification
        var process: ShipperProcess
        var stream: StreamName
        var spool: [Shipper.SpoolBatch.Entry] = []
        var probesSent: Int64 = 0
        var probedTo: MonotonicTime
    }

    public let settings: Settings
    public private(set) var now: Now
    public private(set) var world: SimulatedWorld
    public private(set) var log: LogMachine
    private var sites: [Site]
    private var coordinators: [CoordinatorProcess]
    private var lease: (holder: Int, term: Int64, until: MonotonicTime)?
    private var occasions: [(at: MonotonicTime, order: Int, occasion: Occasion)] = []
    private var nextOrder = 0
    private var random: SplitMix
    /// Whether the log can be reached, by cluster; a coordinator always can in this simulation.
    public var isPartitioned: Set<ClusterID> = []
    public var isLogDown = false

    public init(_ settings: Settings) throws(LawError) {
        self.settings = settings
        let start = Now(monotonic: MonotonicTime(nanoseconds: 1_000_000_000_000), wall: WallTime(microseconds: 1_795_000_000_000_000))
        now = start
        random = SplitMix(seed: settings.seed)
        world = SimulatedWorld(fleet: settings.fleet, story: settings.story, seed: random.next(), at: start.monotonic)
        log = LogMachine(hash: settings.hash)
        let law = try Law(name: settings.fleet.law.name, parameters: settings.fleet.law.parameters)
        sites = []
        for cluster in settings.fleet.clusters {
            let stream = StreamName(cluster: cluster.id, spool: "00000001")
            let process = ShipperProcess(
                ShipperSettings(
                    cluster: cluster, tick: settings.fleet.tick, settle: settings.fleet.settle, serviceLevels: settings.fleet.slaClasses,
                    configuration: .zero, law: law, hash: settings.hash, holder: "simulated", version: "simulated", seed: random.next()),
                from: ShipperResumption(emptyStream: stream, hash: settings.hash))
            sites.append(Site(cluster: cluster, process: process, stream: stream, probedTo: start.monotonic))
        }
        coordinators = (0..<settings.coordinators).map { _ in CoordinatorProcess(fleet: settings.fleet, hash: settings.hash, seed: 1) }
        for index in sites.indices { schedule(.shipperTick(index), after: settings.fleet.tick + .milliseconds(Int64(index) * 37)) }
        for index in coordinators.indices { schedule(.coordinatorTick(index), after: .milliseconds(100 + Int64(index) * 53)) }
    }

    /// Lets the fleet run for a span of simulated time.
    public mutating func run(for span: Nanoseconds) {
        let end = now.monotonic + span
        while let next = occasions.indices.min(by: { (occasions[$0].at, occasions[$0].order) < (occasions[$1].at, occasions[$1].order) }),
            occasions[next].at <= end
        {
            let (at, _, occasion) = occasions.remove(at: next)
            advance(to: at)
            happen(occasion)
        }
        advance(to: end)
    }

    /// All that stands on the log, stream by stream.
    public var records: [LogRecord] {
        log.streamNames.flatMap { stream in
            log.entries(of: stream, after: 0, limit: .max >> 1).compactMap { sequence, entry in
                // Every entry was decoded when it was appended.
                guard let decoded = try? entry.decoded() else { return nil }
                return LogRecord(position: LogPosition(stream: stream, sequence: sequence), entry: decoded, receivedAt: now.wall)
            }
        }
    }

    private mutating func advance(to at: MonotonicTime) {
        now = Now(monotonic: at, wall: now.wall + (at - now.monotonic))
        world.advance(to: at)
    }

    private mutating func schedule(_ occasion: Occasion, after span: Nanoseconds) {
        nextOrder += 1
        occasions.append((now.monotonic + span, nextOrder, occasion))
    }

    /// A network's or a disk's small delay.
    private mutating func latency(upTo milliseconds: Int64) -> Nanoseconds {
        Nanoseconds(200_000 + Int64(random.next() % UInt64(milliseconds * 1_000_000)))
    }

    private mutating func happen(_ occasion: Occasion) {
        switch occasion {
        case .shipperTick(let index):
            schedule(.shipperTick(index), after: settings.fleet.tick)
            step(shipper: index, .tick(observe(index)))
        case .shipper(let index, let input): step(shipper: index, input)
        case .coordinatorTick(let index):
            schedule(.coordinatorTick(index), after: min(.milliseconds(500), Nanoseconds(settings.fleet.tick.count / 4)))
            step(coordinator: index, .tick)
        case .coordinator(let index, let input): step(coordinator: index, input)
        case .patchLands(let index, let patch):
            let answer = world.setLimit(
                cluster: sites[index].cluster.id, workload: patch.workload, rate: patch.desired, decision: patch.decision?.description,
                term: patch.term)
            let report = PatchReport(workload: patch.workload, desired: patch.desired, result: answer == .set ? .applied : .lostRace)
            schedule(.shipper(index, .patchSettled(report)), after: latency(upTo: 5))
        case .logRequest(let writer, let request): answer(request, to: writer)
        }
    }

    private mutating func answer(_ request: LogRequest, to writer: Writer) {
        switch writer {
        case .shipper(let index):
            let isAway = isLogDown || isPartitioned.contains(sites[index].cluster.id)
            let input: ShipperInput = isAway ? .logUnreachable : .logAnswered(log.apply(request, nonce: Int64(random.next() >> 1)))
            schedule(.shipper(index, input), after: latency(upTo: 10))
        case .coordinator(let index):
            let input: CoordinatorInput = isLogDown ? .logUnreachable : .logAnswered(log.apply(request, nonce: Int64(random.next() >> 1)))
            schedule(.coordinator(index, input), after: latency(upTo: 10))
        }
    }

    /// Probes at each flow's interval since the last tick, and the limits and counters as they stand.
    private mutating func observe(_ index: Int) -> Observation {
        let cluster = sites[index].cluster
        var flows: [Shipper.FlowObservation] = []
        for flow in cluster.flows {
            var interval = Nanoseconds.milliseconds(50)
            if case .probe(let probe) = flow.source { interval = probe.interval }
            var records: [ProbeRecord] = []
            var at = sites[index].probedTo + interval
            while at <= now.monotonic {
                sites[index].probesSent += 1
                let delay = world.delay(cluster: cluster.id, flow: flow.id)
                let outcome = delay.map { ProbeRecord.Outcome.roundTrip($0 + .microseconds(60)) } ?? .lost
                records.append(ProbeRecord(sequence: sites[index].probesSent, sentAt: at, outcome: outcome))
                at = at + interval
            }
            flows.append(.probes(records))
        }
        sites[index].probedTo = now.monotonic
        let workloads = cluster.workloads.map { specification in
            let state = world.workloads.first { $0.cluster == cluster.id && $0.id == specification.id }!
            return WorkloadReading(
                limit: state.limit.map { .limited($0) } ?? .unlimited, counter: .bytes(state.bytes, at: now.monotonic), term: state.term)
        }
        return Observation(flows: flows, workloads: workloads)
    }

    private mutating func step(shipper index: Int, _ input: ShipperInput) {
        for effect in sites[index].process.step(input, now) {
            switch effect {
            case .spool(let batch):
                sites[index].spool += batch.entries.filter { $0.sequence > (sites[index].spool.last?.sequence ?? 0) }
                schedule(.shipper(index, .spooled(batch: batch.id)), after: latency(upTo: 1))
            case .patch(let patch): schedule(.patchLands(index, patch), after: latency(upTo: 20))
            case .send(let request): schedule(.logRequest(from: .shipper(index), request), after: latency(upTo: 10))
            case .readSpool(let sequence):
                let entries = sites[index].spool.filter { $0.sequence > sequence }.prefix(AppendRequest.maximumEntries)
                let previous = sequence == 0 ? HashChain(settings.hash).genesis(of: sites[index].stream) : sites[index].spool.last { $0.sequence == sequence }?.digest
                let reading = SpoolReading(previousDigest: previous, entries: entries.map(\.entry), digests: entries.map(\.digest))
                schedule(.shipper(index, .spoolRead(reading)), after: latency(upTo: 1))
            case .wake(let at): schedule(.shipper(index, .woke), after: at - now.monotonic)
            case .renewSpool:
                sites[index].spool = []
                sites[index].stream = StreamName(cluster: sites[index].cluster.id, spool: "renewed-\(now.monotonic)")
                let resumption = ShipperResumption(emptyStream: sites[index].stream, hash: settings.hash)
                schedule(.shipper(index, .spoolRenewed(resumption, keptAs: "set aside")), after: latency(upTo: 1))
            case .acknowledge, .rememberEpoch, .note: break
            }
        }
    }

    private mutating func step(coordinator index: Int, _ input: CoordinatorInput) {
        for effect in coordinators[index].step(input, now) {
            switch effect {
            case .askLease(let highest): schedule(.coordinator(index, .leaseAnswered(lease(askedBy: index, above: highest))), after: latency(upTo: 5))
            case .findPlace: schedule(.coordinator(index, .placed(FleetPlace())), after: latency(upTo: 5))
            case .readLog(let cursors):
                var read: [LogRecord] = []
                for stream in log.streamNames {
                    for (sequence, entry) in log.entries(of: stream, after: cursors[stream] ?? 0, limit: 500) {
                        guard let decoded = try? entry.decoded() else { continue }  // as above
                        read.append(LogRecord(position: LogPosition(stream: stream, sequence: sequence), entry: decoded, receivedAt: now.wall))
                    }
                }
                schedule(.coordinator(index, .records(read, isComplete: true)), after: latency(upTo: 5))
            case .send(let request): schedule(.logRequest(from: .coordinator(index), request), after: latency(upTo: 10))
            case .patch(let patch):
                let answer = world.setLimit(
                    cluster: patch.cluster, workload: patch.workload, rate: patch.desired, decision: patch.decision.description, term: patch.term)
                let result: PatchRecord.Result = answer == .set ? .applied : .lostRace
                schedule(.coordinator(index, .patchSettled(patch, result: result, objectCount: 1, detail: nil)), after: latency(upTo: 20))
            case .claim(let claim): schedule(.coordinator(index, .claimed(cluster: claim.cluster, term: claim.term)), after: latency(upTo: 20))
            case .wake(let at): schedule(.coordinator(index, .woke), after: at - now.monotonic)
            case .note: break
            }
        }
    }

    /// The lease's row, by the simulated server's clock.
    private mutating func lease(askedBy index: Int, above highest: Int64) -> LeaseAnswer {
        let until = now.monotonic + settings.fleet.lease.duration
        if let held = lease, held.holder != index, held.until > now.monotonic {
            return .heldByOther(holder: "\(held.holder)", term: held.term)
        }
        let term = lease?.holder == index && lease!.until > now.monotonic ? lease!.term : max(lease?.term ?? 0, highest) + 1
        lease = (index, term, until)
        return .held(term: term)
    }
}
