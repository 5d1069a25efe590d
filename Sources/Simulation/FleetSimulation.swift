import Alerter
import HeapModule
public import ControlLaw
import Coordinator
public import Events
public import Fleet
public import Quantities
import Shipper

/// A whole fleet on one thread, from a seed and a list of faults: the very `step`s of shippers, coordinators and alerters over a simulated
/// clock, log, spool, network, API servers, plants and receiver of alerts. Equal settings give equal runs, byte for byte.
///
/// Nothing is decided here: the simulation carries out the processes' effects, late, twice or not at all, and gives them inputs.
public struct FleetSimulation {
    public struct Settings: Sendable {
        public var fleet: FleetConfiguration
        public var story: Story
        public var hash: HashFunction
        public var seed: UInt64
        public var coordinators: Int
        public var alerters: Int
        public var faults: [Fault]
        /// How often a coordinator reads the log's heads.
        public var pollEvery: Nanoseconds
        /// Pods per workload, at the most.
        public var mostReplicas: Int
        public init(
            fleet: FleetConfiguration, story: Story, hash: HashFunction, seed: UInt64, coordinators: Int = 1, alerters: Int = 0, faults: [Fault] = [],
            pollEvery: Nanoseconds? = nil, mostReplicas: Int = 1
        ) {
            self.fleet = fleet
            self.story = story
            self.hash = hash
            self.seed = seed
            self.coordinators = coordinators
            self.alerters = alerters
            self.faults = faults
            self.pollEvery = pollEvery ?? min(.milliseconds(500), Nanoseconds(fleet.tick.count / 4))
            self.mostReplicas = mostReplicas
        }
    }

    public let settings: Settings
    public private(set) var now: Now
    public internal(set) var world: SimulatedWorld
    public internal(set) var log: LogMachine
    /// So many occasions happened.
    public private(set) var steps: Int64 = 0
    var sites: [SimulatedSite]
    var centres: [SimulatedCentralPart<CoordinatorProcess>]
    var alerters: [SimulatedCentralPart<AlerterProcess>]
    var central = CentralLog()
    /// By index: those that have begun and not ended.
    var faultsBegun: [Int] = []
    var random: SplitMix
    /// The alerters' own chances: they only look, so a fleet lives through the same with and without them.
    var alerterRandom: SplitMix
    public internal(set) var checker: InvariantChecker
    private var occasions = Heap<QueuedOccasion>()
    private var nextOrder = 0
    let beganAt: MonotonicTime
    let beganWall: WallTime

    public init(_ settings: Settings) throws(LawError) {
        self.settings = settings
        let start = Now(monotonic: MonotonicTime(nanoseconds: 1_000_000_000_000), wall: WallTime(microseconds: 1_795_000_000_000_000))
        now = start
        beganAt = start.monotonic
        beganWall = start.wall
        random = SplitMix(seed: settings.seed)
        alerterRandom = SplitMix(seed: settings.seed ^ 0xA1E27)
        world = SimulatedWorld(fleet: settings.fleet, story: settings.story, seed: random.next(), at: start.monotonic)
        log = LogMachine(hash: settings.hash)
        let law = try FleetSimulation.law(of: settings.fleet)
        sites = []
        for cluster in settings.fleet.clusters {
            sites.append(SimulatedSite(cluster, settings, law: law, world: world, random: &random, at: start.monotonic))
        }
        centres = (0..<settings.coordinators).map { _ in
            SimulatedCentralPart(CoordinatorProcess(fleet: settings.fleet, hash: settings.hash, seed: 1))
        }
        alerters = (0..<settings.alerters).map {
            SimulatedCentralPart(AlerterProcess(fleet: settings.fleet, hash: settings.hash, seed: UInt64($0)))
        }
        checker = InvariantChecker(settings, at: start.monotonic)
        for index in sites.indices { schedule(.shipperTick(index), after: settings.fleet.tick + .milliseconds(Int64(index) * 37)) }
        for index in centres.indices { schedule(.coordinatorTick(index), after: .milliseconds(100 + Int64(index) * 53)) }
        for index in alerters.indices { schedule(.alerter(index, .tick), after: .milliseconds(300 + Int64(index) * 71)) }
        for index in settings.faults.indices { schedule(.faultBegins(index), after: settings.faults[index].begins) }
        for index in sites.indices { enforceLimits(of: index) }
    }

    /// As a shipper is assembled: what the fleet says of missing measurements is a parameter of the law.
    private static func law(of fleet: FleetConfiguration) throws(LawError) -> Law {
        var parameters = fleet.law.parameters
        let known = Set(try Law.parameterHelp(fleet.law.name).map(\.name))
        if known.contains("onMissing"), parameters["onMissing"] == nil { parameters["onMissing"] = fleet.onMissing.action.rawValue }
        if known.contains("missingTicks"), parameters["missingTicks"] == nil { parameters["missingTicks"] = "\(fleet.onMissing.afterTicks)" }
        return try Law(name: fleet.law.name, parameters: parameters)
    }

    /// Lets the fleet run for a span of simulated time, or until an invariant breaks.
    public mutating func run(for span: Nanoseconds) {
        let end = now.monotonic + span
        while let at = occasions.min?.at, at <= end, !checker.isBroken {
            let next = occasions.removeMin()
            advance(to: next.at)
            steps += 1
            checker.begin(step: steps, at: next.at)
            happen(next.occasion)
        }
        if !checker.isBroken { advance(to: end) }
    }

    private mutating func advance(to at: MonotonicTime) {
        now = Now(monotonic: at, wall: beganWall + (at - beganAt))
        world.follow(until: at)
    }

    mutating func schedule(_ occasion: Occasion, after span: Nanoseconds) {
        nextOrder += 1
        occasions.insert(QueuedOccasion(at: now.monotonic + max(.zero, span), order: nextOrder, occasion: occasion))
    }

    /// A network's or a disk's small delay.
    mutating func latency(upTo milliseconds: Int64) -> Nanoseconds {
        Nanoseconds(200_000 + Int64(random.next() % UInt64(milliseconds * 1_000_000)))
    }

    private mutating func happen(_ occasion: Occasion) {
        switch occasion {
        case .shipperTick(let index):
            schedule(.shipperTick(index), after: settings.fleet.tick)
            tick(shipper: index)
        case .shipper(let index, let life, let input):
            if sites[index].life == life { step(shipper: index, input) }
        case .synced(let index, let life, let batch):
            if sites[index].life == life { sync(batch, of: index) }
        case .errand(let index, let life, let effect):
            if sites[index].life == life { run(errand: effect, of: index) }
        case .coordinatorTick(let index):
            schedule(.coordinatorTick(index), after: settings.pollEvery)
            step(coordinator: index, .tick)
        case .coordinator(let index, let life, let input): if centres[index].life == life { step(coordinator: index, input) }
        case .soughtPlace(let index, let life): if centres[index].life == life { findPlace(for: index) }
        case .read(let index, let life, let cursors): if centres[index].life == life { readLog(for: index, after: cursors) }
        case .askedLease(let index, let life, let highest): askedLease(index, life, above: highest)
        case .released(let index, let life, let effects):
            if centres[index].life == life { release(effects, of: index) }
        case .alerter(let index, let occasion): asAlerter { $0.happen(occasion, to: index) }
        case .arrives(let flight): `as`(flight.client) { $0.arrives(flight) }
        case .answered(let flight, let answer): `as`(flight.client) { $0.answered(flight, answer) }
        case .gaveUp(let flight): `as`(flight.client) { $0.answered(flight, nil) }
        case .patchRead(let order): patchRead(order)
        case .patchWrite(let order, let writes): patchWrite(order, writes)
        case .claimWrite(let index, let life, let claim, let pods): claimWrite(index, life, claim, pods)
        case .faultBegins(let index): begin(fault: index)
        case .faultEnds(let index): end(fault: index)
        }
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

    /// The chain's end of every stream, in order of name: equal where and only where all that was written is.
    public var canonicalBytes: [UInt8] {
        log.streamNames.flatMap { stream -> [UInt8] in
            guard let head = log.head(of: stream) else { return [] }
            return Array("\(stream) \(head.sequence) \(head.digest)\n".utf8)
        }
    }
}

/// What happens next. In a box of its own, so that the queue moves a word of each instead of all that it carries.
indirect enum Occasion: Sendable {
    case shipperTick(Int)
    /// `life`: which process, of those that were started one after the other, it is for.
    case shipper(Int, life: Int, ShipperInput)
    /// The disk has a batch.
    case synced(Int, life: Int, Shipper.SpoolBatch)
    /// The lane of a shipper comes to an effect.
    case errand(Int, life: Int, ShipperEffect)
    case coordinatorTick(Int)
    case coordinator(Int, life: Int, CoordinatorInput)
    case soughtPlace(Int, life: Int)
    case read(Int, life: Int, [StreamName: Int64])
    case askedLease(Int, life: Int, highest: Int64)
    /// A coordinator that stood still goes on with what it had decided.
    case released(Int, life: Int, [CoordinatorEffect])
    case alerter(Int, AlerterOccasion)
    case arrives(LogFlight)
    case answered(LogFlight, LogAnswer)
    /// The writer waited for its answer long enough.
    case gaveUp(LogFlight)
    case patchRead(PatchOrder)
    case patchWrite(PatchOrder, [SimulatedPods.Write])
    case claimWrite(Int, life: Int, PushClaim, [[SimulatedPods.Pod]])
    case faultBegins(Int)
    case faultEnds(Int)
}

/// In order of time, then of arrival.
private struct QueuedOccasion: Comparable {
    let at: MonotonicTime
    let order: Int
    let occasion: Occasion
    static func < (left: QueuedOccasion, right: QueuedOccasion) -> Bool { (left.at, left.order) < (right.at, right.order) }
    static func == (left: QueuedOccasion, right: QueuedOccasion) -> Bool { left.order == right.order }
}
