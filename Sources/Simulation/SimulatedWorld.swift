import Events
public import Fleet
public import Quantities

/// The plants of a simulated fleet: links with queues, best-effort workloads that fill what they are let, and the delay that
/// critical flows see beside them. A pure value, stepped by its driver.
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
        public var offered: BitRate
        /// The limit in force; nil for none.
        public var limit: BitRate?
        public var decision: String?
        public var term: Int64 = 0
        /// Bytes sent since the beginning.
        public private(set) var bytes: UInt64 = 0
        /// What it sends now.
        public fileprivate(set) var carried: BitRate = .zero
        private var bitRemainder: Int64 = 0

        init(cluster: ClusterID, specification: WorkloadSpecification) {
            self.cluster = cluster
            self.id = specification.id
            self.links = specification.links
            self.offered = .zero
        }
        var wanted: BitRate { limit.map { min($0, offered) } ?? offered }

        mutating func send(for span: Nanoseconds) {
            let bits = Int128(carried.bitsPerSecond) * Int128(span.count) + Int128(bitRemainder)
            bytes += UInt64(bits / 8_000_000_000)
            bitRemainder = Int64(bits % 8_000_000_000)
        }
    }

    struct Link: Sendable {
        let configured: BitRate
        var capacity: BitRate
        /// Traffic that Fairlead does not manage.
        var foreign: BitRate = .zero
        /// The delay that a packet arriving now waits.
        var queue: Nanoseconds = .zero
    }

    public private(set) var workloads: [Workload]
    var links: [LinkID: Link]
    private let flows: [ClusterID: [FlowID: [LinkID]]]
    private var silent: Set<String> = []
    private var steppedTo: MonotonicTime?
    private let story: Story
    private let beganAt: MonotonicTime
    private var random: SplitMix

    /// How long a standing queue takes to build and to drain.
    static let queueTimeConstant = Nanoseconds.milliseconds(60)

    public init(fleet: FleetConfiguration, story: Story, seed: UInt64, at now: MonotonicTime) {
        self.workloads = fleet.clusters.flatMap { cluster in cluster.workloads.map { Workload(cluster: cluster.id, specification: $0) } }
        self.links = Dictionary(uniqueKeysWithValues: fleet.links.map { ($0.id, Link(configured: $0.capacity, capacity: $0.capacity)) })
        self.flows = Dictionary(
            uniqueKeysWithValues: fleet.clusters.map { cluster in
                (cluster.id, Dictionary(uniqueKeysWithValues: cluster.flows.map { ($0.id, $0.links) }))
            })
        self.story = story
        self.beganAt = now
        self.random = SplitMix(seed: seed)
    }

    /// Lets time pass up to `now`, in steps of at most 20 ms.
    public mutating func advance(to now: MonotonicTime) {
        var at = steppedTo ?? beganAt
        while at < now {
            let next = min(now, at + .milliseconds(20))
            follow(story.state(at: story.position(after: next - beganAt)))
            share()
            for index in workloads.indices { workloads[index].send(for: next - at) }
            for link in links.keys { settleQueue(of: link, for: next - at) }
            at = next
        }
        steppedTo = now
    }

    /// The one-way delay that a critical packet meets now; nil where its reflector is silent. Its noise is drawn per packet.
    public mutating func delay(cluster: ClusterID, flow: FlowID) -> Nanoseconds? {
        guard !silent.contains("\(cluster)/\(flow)"), let crossed = flows[cluster]?[flow] else { return nil }
        let standing = crossed.reduce(Int64(0)) { $0 + (links[$1]?.queue.count ?? 0) }
        // A queue's depth wanders by a third around its mean; an idle path adds some tens of microseconds.
        let wander = standing / 3
        let jittered = standing + (wander == 0 ? 0 : Int64(random.next() % UInt64(2 * wander + 1)) - wander)
        return Nanoseconds(50_000 + Int64(random.next() % 40_000) + jittered)
    }

    /// Sets a workload's limit. False where a newer term stands there, or the workload is unknown.
    public mutating func setLimit(
        cluster: ClusterID, workload: WorkloadID, rate: BitRate, decision: String?, term: Int64
    ) -> LimitAnswer {
        guard let index = workloads.firstIndex(where: { $0.cluster == cluster && $0.id == workload }) else { return .unknown }
        guard term >= workloads[index].term else { return .olderTerm }
        workloads[index].limit = rate
        workloads[index].decision = decision
        workloads[index].term = term
        return .set
    }
    public enum LimitAnswer: Sendable { case set, olderTerm, unknown }

    private mutating func follow(_ now: Story.State) {
        for index in workloads.indices {
            workloads[index].offered = now.offered["\(workloads[index].cluster)/\(workloads[index].id)"] ?? .zero
        }
        for (id, link) in links {
            links[id]?.capacity = now.capacity[id] ?? link.configured
            links[id]?.foreign = now.foreign[id] ?? .zero
        }
        silent = now.silent
    }

    /// Each link's rate goes to who wants it, in proportion to what they want, as competing TCP flows about share it.
    private mutating func share() {
        for index in workloads.indices { workloads[index].carried = workloads[index].wanted }
        for (id, link) in links {
            let crossing = workloads.indices.filter { workloads[$0].links.contains(id) }
            let wanted = crossing.reduce(link.foreign) { $0 + workloads[$1].wanted }
            guard wanted > link.capacity, wanted > .zero else { continue }
            for index in crossing {
                let part = Int128(workloads[index].wanted.bitsPerSecond) * Int128(link.capacity.bitsPerSecond) / Int128(wanted.bitsPerSecond)
                workloads[index].carried = min(workloads[index].carried, BitRate(bitsPerSecond: Int64(part)))
            }
        }
    }

    private mutating func settleQueue(of id: LinkID, for span: Nanoseconds) {
        guard let link = links[id] else { return }
        let wanted = workloads.filter { $0.links.contains(id) }.reduce(link.foreign) { $0 + $1.wanted }
        let target = SimulatedWorld.standingQueue(wanted: wanted, capacity: link.capacity)
        let part = min(Double(span.count) / Double(SimulatedWorld.queueTimeConstant.count), 1)
        links[id]?.queue = Nanoseconds(link.queue.count + Int64(Double(target.count - link.queue.count) * part))
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
