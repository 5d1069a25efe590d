import Events
public import Fleet
public import Quantities

/// The plants of a simulated fleet: links with queues, best-effort workloads that fill what they are let, and the delay that
/// critical flows see beside them. A pure value, moved on by its driver.
///
/// Rates change only when a limit is set or the story says so; between two changes nothing is computed but what is asked for.
///
/// The queue follows the measured bottleneck: below about 95 % of a link's capacity delay variation is a few tenths of a
/// millisecond; at and above it TCP keeps a standing queue of 2 to 4 ms, whatever the link's rate.
public struct SimulatedWorld: Sendable {
    /// One managed workload in one cluster.
    public struct Workload: Sendable {
        public let cluster: ClusterID
        public let id: WorkloadID
        public let links: [LinkID]
        /// What it would send if nothing held it back.
        public internal(set) var offered: BitRate = .zero
        /// The limit in force; nil for none.
        public internal(set) var limit: BitRate?
        public internal(set) var decision: String?
        public internal(set) var term: Int64 = 0
        /// Bytes sent until `advance` last came here.
        public private(set) var bytes: UInt64 = 0
        /// What it sends now.
        public fileprivate(set) var carried: BitRate = .zero
        fileprivate let crossed: [Int]
        private var bitRemainder: Int64 = 0
        private var sentTo: MonotonicTime

        fileprivate init(cluster: ClusterID, specification: WorkloadSpecification, crossed: [Int], at now: MonotonicTime) {
            self.cluster = cluster
            self.id = specification.id
            self.links = specification.links
            self.crossed = crossed
            self.sentTo = now
        }
        var wanted: BitRate { limit.map { min($0, offered) } ?? offered }

        mutating func send(until now: MonotonicTime) {
            guard now > sentTo else { return }
            let bits = Int128(carried.bitsPerSecond) * Int128((now - sentTo).count) + Int128(bitRemainder)
            bytes += UInt64(bits / 8_000_000_000)
            bitRemainder = Int64(bits % 8_000_000_000)
            sentTo = now
        }
    }

    struct Link: Sendable {
        let id: LinkID
        let configured: BitRate
        let crossing: [Int]
        var capacity: BitRate
        /// Traffic that Fairlead does not manage.
        var foreign: BitRate = .zero
        /// What all who cross it want.
        var wanted: BitRate = .zero
        var queue: StandingQueue
    }
    private struct Flow: Sendable {
        let cluster: ClusterID
        let id: FlowID
        let crossed: [Int]
        var isSilent = false
    }

    public private(set) var workloads: [Workload]
    private(set) var links: [Link]
    private var flows: [Flow]
    private var steppedTo: MonotonicTime
    private let story: Story
    private var storyBeganAt: MonotonicTime
    private var nextMoment = 0
    private var random: SplitMix

    public init(fleet: FleetConfiguration, story: Story, seed: UInt64, at now: MonotonicTime) {
        let places = Dictionary(uniqueKeysWithValues: fleet.links.enumerated().map { ($1.id, $0) })
        let workloads = fleet.clusters.flatMap { cluster in
            cluster.workloads.map { Workload(cluster: cluster.id, specification: $0, crossed: $0.links.compactMap { places[$0] }, at: now) }
        }
        self.workloads = workloads
        links = fleet.links.enumerated().map { place, link in
            Link(
                id: link.id, configured: link.capacity, crossing: workloads.indices.filter { workloads[$0].crossed.contains(place) },
                capacity: link.capacity, queue: StandingQueue(at: now))
        }
        flows = fleet.clusters.flatMap { cluster in
            cluster.flows.map { Flow(cluster: cluster.id, id: $0.id, crossed: $0.links.compactMap { places[$0] }) }
        }
        steppedTo = now
        storyBeganAt = now
        self.story = story
        random = SplitMix(seed: seed)
        for link in links.indices { share(link: link, at: now) }
    }

    /// Lets time pass up to `now`.
    public mutating func advance(to now: MonotonicTime) {
        follow(until: now)
        for index in workloads.indices { workloads[index].send(until: now) }
    }

    /// What the story says up to `now` is so; nobody's bytes are counted yet.
    mutating func follow(until now: MonotonicTime) {
        guard now > steppedTo else { return }
        while let at = nextMomentAt, at <= now {
            if nextMoment == story.moments.count {
                beginAnew(at: at)
            } else {
                let happening = story.moments[nextMoment].happening
                nextMoment += 1
                happen(happening, at: at)
            }
        }
        steppedTo = now
    }
    private var nextMomentAt: MonotonicTime? {
        guard !story.moments.isEmpty else { return nil }
        return storyBeganAt + (nextMoment < story.moments.count ? story.moments[nextMoment].at : story.length)
    }

    /// The one-way delay that a critical packet meets now; nil where its reflector is silent. Its noise is drawn per packet.
    public mutating func delay(cluster: ClusterID, flow: FlowID) -> Nanoseconds? {
        guard let index = flows.firstIndex(where: { $0.cluster == cluster && $0.id == flow }) else { return nil }
        return delay(flow: index, at: steppedTo)
    }

    mutating func delay(flow: Int, at instant: MonotonicTime) -> Nanoseconds? {
        guard !flows[flow].isSilent else { return nil }
        let standing = standing(flow: flow, at: instant)
        // A queue's depth wanders by a third around its mean; an idle path adds some tens of microseconds.
        let wander = standing / 3
        let jittered = standing + (wander == 0 ? 0 : Int64(random.next() % UInt64(2 * wander + 1)) - wander)
        return Nanoseconds(SimulatedWorld.idleDelay + Int64(random.next() % UInt64(SimulatedWorld.idleNoise)) + jittered)
    }
    static let idleDelay: Int64 = 50_000
    static let idleNoise: Int64 = 40_000

    /// The mean wait in all queues that a flow crosses. Unit: nanoseconds. Instants of the past are answered as far as queues remember.
    func standing(flow: Int, at instant: MonotonicTime) -> Int64 {
        flows[flow].crossed.reduce(0) { $0 + links[$1].queue.wait(at: instant) }
    }

    /// Whether all queues that a flow crosses stood still since `instant`.
    func hasStoodStill(flow: Int, since instant: MonotonicTime) -> Bool {
        flows[flow].crossed.allSatisfy { links[$0].queue.isStill(since: instant) }
    }
    func isSilent(flow: Int) -> Bool { flows[flow].isSilent }
    func flowIndex(_ cluster: ClusterID, _ flow: FlowID) -> Int? { flows.firstIndex { $0.cluster == cluster && $0.id == flow } }

    mutating func bytes(of workload: Int, at now: MonotonicTime) -> UInt64 {
        workloads[workload].send(until: now)
        return workloads[workload].bytes
    }

    /// Sets a workload's limit. An older term than the one that stands there sets nothing.
    public mutating func setLimit(
        cluster: ClusterID, workload: WorkloadID, rate: BitRate, decision: String?, term: Int64
    ) -> LimitAnswer {
        guard let index = workloads.firstIndex(where: { $0.cluster == cluster && $0.id == workload }) else { return .unknown }
        guard term >= workloads[index].term else { return .olderTerm }
        workloads[index].decision = decision
        workloads[index].term = term
        setLimit(of: index, to: rate, at: steppedTo)
        return .set
    }
    public enum LimitAnswer: Sendable { case set, olderTerm, unknown }

    /// Puts a limit in force, whoever wrote it; nil for none.
    mutating func setLimit(of index: Int, to rate: BitRate?, at now: MonotonicTime) {
        guard workloads[index].limit != rate else { return }
        workloads[index].limit = rate
        for link in workloads[index].crossed { share(link: link, at: now) }
    }

    // MARK: - The story

    private mutating func happen(_ happening: Story.Happening, at now: MonotonicTime) {
        switch happening {
        case .offers(let cluster, let workload, let rate):
            for index in workloads.indices where workloads[index].cluster == cluster && workloads[index].id == workload {
                workloads[index].offered = rate
                for link in workloads[index].crossed { share(link: link, at: now) }
            }
        case .carries(let id, let rate):
            guard let link = links.firstIndex(where: { $0.id == id }) else { return }
            links[link].capacity = rate ?? links[link].configured
            share(link: link, at: now)
        case .foreignTraffic(let id, let rate):
            guard let link = links.firstIndex(where: { $0.id == id }) else { return }
            links[link].foreign = rate
            share(link: link, at: now)
        case .reflectorStops(let cluster, let flow): setSilence(of: flow, in: cluster, to: true)
        case .reflectorStarts(let cluster, let flow): setSilence(of: flow, in: cluster, to: false)
        }
    }

    private mutating func setSilence(of flow: FlowID, in cluster: ClusterID, to isSilent: Bool) {
        for index in flows.indices where flows[index].cluster == cluster && flows[index].id == flow { flows[index].isSilent = isSilent }
    }

    /// The story repeats from the beginning.
    private mutating func beginAnew(at now: MonotonicTime) {
        storyBeganAt = now
        nextMoment = 0
        for index in flows.indices { flows[index].isSilent = false }
        for index in workloads.indices { workloads[index].offered = .zero }
        for index in links.indices { (links[index].capacity, links[index].foreign) = (links[index].configured, .zero) }
        for index in links.indices { share(link: index, at: now) }
    }

    // MARK: - Rates and queues

    /// A link's rate goes to who wants it, in proportion to what they want, as competing TCP flows about share it.
    private mutating func share(link place: Int, at now: MonotonicTime) {
        let link = links[place]
        links[place].wanted = link.crossing.reduce(link.foreign) { $0 + workloads[$1].wanted }
        links[place].queue.head(for: SimulatedWorld.standingQueue(wanted: links[place].wanted, capacity: link.capacity), at: now)
        for index in link.crossing {
            workloads[index].send(until: now)
            workloads[index].carried = workloads[index].crossed.reduce(workloads[index].wanted) { min($0, part(of: index, on: links[$1])) }
        }
    }

    private func part(of index: Int, on link: Link) -> BitRate {
        guard link.wanted > link.capacity, link.wanted > .zero else { return .maximum }
        let part = Int128(workloads[index].wanted.bitsPerSecond) * Int128(link.capacity.bitsPerSecond) / Int128(link.wanted.bitsPerSecond)
        return BitRate(bitsPerSecond: Int64(part))
    }

    /// The mean queueing delay at a load, from the measured bottleneck: nothing to speak of up to 95 %, then a cliff.
    static func standingQueue(wanted: BitRate, capacity: BitRate) -> Nanoseconds {
        guard capacity > .zero else { return .milliseconds(4) }
        let thousandths = wanted.bitsPerSecond / max(1, capacity.bitsPerSecond / 1000)
        return switch thousandths {
        case ..<950: .microseconds(thousandths / 20)
        case ..<1000: .microseconds(50 + (thousandths - 950) * 20)
        case ..<1100: .microseconds(1_050 + (thousandths - 1000) * 15)
        default: .microseconds(min(4_000, 2_550 + (thousandths - 1100)))
        }
    }
}
