public import ControlLaw
public import Events
public import Quantities

/// One run: a seed, the size of its fleet, and the faults that strike it. The faults are drawn from the seed unless they are given.
public struct SimulationRun: Sendable {
    public var seed: UInt64
    public var clusters: Int
    public var length: Nanoseconds
    public var faults: [Fault]
    public let hash: HashFunction

    /// How often simulated coordinators read the log. Production reads twice a second; the fleet of a long run would do little else.
    public static let pollEvery = Nanoseconds.seconds(1)
    public static let coordinators = 2
    public static let alerters = 2
    /// In which a fleet comes to rest after the last fault.
    public static let healingBound = Nanoseconds.seconds(300)

    public init(seed: UInt64, clusters: Int, length: Nanoseconds, kinds: Set<FaultKind>, hash: HashFunction) {
        self.seed = seed
        self.clusters = clusters
        self.length = length
        self.hash = hash
        faults = FaultSchedule(
            kinds: kinds, clusters: clusters, coordinators: SimulationRun.coordinators, alerters: SimulationRun.alerters, length: length
        ).faults(seed: seed)
    }

    public struct Outcome: Sendable {
        public var seed: UInt64
        public var breach: Breach?
        public var steps: Int64
        public var ticks: Int64
        public var faults: Int
        public var faultsSeen: [FaultKind: Int]
        public var reasonsSeen: [DecisionReason: Int]
        /// How often each rule of the alerter fired, by name.
        public var alertsSeen: [String: Int]
        /// Over the ends of all chains.
        public var digest: Digest
        /// What the clusters that the breach names wrote last; empty where nothing broke.
        public var trail: [String]
    }

    /// The fleet before its first moment.
    public func simulation() throws(LawError) -> FleetSimulation {
        let drawn = SimulatedFleet(seed: seed, clusters: clusters, length: length + SimulationRun.healingBound * 2)
        return try FleetSimulation(
            .init(
                fleet: drawn.fleet, story: drawn.story, hash: hash, seed: seed, coordinators: SimulationRun.coordinators,
                alerters: SimulationRun.alerters, faults: faults,
                pollEvery: SimulationRun.pollEvery, mostReplicas: 3))
    }

    /// Lets the faults strike, then the fleet heal.
    /// - Parameter end: where the run ends, though not all faults have struck and nothing has healed; nil for a whole run.
    public func outcome(endingAfter end: Nanoseconds? = nil) throws(LawError) -> Outcome {
        var simulation = try simulation()
        simulation.run(for: end ?? length + .seconds(1))
        if end == nil { simulation.heal(within: SimulationRun.healingBound) }
        return Outcome(
            seed: seed, breach: simulation.checker.breach, steps: simulation.steps, ticks: simulation.checker.ticksSeen, faults: faults.count,
            faultsSeen: simulation.checker.faultsSeen, reasonsSeen: simulation.checker.reasonsSeen,
            alertsSeen: simulation.checker.alerts.fired,
            digest: hash.digest(simulation.canonicalBytes), trail: simulation.trail)
    }
}
