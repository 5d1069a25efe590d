import Coordination
import Events
import Fleet
import Quantities
import Testing

// Aim: no link is overbooked between two allocations, whatever is late or lost (I14). Method: sites that take the worst moment for
// everything: each does what any grant in its hands allows, grants are delivered late, out of order or never, and what a site reports
// arrives late. The sum of what is really applied is looked at after every act.
@Suite struct AllocationInTransitTests {
    private static let capacity = BitRate.megabits(200)
    private static let floor = BitRate.megabits(10)

    private struct Site {
        var id: ClusterID
        var applied: BitRate
        var held: Grant?
        var number: Int64 = 0
        var sequence: Int64 = 1
        /// Ticks under way to the log, in order, and grants under way to the site.
        var reports: [LogRecord] = []
        var letters: [Grant] = []
        var stream: StreamName { StreamName(cluster: id, spool: "1") }
    }

    private struct Fleet {
        var fleet: FleetConfiguration
        var state = FleetState()
        let layout: FleetLayout
        var planner: AllocationPlanner
        var sites: [Site]
        var random: SplitMix
        var now = MonotonicTime(nanoseconds: 0)
        var version: Int64 = 0
        var coordinatorSequence: Int64 = 0
        var raises = 0

        init(seed: UInt64) {
            random = SplitMix(seed: seed)
            let ids: [ClusterID] = ["plant-a", "plant-b", "plant-c"]
            fleet = FleetConfiguration(
                name: "f", links: [LinkSpecification(id: "wan", capacity: AllocationInTransitTests.capacity)],
                clusters: ids.enumerated().map { index, id in
                    ClusterSpecification(
                        id: id, mode: .enforce, enforcer: .simulated(url: "http://127.0.0.1"),
                        guardrails: Guardrails(minimum: AllocationInTransitTests.floor, maximum: .megabits(1_000)),
                        workloads: [
                            WorkloadSpecification(
                                id: "telemetry", floor: AllocationInTransitTests.floor, ceiling: .megabits(500),
                                weightMillionths: Int64(index + 1) * 1_000_000, links: ["wan"])
                        ])
                })
            layout = FleetLayout(fleet)
            planner = AllocationPlanner(layout)
            sites = ids.map { Site(id: $0, applied: .megabits(60)) }
            for index in sites.indices {
                let roster = Roster(
                    cluster: sites[index].id, configuration: .zero, mode: "enforce", flows: [],
                    workloads: [.init(id: "telemetry", floor: AllocationInTransitTests.floor, ceiling: .megabits(500), links: ["wan"])],
                    links: ["wan"], laws: [])
                fold(sites[index].stream, 1, .event(EventEnvelope(.rosterDeclared(roster), at: WallTime(microseconds: 0))))
                report(index)
                // Of a site that was never heard nobody knows what it uses.
                state.fold(sites[index].reports.removeFirst(), now: now)
            }
        }

        var sum: BitRate { sites.map(\.applied).reduce(.zero, +) }
        mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

        mutating func fold(_ stream: StreamName, _ sequence: Int64, _ entry: DecodedEntry) {
            let at = LogPosition(stream: stream, sequence: sequence)
            state.fold(LogRecord(position: at, entry: entry, receivedAt: WallTime(microseconds: now.nanoseconds / 1_000)), now: now)
        }

        /// A tick leaves: what stands, what is held, and a use between a tenth and all of the limit.
        mutating func report(_ index: Int) {
            sites[index].number += 1
            sites[index].sequence += 1
            let used = sites[index].applied.scaled(thousandths: Int64(100 + below(901)))
            let tick = Tick(
                number: sites[index].number, at: WallTime(microseconds: now.nanoseconds / 1_000), intervalMilliseconds: 5_000, rosterSequence: 1,
                grant: sites[index].held?.version,
                workloads: [
                    WorkloadUse(
                        used: used, quality: .measured, offered: used >= sites[index].applied.scaled(thousandths: 850) ? .atLimit : .belowLimit,
                        applied: sites[index].applied, desired: nil)
                ])
            let position = LogPosition(stream: sites[index].stream, sequence: sites[index].sequence)
            sites[index].reports.append(LogRecord(position: position, entry: .tick(tick), receivedAt: WallTime(microseconds: now.nanoseconds / 1_000)))
        }

        mutating func decide() {
            guard let plan = planner.plan(FleetView(layout, state, now: now), state, effective: fleet.links.map(\.capacity)) else { return }
            version += 1
            for site in sites.indices {
                guard let rates = plan.grants.first(where: { $0.cluster == sites[site].id })?.rates else { continue }
                let grant = Grant(
                    cluster: sites[site].id, version: GrantVersion(term: 1, version: version), timeToLive: .seconds(30), rates: rates,
                    foldedThrough: nil)
                coordinatorSequence += 1
                fold(.coordinator, coordinatorSequence, .event(EventEnvelope(.grantIssued(grant), at: WallTime(microseconds: 0))))
                sites[site].letters.append(grant)
            }
        }

        /// Something happens somewhere.
        mutating func act() {
            let index = below(sites.count)
            switch below(7) {
            case 0: decide()
            case 1: report(index)
            case 2:
                // The oldest report arrives.
                guard !sites[index].reports.isEmpty else { return }
                let record = sites[index].reports.removeFirst()
                state.fold(record, now: now)
            case 3:
                // Any grant under way arrives; an older one than is held changes nothing.
                guard !sites[index].letters.isEmpty else { return }
                let grant = sites[index].letters.remove(at: below(sites[index].letters.count))
                if sites[index].held.map({ $0.version < grant.version }) ?? true { sites[index].held = grant }
            case 4:
                // It takes all that it is let.
                guard let held = sites[index].held?.rate(of: "telemetry") else { return }
                if held > sites[index].applied { raises += 1 }
                sites[index].applied = held
            case 5:
                // It goes down, as a brake does.
                sites[index].applied = max(AllocationInTransitTests.floor, sites[index].applied.scaled(thousandths: Int64(300 + below(700))))
            default: now = now + .milliseconds(Int64(below(8_000)))
            }
        }
    }

    @Test(arguments: 1...60)
    func `whatever is late or lost, the applied rates never come to more than the link carries`(seed: Int) {
        var fleet = Fleet(seed: UInt64(seed))
        for step in 0..<1_500 {
            fleet.act()
            guard fleet.sum <= Self.capacity else {
                Issue.record("seed \(seed), step \(step): \(fleet.sites.map { "\($0.id) \($0.applied.readable)" }) on \(Self.capacity.readable)")
                return
            }
        }
        #expect(fleet.raises > 0, "nobody ever raised: the property would hold of itself")
    }
}
