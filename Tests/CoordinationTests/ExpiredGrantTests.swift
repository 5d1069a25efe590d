import Coordination
import Events
import Fleet
import Quantities
import Testing

// Aim: after a time without a leader nobody rises into room that another still fills. Method: two plants on a link that carries less than
// before, folded by hand; both were granted 100 Mbit/s once.
@Suite struct ExpiredGrantTests {
    private static let old = GrantVersion(term: 1, version: 1)

    private func cluster(_ name: String) -> ClusterSpecification {
        ClusterSpecification(
            id: ClusterID(name), mode: .enforce, enforcer: .simulated(url: "http://127.0.0.1"),
            guardrails: Guardrails(minimum: .megabits(10), maximum: .megabits(1_000)),
            workloads: [WorkloadSpecification(id: "telemetry", floor: .megabits(10), ceiling: .megabits(500), links: ["wan"])])
    }

    /// What plant-a is granted, of which 30 Mbit/s stand, while 60 Mbit/s stand in plant-b: the link carries 90 Mbit/s.
    private func granted(holding held: GrantVersion?) throws -> BitRate {
        let fleet = FleetConfiguration(
            name: "f", links: [LinkSpecification(id: "wan", capacity: .megabits(200))], clusters: [cluster("plant-a"), cluster("plant-b")])
        var (state, now) = (FleetState(), MonotonicTime(nanoseconds: 0))
        func fold(_ stream: StreamName, _ sequence: Int64, _ entry: DecodedEntry) {
            state.fold(
                LogRecord(position: LogPosition(stream: stream, sequence: sequence), entry: entry, receivedAt: WallTime(microseconds: 1)), now: now)
        }
        for (index, (name, applied)) in [("plant-a", 30), ("plant-b", 60)].enumerated() {
            let grant = Grant(
                cluster: ClusterID(name), version: Self.old, timeToLive: .seconds(60), rates: [.init(workload: "telemetry", rate: .megabits(100))],
                foldedThrough: nil)
            fold(.coordinator, Int64(index + 1), .event(EventEnvelope(.grantIssued(grant), at: WallTime(microseconds: 0))))
            let stream = StreamName(cluster: ClusterID(name), spool: "1")
            let roster = Roster(
                cluster: ClusterID(name), configuration: .zero, mode: "enforce", flows: [],
                workloads: [.init(id: "telemetry", floor: .megabits(10), ceiling: .megabits(500), links: ["wan"])], links: ["wan"], laws: [])
            fold(stream, 1, .event(EventEnvelope(.rosterDeclared(roster), at: WallTime(microseconds: 0))))
            let use = WorkloadUse(
                used: .megabits(Int64(applied)), quality: .measured, offered: .atLimit, applied: .megabits(Int64(applied)), desired: nil)
            fold(
                stream, 2,
                .tick(
                    Tick(
                        number: 1, at: WallTime(microseconds: 0), intervalMilliseconds: 5_000, rosterSequence: 1, grant: held, workloads: [use])))
        }
        now = now + .seconds(1)
        let layout = FleetLayout(fleet)
        var planner = AllocationPlanner(layout)
        let planned = planner.plan(FleetView(layout, state, now: now), state, effective: [.megabits(90)])
        let plan = try #require(planned)
        #expect(plan.rows.map(\.share) == [.megabits(45), .megabits(45)])
        return try #require(plan.rows.first).granted
    }

    @Test func `who says that he holds no grant rises only into room that the others have left`() throws {
        #expect(try granted(holding: nil) == .megabits(30))
    }

    @Test func `who still holds his grant is granted less of it at once`() throws {
        #expect(try granted(holding: Self.old) == .megabits(45))
    }
}
