import Coordination
import Events
import Quantities
import Testing

// Aim: each stream is believed in what is its own to tell, and no forged entry moves the fleet. Method: records by hand.
@Suite struct FleetStateTests {
    private var state = FleetState()
    private var sequences: [StreamName: Int64] = [:]
    private let shipper: StreamName = "plant-a/0000000a"

    private mutating func fold(_ fact: Fact, in stream: StreamName, receivedAt: Int64 = 1) {
        fold(.event(EventEnvelope(fact, at: WallTime(microseconds: 0))), in: stream, receivedAt: receivedAt)
    }
    private mutating func fold(_ entry: DecodedEntry, in stream: StreamName, receivedAt: Int64 = 1) {
        sequences[stream, default: 0] += 1
        state.fold(
            LogRecord(
                position: LogPosition(stream: stream, sequence: sequences[stream]!), entry: entry,
                receivedAt: WallTime(microseconds: receivedAt * 1_000_000)),
            now: MonotonicTime(nanoseconds: 0))
    }
    private func grant(_ cluster: ClusterID = "plant-a", term: Int64 = 1, version: Int64 = 1, rate: Int64 = 100) -> Fact {
        .grantIssued(
            Grant(
                cluster: cluster, version: GrantVersion(term: term, version: version), timeToLive: .seconds(30),
                rates: [.init(workload: "telemetry", rate: .megabits(rate))], foldedThrough: nil))
    }
    private func estimate(_ rate: Int64, cause: String = "suffered", before: Int64 = 1_000) -> Fact {
        .capacityEstimated(CapacityEstimate(link: "wan", effective: .megabits(rate), before: .megabits(before), cause: cause, evidence: nil))
    }
    private func patch(of cluster: ClusterID, term: Int64 = 1) -> Fact {
        .patchSettled(PatchRecord(cluster: cluster, workload: "telemetry", desired: .megabits(10), result: .applied, decision: nil, term: term))
    }
    private func roster(of cluster: ClusterID) -> Fact { .rosterDeclared(plainRoster(cluster)) }
    private func plainRoster(_ cluster: ClusterID) -> Roster {
        Roster(
            cluster: cluster, configuration: .zero, mode: "enforce", flows: [],
            workloads: [.init(id: "telemetry", floor: .megabits(10), ceiling: .megabits(100), links: ["wan"])], links: ["wan"], laws: [])
    }
    private func tick(holding grant: GrantVersion?, roster: Int64 = 1) -> DecodedEntry {
        .tick(
            Tick(
                number: 1, at: WallTime(microseconds: 0), intervalMilliseconds: 1_000, rosterSequence: roster, grant: grant,
                workloads: [WorkloadUse(used: .megabits(5), quality: .measured, offered: .unknown, applied: .megabits(50), desired: nil)]))
    }

    @Test mutating func `grants and estimates are the coordinator's to tell, and nobody else's`() {
        fold(grant(rate: 100), in: .coordinator)
        fold(estimate(190), in: .coordinator)
        for stream: StreamName in [shipper, .alerter, .operator, "somebody"] {
            fold(grant(term: 9, rate: 900), in: stream)
            fold(estimate(1), in: stream)
        }
        #expect(state.grants["plant-a"]?.version == GrantVersion(term: 1, version: 1))
        #expect(state.highestOutstanding("plant-a", "telemetry") == .megabits(100))
        #expect(state.estimates["wan"]?.effective == .megabits(190) && state.learned["wan"] == .megabits(190))
        #expect(state.misplaced == 8)
        #expect(state.highestTermSeen == 1)
    }

    @Test mutating func `a spool speaks of its own cluster only`() {
        fold(roster(of: "plant-b"), in: shipper)
        fold(tick(holding: nil), in: shipper)
        fold(patch(of: "plant-b"), in: shipper)
        #expect(state.misplaced == 2)
        #expect(state.clusters["plant-a"]?.use(of: "telemetry") == nil && state.clusters["plant-a"] != nil && state.clusters["plant-b"] == nil)
        #expect(state.patches.isEmpty)
        fold(roster(of: "plant-a"), in: shipper)
        fold(tick(holding: nil, roster: 4), in: shipper)
        fold(patch(of: "plant-a"), in: shipper)
        // Where it delivers by push, the coordinator patches every cluster.
        fold(patch(of: "plant-b"), in: .coordinator)
        #expect(state.clusters["plant-a"]?.use(of: "telemetry")?.applied == .megabits(50))
        #expect(state.patches[.applied] == 2 && state.misplaced == 2)
    }

    @Test mutating func `a tick belongs to a cluster's stream`() {
        fold(tick(holding: nil), in: .coordinator)
        #expect(state.misplaced == 1 && state.clusters.isEmpty)
    }

    @Test mutating func `a forged term pins no later one, and a forgotten one is remembered`() {
        fold(grant(term: 7), in: .coordinator)
        fold(tick(holding: GrantVersion(term: .max, version: 1)), in: shipper)
        fold(patch(of: "plant-a", term: .max - 1), in: shipper)
        #expect(state.highestTermSeen == 7 && state.absurdTerms == 2)
        // A database restored to an older state forgot forty terms that a site has acted under.
        fold(tick(holding: GrantVersion(term: 47, version: 3)), in: shipper)
        #expect(state.highestTermSeen == 47)
        fold(tick(holding: GrantVersion(term: .min, version: 3)), in: shipper)
        #expect(state.highestTermSeen == 47)
    }

    @Test mutating func `what is folded anew over a restored database does not forget the terms`() {
        fold(grant(term: 7), in: .coordinator)
        state.begin(at: FleetPlace())
        #expect(state.highestTermSeen == 7 && state.grants.isEmpty && state.cursors.isEmpty)
    }

    /// An allocation under a person's word on the link, while plant-b is not heard.
    private var allocation: Fact {
        .allocationDecided(
            AllocationRecord(
                version: GrantVersion(term: 7, version: 9), isFeasible: true,
                links: [
                    .init(
                        link: "wan", configured: .megabits(1_000), effective: .megabits(120), reserved: .zero, used: .zero, learned: .megabits(190))
                ], shares: [], kept: [.init(cluster: "plant-b", workload: "telemetry", rate: .megabits(40))], certificate: "",
                foldedThrough: []))
    }

    @Test mutating func `who begins at the newest allocation knows what was learned and what is kept before it`() {
        state.begin(at: FleetPlace(cursors: [.coordinator: 400]))
        sequences[.coordinator] = 400
        fold(allocation, in: .coordinator)
        #expect(state.learned["wan"] == .megabits(190))
        #expect(state.highestOutstanding("plant-b", "telemetry") == .megabits(40))
        #expect(state.highestOutstanding("plant-a", "telemetry") == .zero)
        // Its own estimates say more than what is stated anew.
        fold(estimate(150), in: .coordinator)
        fold(allocation, in: .coordinator)
        #expect(state.learned["wan"] == .megabits(150))
    }

    @Test mutating func `the newest grants and the rosters of its place are known, and its terms`() {
        guard case .grantIssued(let newest) = grant(term: 7, rate: 80) else { return }
        state.begin(
            at: FleetPlace(
                cursors: [shipper: 3], rosters: [LogPosition(stream: shipper, sequence: 1): plainRoster("plant-a")], grants: [newest]))
        sequences[shipper] = 3
        // An older grant is read behind it, and may still be acted under until the site says that it holds the newest.
        fold(grant(term: 6, rate: 300), in: .coordinator)
        #expect(state.highestOutstanding("plant-a", "telemetry") == .megabits(300) && state.grants["plant-a"] == newest)
        fold(tick(holding: newest.version), in: shipper)
        #expect(state.highestTermSeen == 7 && state.highestOutstanding("plant-a", "telemetry") == .megabits(80))
        fold(tick(holding: nil), in: shipper)
        #expect(state.clusters["plant-a"]?.use(of: "telemetry")?.applied == .megabits(50))
    }

    @Test mutating func `a grant that was never issued frees nothing that is reserved`() {
        fold(roster(of: "plant-a"), in: shipper)
        fold(grant(version: 1, rate: 300), in: .coordinator)
        fold(grant(version: 2, rate: 100), in: .coordinator)
        fold(tick(holding: GrantVersion(term: 1, version: 9)), in: shipper)
        #expect(state.highestOutstanding("plant-a", "telemetry") == .megabits(300))
        fold(tick(holding: GrantVersion(term: 1, version: 2)), in: shipper)
        #expect(state.highestOutstanding("plant-a", "telemetry") == .megabits(100))
    }

    private func override(_ rate: Int64?, lasts: Nanoseconds? = nil) -> Fact {
        .capacityOverridden(
            CapacityOverride(link: "wan", capacity: rate.map(BitRate.megabits), lasts: lasts, actor: "anna", reason: "fibre works", plan: "p"))
    }

    @Test mutating func `an override is the operator's to tell, and holds until it is ended`() {
        fold(override(120), in: shipper)
        fold(override(120), in: .coordinator)
        #expect(state.override(of: "wan") == nil && state.misplaced == 2)
        fold(override(120), in: .operator)
        #expect(state.override(of: "wan")?.override.capacity == .megabits(120))
        fold(override(nil), in: .operator)
        #expect(state.override(of: "wan") == nil)
    }

    @Test mutating func `an override ends by the log's clock, seen with the next entry of anybody`() {
        fold(override(120, lasts: .seconds(60)), in: .operator, receivedAt: 1_000)
        fold(patch(of: "plant-a"), in: shipper, receivedAt: 1_059)
        #expect(state.override(of: "wan")?.endsAt == WallTime(microseconds: 1_060_000_000))
        fold(patch(of: "plant-a"), in: shipper, receivedAt: 1_060)
        #expect(state.override(of: "wan") == nil)
    }

    @Test mutating func `what was learned is not what a person said`() {
        fold(estimate(190), in: .coordinator)
        fold(estimate(120, cause: LinkCapacity.overridden, before: 190), in: .coordinator)
        #expect(state.learned["wan"] == .megabits(190) && state.estimates["wan"]?.effective == .megabits(120))
        fold(estimate(100), in: .coordinator)
        #expect(state.learned["wan"] == .megabits(100), "suffering under an override is evidence")
    }

    @Test mutating func `what cannot be read is gone past and counted`() {
        fold(patch(of: "plant-a"), in: shipper)
        for sequence: Int64 in 2...501 { state.pass(over: LogPosition(stream: shipper, sequence: sequence)) }
        #expect(state.cursors[shipper] == 501 && state.unreadable == 500)
        state.pass(over: LogPosition(stream: shipper, sequence: 9))
        #expect(state.cursors[shipper] == 501 && state.unreadable == 500)
    }
}
