public import Fleet
public import Quantities

/// A closed loop to try a law against: links with queues, sites that send beside a critical flow, how late a limit comes into
/// force. Every number is stated; a run is this and a seed.
public struct PlantDescription: Hashable, Sendable {
    public struct Link: Hashable, Sendable {
        public var id: LinkID
        /// What the fleet's configuration states.
        public var configured: BitRate
        /// What it carries, bit/s.
        public var carries: Timeline
        /// Traffic that no cluster of the fleet sends, bit/s; it does not give way.
        public var foreign: Timeline
        /// The queue before the link. Unit: bits.
        public var queueBits: Double

        public init(id: LinkID, configured: BitRate, carries: Timeline, foreign: Timeline = .always(0), queueBits: Double = 3_200_000) {
            self.id = id
            self.configured = configured
            self.carries = carries
            self.foreign = foreign
            self.queueBits = queueBits
        }
    }

    /// How a site's traffic answers to a full queue.
    public enum Manner: String, Hashable, Sendable, CaseIterable {
        /// Gives way, as TCP does.
        case tcp
        /// Does not.
        case datagrams
    }

    public struct Site: Hashable, Sendable {
        public var id: ClusterID
        public var links: [LinkID]
        /// What the application would send, bit/s.
        public var offers: Timeline
        public var manner: Manner
        /// The limit that stands at the start; nil: no annotation of ours.
        public var initial: BitRate?
        public var floor: BitRate
        public var ceiling: BitRate
        public var weightMillionths: Int64
        /// Whether a critical flow of this site crosses its links.
        public var hasFlow: Bool
        /// What the way of the critical flow takes longer than at the start. Unit: nanoseconds.
        public var detour: Timeline

        public init(
            id: ClusterID, links: [LinkID], offers: Timeline, manner: Manner = .tcp, initial: BitRate? = nil, floor: BitRate = .megabits(10),
            ceiling: BitRate = .megabits(1000), weightMillionths: Int64 = 1_000_000, hasFlow: Bool = true, detour: Timeline = .always(0)
        ) {
            self.id = id
            self.links = links
            self.offers = offers
            self.manner = manner
            self.initial = initial
            self.floor = floor
            self.ceiling = ceiling
            self.weightMillionths = weightMillionths
            self.hasFlow = hasFlow
            self.detour = detour
        }
    }

    public var name: String
    /// One sentence for tables and reports.
    public var summary: String
    public var duration: Nanoseconds
    public var tick: Nanoseconds
    public var settle: Nanoseconds
    public var delivery: ClusterSpecification.Delivery
    /// Time between two probes of a critical flow.
    public var probeInterval: Nanoseconds
    /// A limit is in force this long after its patch was acknowledged, evenly drawn.
    public var enforcement: ClosedRange<Nanoseconds>
    public var target: Delay
    public var bound: Delay
    /// Whether the bytes that a workload sends are counted.
    public var countsUse: Bool
    public var links: [Link]
    public var sites: [Site]

    public init(
        name: String, summary: String, duration: Nanoseconds, tick: Nanoseconds = .seconds(5), settle: Nanoseconds = .seconds(1),
        delivery: ClusterSpecification.Delivery = .standalone, probeInterval: Nanoseconds = .milliseconds(50),
        enforcement: ClosedRange<Nanoseconds> = .zero...(.zero), target: Delay = .microseconds(1000), bound: Delay = .microseconds(1500),
        countsUse: Bool = true, links: [Link], sites: [Site]
    ) {
        self.name = name
        self.summary = summary
        self.duration = duration
        self.tick = tick
        self.settle = settle
        self.delivery = delivery
        self.probeInterval = probeInterval
        self.enforcement = enforcement
        self.target = target
        self.bound = bound
        self.countsUse = countsUse
        self.links = links
        self.sites = sites
    }
}
