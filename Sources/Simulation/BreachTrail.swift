import Events
import Fleet
import Quantities

/// What a cluster wrote last, in words: the first thing that an engineer asks for when a run broke an invariant.
extension FleetSimulation {
    /// The clusters that the breach speaks of, each with the newest rows on its disk; empty where nothing broke.
    public var trail: [String] {
        guard let breach = checker.breach else { return [] }
        let named = sites.filter { site in breach.detail.split { " /:,".contains($0) }.contains(Substring(site.cluster.id.text)) }
        return named.prefix(FleetSimulation.trailClusters).flatMap { trail(of: $0) }
    }
    private static let trailClusters = 2
    private static let trailEntries: Int64 = 16

    private func trail(of site: SimulatedSite) -> [String] {
        var lines: [String] = []
        var after = max(site.spool.tail.sequence, site.spool.head.sequence - FleetSimulation.trailEntries)
        while after < site.spool.head.sequence {
            let reading = site.spool.read(after: after)
            if let hole = reading.hole {
                lines.append("\(site.spool.stream)/\(after + 1)..\(hole.last) cannot be read")
                after = hole.last
                continue
            }
            guard !reading.entries.isEmpty else { break }
            for entry in reading.entries {
                after += 1
                // What a simulated disk holds was written by the codec.
                guard let decoded = try? entry.decoded() else { continue }
                lines.append("\(site.spool.stream)/\(after) \(words(for: decoded, of: site.cluster))")
            }
        }
        return lines
    }

    private func words(for entry: DecodedEntry, of cluster: ClusterSpecification) -> String {
        switch entry {
        case .event(let event):
            // Of what is no outcome, or cannot be read, the kind says enough.
            guard case .patchSettled(let patch)? = try? event.fact() else { return event.kind }
            return "\(event.kind) \(patch.workload) from \(FleetSimulation.readable(patch.before)) to \(patch.desired.readable): \(patch.result.rawValue)"
        case .tick(let tick):
            var words = ["tick \(tick.number).\(tick.ordinal)", "at \((tick.at - beganWall).milliseconds) ms by its clock"]
            for (flow, sample) in zip(cluster.flows, tick.flows) {
                words.append("\(flow.id) \(sample.quality.word) p95 \(sample.p95.map(\.description) ?? "-") of \(sample.count)")
            }
            for (workload, use) in zip(cluster.workloads, tick.workloads) {
                words.append(
                    "\(workload.id) uses \(FleetSimulation.readable(use.used)) (\(use.offered.word)) of \(FleetSimulation.readable(use.applied)),"
                        + " wants \(FleetSimulation.readable(use.desired))")
            }
            if let decision = tick.decision { words.append(FleetSimulation.words(for: decision, of: cluster)) }
            return words.joined(separator: "; ")
        }
    }

    private static func words(for decision: LoopDecision, of cluster: ClusterSpecification) -> String {
        let links = cluster.loops.map(\.link)
        let link = links.indices.contains(Int(decision.link)) ? links[Int(decision.link)].text : "link \(decision.link)"
        let outcome = decision.outcome
        return "\(decision.isShadow ? "shadow " : "")\(link): \(outcome.action.word) for \(outcome.reason.word), raw"
            + " \(decision.input.raw.map(\.description) ?? "-") of \(decision.input.target) and \(decision.input.bound),"
            + " in force \(readable(decision.input.applied)), floor \(decision.input.floor.readable), granted \(readable(decision.input.grant)),"
            + " proposed \(readable(outcome.proposed)), desired \(readable(outcome.desired))"
    }
    private static func readable(_ rate: BitRate?) -> String { rate?.readable ?? "-" }
}
