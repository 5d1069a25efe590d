import Events
import Fleet
import Quantities
import Testing

@testable import Shipper

// Aim: what the shipper knows of limits that come into force later than they were acknowledged, and of raises that only probe.
// Method: the two small values by themselves, with times of a tick of 5 s.
@Suite struct LateLimitTests {
    private func time(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: milliseconds * 1_000_000) }

    /// A decrease decided at 0 from 120 Mbit/s, acknowledged at 50 ms, settled at 1050 ms.
    private func lowered(hasLowered: Bool = true) -> LoopTrack {
        var track = LoopTrack(link: "wan", linkIndex: 0, flows: [0], workloads: [0], states: [[]], keys: ["law"], isResumed: false)
        track.decided(at: time(0), used: .megabits(120), hasLowered: hasLowered, hasChanged: hasLowered)
        track.changeBegan(isDecrease: true)
        track.changeMayStand(at: time(50))
        track.changeEnded(settle: .seconds(1))
        return track
    }

    @Test func `a change of which every part came to nothing leaves the evidence as it was, and one that may stand does not`() {
        var track = LoopTrack(link: "wan", linkIndex: 0, flows: [0], workloads: [0, 1], states: [[]], keys: ["law"], isResumed: false)
        track.changeBegan(isDecrease: true)
        track.changeMayStand(at: time(50))
        track.changeEnded(settle: .seconds(1))
        #expect(track.changeSettledAt == time(1_050) && track.decreaseSettledAt == time(1_050))
        track.changeBegan(isDecrease: true)
        #expect(track.changeSettledAt == nil && track.decreaseSettledAt == nil)
        // A second patch of the same change.
        track.changeBegan(isDecrease: false)
        track.changeEnded(settle: .seconds(1))
        #expect(track.changeSettledAt == time(1_050) && track.decreaseSettledAt == time(1_050))
        track.changeBegan(isDecrease: false)
        track.changeBegan(isDecrease: true)
        track.changeMayStand(at: time(9_050))
        // The second part came to nothing, later.
        track.changeEnded(settle: .seconds(1))
        #expect(track.changeSettledAt == time(10_050) && track.decreaseSettledAt == time(10_050))
    }

    @Test func `more use than a limit in force since it settled can let through tells that it was not`() {
        // To 114: until 1.05 s the old use, then the limit, is 115.26 on average; a second later in force, 116.5.
        #expect(!lowered().outranLimit(used: BitRate(bitsPerSecond: 115_200_000), applied: .megabits(114), at: time(5_000)))
        #expect(lowered().outranLimit(used: BitRate(bitsPerSecond: 116_500_000), applied: .megabits(114), at: time(5_000)))
    }

    @Test func `it is asked of the tick after a decrease alone, so no brake waits twice`() {
        var track = lowered()
        #expect(!lowered(hasLowered: false).outranLimit(used: .megabits(120), applied: .megabits(114), at: time(5_000)))
        track.decided(at: time(5_000), used: BitRate(bitsPerSecond: 116_500_000), hasLowered: false, hasChanged: false)
        #expect(!track.outranLimit(used: .megabits(118), applied: .megabits(114), at: time(10_000)))
    }

    @Test func `without a counter, or without a limit, nothing is concluded`() {
        #expect(!lowered().outranLimit(used: nil, applied: .megabits(114), at: time(5_000)))
        #expect(!lowered().outranLimit(used: .megabits(120), applied: nil, at: time(5_000)))
    }

    /// A workload with a limit of 20 Mbit/s that used so much in each of so many windows of 5 s.
    private func workload(using megabits: UInt64, for windows: Int) -> WorkloadTrack {
        var track = WorkloadTrack(WorkloadSpecification(id: "erp", floor: .megabits(2), ceiling: .megabits(100), links: ["wan"]))
        for window in 0...windows {
            let counter = WorkloadReading.Counter.bytes(UInt64(window) * megabits * 625_000, at: time(Int64(window) * 5_000))
            _ = track.read(WorkloadReading(limit: .limited(.megabits(20)), counter: counter))
        }
        return track
    }

    @Test func `an idle workload whose limit stays above its use goes on as before, a busy one or one of unknown use does not`() {
        #expect(workload(using: 3, for: 5).keepsRoom(under: .megabits(4)))
        #expect(!workload(using: 3, for: 5).keepsRoom(under: .megabits(3)))
        #expect(!workload(using: 3, for: 4).keepsRoom(under: .megabits(4)))
        #expect(!workload(using: 19, for: 5).keepsRoom(under: .megabits(19)))
    }

    private func patch(_ workload: WorkloadID, to desired: Int64, from before: Int64?) -> WorkloadPatch {
        WorkloadPatch(
            workload: workload, desired: .megabits(desired), before: before.map(BitRate.megabits),
            decision: LogPosition(stream: StreamName(cluster: "a", spool: "1"), sequence: 1), term: 0)
    }

    @Test func `a probing raise waits for half of its tick, others do not`() {
        var held = HeldRaises()
        held.begin()
        held.expect("probe", at: time(2_500))
        var patches = [patch("probe", to: 103, from: 100), patch("other", to: 103, from: 100)]
        #expect(held.hold(&patches, now: time(3)) == time(2_500))
        #expect(patches.map(\.workload) == ["other"])
        #expect(held.due(at: time(2_499)).isEmpty)
        #expect(held.due(at: time(2_500)).map(\.workload) == ["probe"])
        #expect(held.due(at: time(2_600)).isEmpty)
    }

    @Test func `a brake never waits, and a tick supersedes what was held`() {
        var held = HeldRaises()
        held.expect("probe", at: time(2_500))
        var brakes = [patch("probe", to: 90, from: 100), patch("probe", to: 90, from: nil)]
        #expect(held.hold(&brakes, now: time(3)) == nil && brakes.count == 2)
        var raise = [patch("probe", to: 103, from: 100)]
        #expect(held.hold(&raise, now: time(3)) != nil && raise.isEmpty)
        held.begin()
        #expect(held.due(at: time(9_000)).isEmpty)
    }

    @Test func `a limit that rose within the window is not held against what was used of the lower one`() {
        var track = workload(using: 90, for: 3)
        let used = track.read(reading(limit: 100, rate: 90))
        #expect(used.offered == .atLimit)
        track.mayStand(at: .megabits(200))
        for _ in 0..<WorkloadTrack.ticksToIdle { #expect(track.read(reading(limit: 200, rate: 90)).offered != .belowLimit) }
        #expect(track.read(reading(limit: 200, rate: 90)).offered == .belowLimit)
    }
    @Test func `a limit that cannot be read counts at least with what it lets through`() {
        var track = workload(using: 90, for: 1)
        _ = track.read(reading(limit: 80, rate: 80))
        func unread(_ rate: Int64) -> WorkloadReading { WorkloadReading(limit: .unknown("no answer"), counter: .rate(.megabits(rate))) }
        #expect(track.read(unread(70)).applied == .megabits(80))
        #expect(track.read(unread(95)).applied == .megabits(95))
        #expect(track.read(unread(80)).applied == .megabits(80))
        // No more than its ceiling of 100.
        #expect(track.read(unread(8_000)).applied == .megabits(100))
        #expect(track.read(reading(limit: 100, rate: 101)).applied == .megabits(100))
    }
    private func reading(limit: Int64, rate: Int64) -> WorkloadReading {
        WorkloadReading(limit: .limited(.megabits(limit)), counter: .rate(.megabits(rate)))
    }
}
