import Events
public import Fleet
public import Quantities

/// A fleet and a story drawn from a seed: clusters that share links in groups, half of them pulled and half pushed, under one of the laws.
public struct SimulatedFleet: Sendable {
    public let fleet: FleetConfiguration
    public let story: Story

    public init(seed: UInt64, clusters: Int, length: Nanoseconds) {
        var random = SplitMix(seed: seed ^ 0xF1EE7)
        var links: [LinkSpecification] = []
        var members: [ClusterSpecification] = []
        while members.count < clusters {
            let group = min(1 + random.below(4), clusters - members.count)
            let wan = LinkID("wan-\(SimulatedFleet.padded(links.count))")
            links.append(LinkSpecification(id: wan, capacity: .megabits(Int64(group) * Int64(80 + random.below(200)))))
            for _ in 0..<group { members.append(SimulatedFleet.cluster(members.count, on: wan, links: &links, &random)) }
        }
        fleet = FleetConfiguration(
            name: "simulated", links: links.sorted { $0.id < $1.id }, law: SimulatedFleet.law(&random),
            onMissing: MissingMeasurementPolicy(action: MissingMeasurementPolicy.Action.allCases[random.below(3)], afterTicks: 3),
            alerts: AlertRouting(receivers: [WebhookReceiver(name: "people", url: "http://127.0.0.1")]), clusters: members)
        story = SimulatedFleet.story(of: fleet, length: length, &random)
    }

    /// Mostly the default; now and then one of the others.
    private static func law(_ random: inout SplitMix) -> LawSpecification {
        switch random.below(10) {
        case 0: LawSpecification(name: "hardened@1")
        case 1: LawSpecification(name: "proportional@1")
        case 2: LawSpecification(name: "predictive@1")
        default: LawSpecification()
        }
    }

    private static func cluster(
        _ number: Int, on wan: LinkID, links: inout [LinkSpecification], _ random: inout SplitMix
    ) -> ClusterSpecification {
        let id = ClusterID("plant-\(padded(number))")
        // Of ten clusters one observes and one has no hub; that one has its link to itself, for nobody shares it out.
        let isStandalone = number % 10 == 9
        var crossed = [wan]
        if isStandalone {
            crossed = [LinkID("own-\(padded(number))")]
        } else if random.below(5) == 0 {
            crossed.append(LinkID("site-\(padded(number))"))
        }
        for link in crossed where link != wan { links.append(LinkSpecification(id: link, capacity: .megabits(Int64(60 + random.below(150))))) }
        return ClusterSpecification(
            id: id, delivery: isStandalone ? .standalone : number % 2 == 0 ? .pull : .push, mode: number % 10 == 7 ? .observe : .enforce,
            enforcer: .kubernetes, guardrails: Guardrails(minimum: .megabits(1), maximum: .megabits(1000)),
            autonomousCeiling: .megabits(200), flows: [flow(number, crossed)], workloads: workloads(crossed, &random),
            usage: random.below(8) == 0 ? .none : .enforcer)
    }

    private static func flow(_ number: Int, _ links: [LinkID]) -> FlowSpecification {
        // Probing costs the simulation more than all the rest: every seventh cluster does it, every 100 ms.
        let source: MeasurementSourceSpecification =
            number % 7 == 3
            ? .probe(ProbeSpecification(host: "127.0.0.1", port: 5201, interval: .milliseconds(100), vantage: "robot"))
            : .prometheus(PrometheusSourceSpecification(url: "http://127.0.0.1", query: "simulated", ageQuery: nil))
        let isScanner = number % 3 == 2
        return FlowSpecification(
            id: isScanner ? "safety-scanner" : "robot-control", transport: .udp, port: 5201, source: source,
            slaClass: isScanner ? "safety-scanner" : "robot-control", links: links)
    }

    private static func workloads(_ links: [LinkID], _ random: inout SplitMix) -> [WorkloadSpecification] {
        let telemetry = WorkloadSpecification(
            id: "telemetry-upload", floor: .megabits(5), ceiling: .megabits(Int64(200 + random.below(800))),
            weightMillionths: 1_000_000 * Int64(1 + random.below(3)), links: links)
        guard random.below(3) > 0 else { return [telemetry] }
        return [telemetry, WorkloadSpecification(id: "erp-dashboard", floor: .megabits(2), ceiling: .megabits(100), links: [links[0]])]
    }

    // MARK: - What happens there

    private static func story(of fleet: FleetConfiguration, length: Nanoseconds, _ random: inout SplitMix) -> Story {
        var moments: [Story.Moment] = []
        for cluster in fleet.clusters {
            for workload in cluster.workloads { offers(of: workload, in: cluster.id, length, &moments, &random) }
            if random.below(3) == 0, let flow = cluster.flows.first { silences(of: flow.id, in: cluster.id, length, &moments, &random) }
        }
        for link in fleet.links { weather(of: link, length, &moments, &random) }
        return Story(length: length + .seconds(1), moments: moments)
    }

    private static func offers(
        of workload: WorkloadSpecification, in cluster: ClusterID, _ length: Nanoseconds, _ moments: inout [Story.Moment], _ random: inout SplitMix
    ) {
        let most: Int64 = workload.id == "telemetry-upload" ? 500 : 30
        var at = Nanoseconds.zero
        while at < length {
            let isIdle = random.below(5) == 0
            let rate = isIdle ? 1 + Int64(random.below(8)) : most / 4 + Int64(random.next() % UInt64(most))
            moments.append(Story.Moment(at, "", .offers(cluster, workload.id, .megabits(rate))))
            at = at + .seconds(Int64(120 + random.below(1_200)))
        }
    }

    private static func silences(
        of flow: FlowID, in cluster: ClusterID, _ length: Nanoseconds, _ moments: inout [Story.Moment], _ random: inout SplitMix
    ) {
        var at = Nanoseconds.seconds(Int64(300 + random.below(2_400)))
        while at + .seconds(200) < length {
            moments.append(Story.Moment(at, "", .reflectorStops(cluster, flow)))
            moments.append(Story.Moment(at + .seconds(Int64(10 + random.below(60))), "", .reflectorStarts(cluster, flow)))
            at = at + .seconds(Int64(1_800 + random.below(3_600)))
        }
    }

    /// Links carry less for a while, or others fill them.
    private static func weather(of link: LinkSpecification, _ length: Nanoseconds, _ moments: inout [Story.Moment], _ random: inout SplitMix) {
        var at = Nanoseconds.seconds(Int64(120 + random.below(1_200)))
        while at + .seconds(400) < length {
            let span = Nanoseconds.seconds(Int64(20 + random.below(240)))
            if random.below(2) == 0 {
                moments.append(Story.Moment(at, "", .carries(link.id, link.capacity.scaled(thousandths: Int64(400 + random.below(500))))))
                moments.append(Story.Moment(at + span, "", .carries(link.id, nil)))
            } else {
                moments.append(Story.Moment(at, "", .foreignTraffic(link.id, link.capacity.scaled(thousandths: Int64(200 + random.below(900))))))
                moments.append(Story.Moment(at + span, "", .foreignTraffic(link.id, .zero)))
            }
            at = at + span + .seconds(Int64(300 + random.below(1_500)))
        }
    }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
