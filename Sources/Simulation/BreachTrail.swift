import Events
import Fleet
import Quantities

/// What was written last, in words: the first thing that an engineer asks for when a run broke an invariant.
extension FleetSimulation {
    /// Of each cluster that the breach speaks of the newest rows on its disk; of each link the newest rows of all that cross it, what the newest
    /// allocations gave of it, and what stands on it; and the faults of the last minutes. Empty where nothing broke.
    public var trail: [String] {
        guard let breach = checker.breach else { return [] }
        let words = Set(breach.detail.split { " /:,".contains($0) })
        let named = sites.filter { words.contains(Substring($0.cluster.id.text)) }
        let links = settings.fleet.links.map(\.id).filter { words.contains(Substring($0.text)) }
        return named.prefix(FleetSimulation.trailClusters).flatMap { trail(of: $0) } + links.flatMap { trail(of: $0) } + lateFaults
    }
    private static let trailClusters = 2
    private static let trailEntries: Int64 = 16
    /// Of the other clusters on a link.
    private static let trailEntriesBeside: Int64 = 6
    private static let trailAllocations = 8
    private static let trailFaults = Nanoseconds.seconds(300)

    private var lateFaults: [String] {
        let at = now.monotonic - beganAt
        return settings.faults.filter { $0.begins <= at && $0.begins + $0.lasts >= at - FleetSimulation.trailFaults }.map { "fault: \($0)" }
    }

    private func trail(of link: LinkID) -> [String] {
        let head = log.head(of: .coordinator)?.sequence ?? 0
        let written = log.entries(of: .coordinator, after: max(0, head - Int64(settings.fleet.clusters.count * 16)), limit: .max >> 1)
        let allocations = written.compactMap { sequence, entry -> String? in
            // What the log holds was decoded when it was appended.
            guard case .event(let event)? = try? entry.decoded(), case .allocationDecided(let record)? = try? event.fact() else { return nil }
            return "\(StreamName.coordinator)/\(sequence) at \((event.at - beganWall).milliseconds) ms \(words(for: record, of: link))"
        }
        let standing = sites.flatMap { site in
            site.cluster.workloads.indices.filter { site.cluster.workloads[$0].links.contains(link) }.map { place in
                let limits = site.pods.workloads[place].map { FleetSimulation.readable($0.limit) + ($0.isForeign ? " (foreign)" : "") }
                return "\(site.cluster.id)/\(site.cluster.workloads[place].id) \(limits.joined(separator: " + "))"
            }
        }
        let crossing = sites.filter { site in site.cluster.workloads.contains { $0.links.contains(link) } }
        let told = crossing.flatMap { trail(of: $0, entries: FleetSimulation.trailEntriesBeside) }
        return told + allocations.suffix(FleetSimulation.trailAllocations) + ["on the Pods of \(link) stand: \(standing.joined(separator: "; "))"]
    }

    private func words(for record: AllocationRecord, of link: LinkID) -> String {
        let capacity = record.links.first { $0.link == link }.map { "\(link) carries \($0.effective.readable), \($0.reserved.readable) kept" } ?? ""
        let shares = record.shares.filter { settings.fleet.cluster($0.cluster)?.workload($0.workload)?.links.contains(link) == true }.map {
            "\($0.cluster)/\($0.workload) \($0.granted.readable) of \($0.share.readable)"
        }
        let kept = record.kept.map { "\($0.cluster)/\($0.workload) keeps \($0.rate.readable)" }
        return "\(record.version): " + ([capacity] + shares + kept).joined(separator: "; ")
    }

    private func trail(of site: SimulatedSite, entries: Int64 = FleetSimulation.trailEntries) -> [String] {
        var lines: [String] = []
        var after = max(site.spool.tail.sequence, site.spool.head.sequence - entries)
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
