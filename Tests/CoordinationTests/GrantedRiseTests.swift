import Coordination
import Events
import Fleet
import Quantities
import Testing

// Aim: nobody is granted a rise into room that another still fills. Method: few plants on a shared link, folded by hand, one workload each.
@Suite struct GrantedRiseTests {
    private struct Plant {
        var name: String
        /// Its limit as read back; nil where a Pod of it has none.
        var applied: BitRate?
        /// What it uses; its limit where that is not said.
        var used: BitRate?
        var links: [LinkID] = ["wan"]
        /// What it was granted once.
        var granted: BitRate?
        /// Whether it says that it still holds that grant.
        var holdsGrant = false
    }
    private static let old = GrantVersion(term: 1, version: 1)
    private static let floor = BitRate.megabits(10)

    private func plan(_ plants: [Plant], links: [LinkID: BitRate]) throws -> AllocationPlan {
        let ordered = links.sorted { $0.key < $1.key }
        let fleet = FleetConfiguration(
            name: "f", links: ordered.map { LinkSpecification(id: $0.key, capacity: .megabits(200)) },
            clusters: plants.map { plant in
                ClusterSpecification(
                    id: ClusterID(plant.name), mode: .enforce, enforcer: .simulated(url: "http://127.0.0.1"),
                    guardrails: Guardrails(minimum: Self.floor, maximum: .megabits(1_000)),
                    workloads: [WorkloadSpecification(id: "telemetry", floor: Self.floor, ceiling: .megabits(500), links: plant.links)])
            })
        var state = FleetState()
        let now = MonotonicTime(nanoseconds: 1_000_000_000)
        func fold(_ stream: StreamName, _ sequence: Int64, _ entry: DecodedEntry) {
            state.fold(
                LogRecord(position: LogPosition(stream: stream, sequence: sequence), entry: entry, receivedAt: WallTime(microseconds: 1)), now: now)
        }
        for (index, plant) in plants.enumerated() {
            if let granted = plant.granted {
                let grant = Grant(
                    cluster: ClusterID(plant.name), version: Self.old, timeToLive: .seconds(60), rates: [.init(workload: "telemetry", rate: granted)],
                    foldedThrough: nil)
                fold(.coordinator, Int64(index + 1), .event(EventEnvelope(.grantIssued(grant), at: WallTime(microseconds: 0))))
            }
            let stream = StreamName(cluster: ClusterID(plant.name), spool: "1")
            let roster = Roster(
                cluster: ClusterID(plant.name), configuration: .zero, mode: "enforce", flows: [],
                workloads: [.init(id: "telemetry", floor: Self.floor, ceiling: .megabits(500), links: plant.links)], links: plant.links, laws: [])
            fold(stream, 1, .event(EventEnvelope(.rosterDeclared(roster), at: WallTime(microseconds: 0))))
            let use = WorkloadUse(used: plant.used ?? plant.applied, quality: .measured, offered: .atLimit, applied: plant.applied, desired: nil)
            fold(
                stream, 2,
                .tick(
                    Tick(
                        number: 1, at: WallTime(microseconds: 0), intervalMilliseconds: 5_000, rosterSequence: 1,
                        grant: plant.holdsGrant ? Self.old : nil, workloads: [use])))
        }
        let layout = FleetLayout(fleet)
        var planner = AllocationPlanner(layout)
        let planned = planner.plan(FleetView(layout, state, now: now), state, effective: ordered.map(\.value))
        return try #require(planned)
    }

    // Two that were granted 100 Mbit/s each; then nobody led for a while, and the link carries 90 Mbit/s now.
    @Test(arguments: [true, false]) func `who was granted more before rises at once into what flows of nobody, and no further`(holdsGrant: Bool) throws {
        let made = try plan(
            [
                Plant(name: "plant-a", applied: .megabits(30), granted: .megabits(100), holdsGrant: holdsGrant),
                Plant(name: "plant-b", applied: .megabits(50), granted: .megabits(100), holdsGrant: holdsGrant),
            ], links: ["wan": .megabits(90)])
        #expect(made.rows.map(\.share) == [.megabits(45), .megabits(45)])
        #expect(made.rows.map(\.granted) == [.megabits(40), .megabits(45)])
    }

    @Test func `a grant that is not used up leaves room to what still stands above its share`() throws {
        let made = try plan(
            [
                Plant(name: "plant-a", applied: .megabits(40), granted: .megabits(50), holdsGrant: true),
                Plant(name: "plant-b", applied: .megabits(50), granted: .megabits(50), holdsGrant: true),
            ], links: ["wan": .megabits(92)])
        #expect(made.rows.map(\.share) == [.megabits(46), .megabits(46)])
        #expect(made.rows.map(\.granted) == [.megabits(42), .megabits(46)])
    }

    @Test func `a workload with an unlimited Pod keeps what it uses where the link is overfull`() throws {
        let made = try plan(
            [
                Plant(name: "plant-a", applied: nil, used: .megabits(35)), Plant(name: "plant-b", applied: .megabits(80), granted: .megabits(45)),
            ], links: ["wan": .megabits(90)])
        #expect(made.rows.map(\.share) == [.megabits(45), .megabits(45)])
        #expect(made.rows.map(\.granted) == [.megabits(35), .megabits(45)])
    }

    @Test func `where more flows than a link carries, what was granted and is not used is taken back`() throws {
        let made = try plan(
            [
                Plant(name: "plant-a", applied: .megabits(30), granted: .megabits(45), holdsGrant: true),
                Plant(name: "plant-b", applied: .megabits(80), granted: .megabits(45), holdsGrant: true),
            ], links: ["wan": .megabits(90)])
        #expect(made.rows.map(\.granted) == [.megabits(30), .megabits(45)])
    }

    @Test func `who cannot keep what he has leaves no room to the others`() throws {
        let made = try plan(
            [
                // Its own link carries less than its floor, and of that it lacks what rounding took.
                Plant(name: "plant-a", applied: BitRate(bitsPerSecond: 9_999_999), links: ["own", "wan"]),
                Plant(name: "plant-b", applied: .megabits(20)), Plant(name: "plant-c", applied: .megabits(60)),
            ], links: ["own": .megabits(4), "wan": .megabits(100)])
        #expect(!made.isFeasible)
        #expect(made.rows.map(\.share) == [.megabits(4), .megabits(45), .megabits(45)])
        let granted = made.rows.map(\.granted)
        #expect(granted[0] == Self.floor && granted[2] == .megabits(45))
        // 100 less plant-c's 60, which still flow, less plant-a's 10.
        #expect(granted[1] >= .megabits(30) && granted[1] < .megabits(31))
    }
}
