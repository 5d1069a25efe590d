import Coordination
import Events
import Fleet
import Quantities
import Testing

// Aim: a forecast says who gains and who loses, and its inputs move only with what a person decides upon. Method: two plants on a
// shared link, folded by hand.
@Suite struct AllocationForecastTests {
    private let now = MonotonicTime(nanoseconds: 0)

    private func cluster(_ name: String) -> ClusterSpecification {
        ClusterSpecification(
            id: ClusterID(name), mode: .enforce, enforcer: .simulated(url: "http://127.0.0.1"),
            guardrails: Guardrails(minimum: .megabits(10), maximum: .megabits(1_000)),
            workloads: [WorkloadSpecification(id: "telemetry", floor: .megabits(10), ceiling: .megabits(500), links: ["wan", LinkID(name)])])
    }
    private var fleet: FleetConfiguration {
        FleetConfiguration(
            name: "f",
            links: [
                LinkSpecification(id: "plant-a", capacity: .megabits(1_000)), LinkSpecification(id: "plant-b", capacity: .megabits(60)),
                LinkSpecification(id: "wan", capacity: .megabits(200)),
            ],
            clusters: [cluster("plant-a"), cluster("plant-b")])
    }

    private func state(used: Int64 = 50, overridden: Int64? = nil, heard: [String] = ["plant-a", "plant-b"]) -> FleetState {
        var state = FleetState()
        func fold(_ stream: StreamName, _ sequence: Int64, _ entry: DecodedEntry) {
            state.fold(
                LogRecord(position: LogPosition(stream: stream, sequence: sequence), entry: entry, receivedAt: WallTime(microseconds: 1)), now: now)
        }
        for name in heard {
            let stream = StreamName(cluster: ClusterID(name), spool: "1")
            let roster = Roster(
                cluster: ClusterID(name), configuration: .zero, mode: "enforce", flows: [],
                workloads: [.init(id: "telemetry", floor: .megabits(10), ceiling: .megabits(500), links: ["wan"])], links: ["wan"], laws: [])
            fold(stream, 1, .event(EventEnvelope(.rosterDeclared(roster), at: WallTime(microseconds: 0))))
            fold(
                stream, 2,
                .tick(
                    Tick(
                        number: 1, at: WallTime(microseconds: 0), intervalMilliseconds: 5_000, rosterSequence: 1,
                        workloads: [
                            WorkloadUse(used: .megabits(used), quality: .measured, offered: .atLimit, applied: .megabits(used), desired: nil)
                        ])))
        }
        if let overridden {
            let word = CapacityOverride(link: "wan", capacity: .megabits(overridden), lasts: nil, actor: "anna", reason: "r", plan: "p")
            fold(.operator, 1, .event(EventEnvelope(.capacityOverridden(word), at: WallTime(microseconds: 0))))
        }
        return state
    }

    private func forecast(
        _ changes: [AllocationForecast.Change], state: FleetState? = nil, believed: Int64 = 200, configuration: Digest = .zero
    ) throws -> AllocationForecast {
        let believed: [LinkID: BitRate] = ["plant-a": .megabits(1_000), "plant-b": .megabits(60), "wan": .megabits(believed)]
        return try #require(
            try AllocationForecast(
                fleet, configuration: configuration, state: state ?? self.state(), believed: believed, changes: changes, now: now))
    }

    @Test func `a smaller link takes from whom it binds, and says so`() throws {
        let made = try forecast([.init(link: "wan", capacity: .megabits(80))])
        #expect(made.rows.map(\.now) == [.megabits(140), .megabits(60)])
        #expect(made.rows.map(\.then) == [.megabits(40), .megabits(40)])
        #expect(made.rows.map(\.binding) == ["link wan", "link wan"] && made.isFeasible)
        #expect(made.links.first { $0.link == "wan" }.map { [$0.now, $0.then] } == [.megabits(200), .megabits(80)])
    }

    @Test func `a cut of one plant's own link gives its room to the other, but for the floor that the plant still uses on the shared link`() throws {
        let made = try forecast([.init(link: "plant-b", capacity: .zero)])
        #expect(made.rows.map(\.now) == [.megabits(140), .megabits(60)])
        #expect(made.rows.map(\.then) == [.megabits(190), .zero])
        #expect(!made.isFeasible && made.shortfalls.contains { $0.contains("plant-b") })
    }

    @Test func `nothing is believed above what is configured, and no change is no difference`() throws {
        #expect(try forecast([.init(link: "wan", capacity: .megabits(9_000))]).rows.allSatisfy(\.isSame))
        #expect(try forecast([]).rows.allSatisfy(\.isSame))
    }

    @Test func `the end of a person's word brings back what was learned`() throws {
        let made = try forecast([.init(link: "wan", capacity: nil)], state: state(overridden: 80), believed: 80)
        #expect(made.links.first { $0.link == "wan" }?.then == .megabits(200), "nothing was learned, so the configured capacity holds")
        #expect(made.rows.contains { $0.then > $0.now })
    }

    @Test func `a link that the fleet does not have is named`() {
        #expect(throws: AllocationForecast.UnknownLink(link: "wna")) { _ = try forecast([.init(link: "wna", capacity: .zero)]) }
    }

    @Test func `where nobody is heard there is nothing to forecast`() throws {
        let made = try AllocationForecast(
            fleet, configuration: .zero, state: FleetState(), believed: [:], changes: [], now: now)
        #expect(made == nil)
    }

    @Test func `the inputs stand still while only use moves, and move with everything that a person decides upon`() throws {
        let cut = [AllocationForecast.Change(link: "wan", capacity: .megabits(80))]
        let made = try forecast(cut)
        #expect(try forecast(cut, state: state(used: 17)).inputs == made.inputs)
        let others = try [
            forecast([.init(link: "wan", capacity: .megabits(81))]), forecast([.init(link: "wan", capacity: nil)]), forecast([]),
            forecast(cut, believed: 190), forecast(cut, configuration: Digest(bytes: [UInt8](repeating: 7, count: 32))!),
            forecast(cut, state: state(overridden: 120)), forecast(cut, state: state(heard: ["plant-a"])),
        ]
        #expect(Set(others.map(\.inputs) + [made.inputs]).count == others.count + 1)
    }
}
