import Events
public import Fleet
public import Quantities

/// What would become of the shares if links carried something else: the coordinator's own planner, asked twice over one folded state.
///
/// A forecast speaks of this moment. Limits follow in their order when it comes true: decreases first, and rises as their room is
/// confirmed free.
public struct AllocationForecast: Sendable {
    /// What a link should be taken to carry. More than its configured capacity counts as that.
    public struct Change: Hashable, Sendable {
        public var link: LinkID
        /// Nil: a person's word on the link ends, and what was learned holds again.
        public var capacity: BitRate?
        public init(link: LinkID, capacity: BitRate?) {
            self.link = link
            self.capacity = capacity
        }
    }
    public struct Row: Sendable, Equatable {
        public var cluster: ClusterID
        public var workload: WorkloadID
        public var now: BitRate
        public var then: BitRate
        /// What binds the share then, and what would bind next: `link wan-a`, `brake plant-a/wan-a`, `ceiling`.
        public var binding: String
        public var next: String?
        public var isSame: Bool { now == then }
    }
    /// A change names a link that the fleet does not have.
    public struct UnknownLink: Error, Equatable, Sendable {
        public let link: LinkID
        public init(link: LinkID) { self.link = link }
    }

    /// In the order of the configuration.
    public let rows: [Row]
    /// What each link is taken to carry, now and then.
    public let links: [(link: LinkID, now: BitRate, then: BitRate)]
    public let isFeasible: Bool
    public let shortfalls: [String]
    /// What the forecast rests on, as text for a hash: the configuration, what each link is believed to carry, the persons' words in
    /// force, which clusters are granted anything, and the changes asked for. Not among it: what workloads use at this moment, and
    /// brakes that last a tick or two; they move every tick, and a person cannot decide upon them.
    public let inputs: String

    /// - Parameters:
    ///   - configuration: the hash of the fleet's files.
    ///   - believed: what the coordinator takes each link to carry.
    ///   - now: for the age of the clusters' ticks, on the clock by which they were folded.
    /// - Returns: nil where nobody can be granted anything.
    public init?(
        _ fleet: FleetConfiguration, configuration: Digest, state: FleetState, believed: [LinkID: BitRate], changes: [Change],
        now: MonotonicTime
    ) throws(UnknownLink) {
        for change in changes where fleet.link(change.link) == nil { throw UnknownLink(link: change.link) }
        var changed = believed
        for change in changes {
            let known = state.override(of: change.link) == nil ? believed[change.link] : state.learned[change.link]
            changed[change.link] = change.capacity ?? known
        }
        let layout = FleetLayout(fleet)
        let view = FleetView(layout, state, now: now)
        var planner = AllocationPlanner(layout)
        func plan(_ effective: [LinkID: BitRate]) -> AllocationPlan? {
            planner.plan(view, state, effective: fleet.links.map { effective[$0.id] ?? $0.capacity })
        }
        guard let before = plan(believed), let after = plan(changed) else { return nil }
        rows = zip(before.rows, after.rows).map { now, then in
            Row(cluster: now.cluster, workload: now.workload, now: now.share, then: then.share, binding: then.binding, next: then.next)
        }
        links = zip(before.links, after.links).map { ($0.link, $0.effective, $1.effective) }
        isFeasible = after.isFeasible
        shortfalls = after.shortfalls
        inputs = AllocationForecast.inputs(fleet, configuration, state, view, believed: before.links, changes)
    }

    private static func inputs(
        _ fleet: FleetConfiguration, _ configuration: Digest, _ state: FleetState, _ view: FleetView, believed: [AllocationRecord.Link],
        _ changes: [Change]
    ) -> String {
        var lines = ["fairlead-plan/1", "configuration \(configuration)"]
        lines += believed.map { "link \($0.link) \($0.effective.bitsPerSecond)" }
        lines += fleet.links.compactMap { link in
            state.override(of: link.id).map { "override \(link.id) \($0.override.capacity?.bitsPerSecond ?? 0) \($0.position)" }
        }
        lines += zip(fleet.clusters, view.isGrantable).map { "cluster \($0.id) \($1 ? "granted" : "not-granted")" }
        lines += changes.sorted { $0.link < $1.link }.map { "change \($0.link) \($0.capacity.map { "\($0.bitsPerSecond)" } ?? "ended")" }
        return lines.map { $0 + "\n" }.joined()
    }
}
