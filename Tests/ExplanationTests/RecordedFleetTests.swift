import Events
import Quantities
import ReadModel
import SampleFleet
import Testing

/// Aim: the read model in memory answers as its protocol says, so that the one over SQL can be held against it.
@Suite struct RecordedFleetTests {
    private let fleet = SampleFleet.fleet
    private func timeline(_ seconds: Int64, points: Int = 600) async throws -> ClusterTimeline {
        try #require(try await fleet.timeline(of: "plant-a", from: SampleFleet.now + .seconds(-seconds), to: SampleFleet.now, points: points))
    }

    @Test func `a cluster's newest tick counts, with its roster and its alerts`() async throws {
        let clusters = try await fleet.clusters()
        #expect(clusters.map(\.cluster.text) == [SampleFleet.hostile.text, "plant-a", "plant-b", "plant-c", "plant-d"])
        #expect(clusters[1].newest.map(\.tick.number) == [180])
        #expect(clusters[1].roster?.cluster == "plant-a")
        #expect(clusters[1].alertsFiring == 0)
        #expect(clusters[3].alertsFiring == 1 && clusters[3].alertsPending == 0)
    }

    @Test func `a timeline has its bounds: the window, the points, the decisions`() async throws {
        let whole = try await timeline(900)
        #expect(whole.points.count == 171)
        #expect(whole.points.allSatisfy { $0.at > whole.from && $0.at <= whole.to })
        #expect(whole.decisions.allSatisfy { $0.tick.decision?.outcome.action != .hold })
        #expect(whole.decisions.map(\.tick.at) == whole.decisions.map(\.tick.at).sorted(by: >))
        #expect(try await timeline(60).points.count == 12)
        #expect(try await fleet.timeline(of: "nobody", from: SampleFleet.now, to: SampleFleet.now, points: 9) == nil)
    }

    @Test func `points drawn as one keep the worst, and a gap stays a gap`() async throws {
        let whole = try await timeline(900)
        let merged = try await timeline(900, points: 30)
        #expect(merged.points.count <= 31)
        func worst(_ timeline: ClusterTimeline) -> Delay? { timeline.points.compactMap { $0.flows[0].p95 }.max() }
        #expect(worst(merged) == worst(whole))
        #expect(merged.points.contains { $0.flows[0].quality == .missing })
        func gaps(_ timeline: ClusterTimeline) -> Int { zip(timeline.points, timeline.points.dropFirst()).count { $0.isFollowedByGap(before: $1) } }
        #expect(gaps(whole) == 1)
        #expect(gaps(merged) == 1)
        #expect(merged.points.reduce(0) { $0 + $1.spanMilliseconds } == whole.points.reduce(0) { $0 + $1.spanMilliseconds })
    }

    @Test func `a sum with a part missing is missing`() {
        let known = WorkloadUse(used: .megabits(5), quality: .measured)
        #expect([known, known].sum(\.used) == .megabits(10))
        #expect([known, WorkloadUse(quality: .failed)].sum(\.used) == nil)
        #expect([WorkloadUse]().sum(\.used) == nil)
    }

    @Test func `a decision knows its patches and its neighbours, and a roster is no decision`() async throws {
        let record = try #require(try await fleet.decision(at: SampleFleet.brake))
        #expect(record.settled.map(\.result) == [.applied])
        #expect(record.previous?.sequence == 39)
        #expect(record.next == nil)
        #expect(try await fleet.decision(at: LogPosition(stream: SampleFleet.brake.stream, sequence: 1)) == nil)
    }

    @Test func `alerts come firing first, then pending, then resolved, each in its newest state`() async throws {
        #expect(try await fleet.alerts().map(\.change.state) == [.firing, .pending, .resolved])
    }

    @Test func `cursors survive their way through text`() throws {
        let cursor = LogCursor(try #require(SampleFleet.records.first))
        #expect(LogCursor(parsing: cursor.description) == cursor)
        for text in ["", "x@y/1", "1@", "1@plant", "1@plant/0", "@plant/1"] { #expect(LogCursor(parsing: text) == nil) }
    }
}
