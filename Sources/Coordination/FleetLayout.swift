public import Fleet
import Quantities

/// A fleet's configuration as the coordinator's rounds read it: by index, and what follows from it worked out once.
///
/// A round asks the same of the same configuration for each link and workload, a few times a second for as long as the process lives.
public struct FleetLayout: Sendable {
    struct Workload: Sendable {
        let id: WorkloadID
        let cluster: Int
        /// Its name in an allocation: `plant-a/telemetry-upload`.
        let demand: String
        /// Ascending.
        let links: [Int]
        /// Within the site's guardrails.
        let floor: BitRate
        let ceiling: BitRate
        let weightMillionths: Int64
        let tier: Int
    }
    struct Loop: Sendable {
        let id: LoopID
        let cluster: Int
        let link: Int
        let workloads: [Int]
        /// Whether a critical flow of its cluster crosses its link.
        let hasFlow: Bool
    }
    struct Cluster: Sendable {
        let id: ClusterID
        let mode: ClusterSpecification.Mode
        /// Whether it acts and has a hub: then it is granted something while it is heard.
        let mayBeGranted: Bool
        let workloads: Range<Int>
        let loops: Range<Int>
    }
    struct Link: Sendable {
        let id: LinkID
        let capacity: BitRate
        /// What critical flows keep of it.
        let reserve: BitRate
        /// In order of cluster.
        var loops: [Int] = []
        var workloads: [Int] = []
    }

    let clusters: [Cluster]
    /// In the configuration's order: by cluster, then as the file has them.
    let workloads: [Workload]
    /// By cluster, then link.
    let loops: [Loop]
    /// In the configuration's order.
    let links: [Link]

    public init(_ fleet: FleetConfiguration) {
        let places = Dictionary(uniqueKeysWithValues: fleet.links.enumerated().map { ($1.id, $0) })
        var (clusters, workloads, loops): ([Cluster], [Workload], [Loop]) = ([], [], [])
        var links = fleet.links.map { Link(id: $0.id, capacity: $0.capacity, reserve: fleet.reserve(on: $0.id)) }
        for (index, cluster) in fleet.clusters.enumerated() {
            let firstWorkload = workloads.count
            workloads += cluster.workloads.map { FleetLayout.workload($0, of: cluster, index, tiers: fleet.tiers, places) }
            let firstLoop = loops.count
            for loop in cluster.loops {
                guard let link = places[loop.link] else { continue }
                loops.append(
                    Loop(
                        id: loop, cluster: index, link: link, workloads: (firstWorkload..<workloads.count).filter { workloads[$0].links.contains(link) },
                        hasFlow: !cluster.flows(crossing: loop.link).isEmpty))
            }
            clusters.append(
                Cluster(
                    id: cluster.id, mode: cluster.mode, mayBeGranted: cluster.mode == .enforce && cluster.delivery != .standalone,
                    workloads: firstWorkload..<workloads.count, loops: firstLoop..<loops.count))
        }
        for (index, loop) in loops.enumerated() { links[loop.link].loops.append(index) }
        for (index, workload) in workloads.enumerated() {
            for link in workload.links { links[link].workloads.append(index) }
        }
        (self.clusters, self.workloads, self.loops, self.links) = (clusters, workloads, loops, links)
    }

    private static func workload(
        _ workload: WorkloadSpecification, of cluster: ClusterSpecification, _ index: Int, tiers: [TierSpecification], _ places: [LinkID: Int]
    ) -> Workload {
        let floor = cluster.guardrails.clamp(workload.floor)
        return Workload(
            id: workload.id, cluster: index, demand: "\(cluster.id)/\(workload.id)", links: Set(workload.links.compactMap { places[$0] }).sorted(),
            floor: floor, ceiling: max(floor, cluster.guardrails.clamp(workload.ceiling)), weightMillionths: workload.weightMillionths,
            tier: Int(tiers.first { $0.name == workload.tier }?.rank ?? 0))
    }
}
