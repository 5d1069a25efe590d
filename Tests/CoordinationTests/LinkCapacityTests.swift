import ControlLaw
import Coordination
import Events
import Fleet
import Quantities
import Testing

// Aim: one event is one fall, nothing rises without evidence, and never above the configured capacity. Method: rounds by hand.
@Suite struct LinkCapacityTests {
    private let tick = Nanoseconds.seconds(1)

    private func at(_ seconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }
    private func loop(_ name: String) -> LoopID { LoopID(cluster: ClusterID(name), link: "wan") }

    /// A loop's row: what it used and was applied, whether it suffered and braked, whether it asks for more.
    private func row(
        used: Int64, applied: Int64? = nil, grant: Int64? = nil, suffered: Int64? = nil, delay: Int32 = 5_000, brakes: Bool = false, asks: Bool = true, quality: SampleQuality = .measured,
        evidence: LoopEvidence = [.freshSinceChange, .freshSinceDecrease, .baseProven, .confirmed, .mayAct]
    ) -> LoopDecision {
        let input = LoopInput(
            flow: 0, quality: quality, count: 50, raw: quality.hasValue ? .microseconds(suffered == nil ? 100 : delay) : nil, target: .microseconds(1_000),
            bound: .microseconds(1_500), elapsedMilliseconds: 1_000, used: .megabits(used), applied: applied.map(BitRate.megabits),
            floor: .megabits(10), ceiling: .megabits(1_000), grant: (grant ?? applied).map(BitRate.megabits), evidence: evidence)
        let outcome = LoopOutcome(
            action: brakes ? .decrease : .hold, reason: brakes ? .brakedAboveBound : .limitedByGrant, lowerThreshold: .microseconds(800),
            upperThreshold: .microseconds(1_200), requested: asks && suffered == nil ? .megabits(900) : nil, sufferedAt: suffered.map(BitRate.megabits))
        return LoopDecision(link: 0, law: 0, stateBefore: [], input: input, outcome: outcome)
    }

    private func report(_ name: String, _ row: LoopDecision, watches: Bool = true, isHeard: Bool = true, isNew: Bool = true) -> LoopReport {
        LoopReport(loop: loop(name), watches: watches, isHeard: isHeard, rows: isNew ? [row] : [], newest: row)
    }

    private func evidence(_ loops: [LoopReport], kept: Int64 = 0) -> LinkEvidence { LinkEvidence(loops: loops, kept: .megabits(kept)) }

    @Test func `it starts at the configured capacity and calm changes nothing`() {
        var link = LinkCapacity(configured: .megabits(1_000), tick: tick)
        for second in 0..<1_000 {
            #expect(link.fold(evidence([report("a", row(used: 900, applied: 950))]), now: at(Int64(second))) == nil)
        }
        #expect(link.effective == .megabits(1_000))
    }

    @Test func `suffering lowers it to 95 percent of what all loops and the reserves carried`() {
        var link = LinkCapacity(configured: .megabits(1_000), tick: tick)
        let round = evidence([report("a", row(used: 120, suffered: 120, brakes: true)), report("b", row(used: 60))], kept: 20)
        let change = link.fold(round, now: at(1))
        #expect(change?.cause == "suffered")
        #expect(link.effective == .megabits(190))
    }

    @Test func `two loops that felt one event lower it once`() {
        var link = LinkCapacity(configured: .megabits(1_000), tick: tick)
        _ = link.fold(evidence([report("a", row(used: 100, suffered: 100, brakes: true)), report("b", row(used: 100), isNew: false)]), now: at(1))
        let late = evidence([
            report("a", row(used: 95, applied: 95), isNew: false), report("b", row(used: 100, suffered: 100, brakes: true)),
        ])
        #expect(link.fold(late, now: at(1) + .milliseconds(500)) == nil)
        #expect(link.effective == .megabits(190))
    }

    @Test func `a loop that braked and measured afresh lowers it again`() {
        var link = LinkCapacity(configured: .megabits(1_000), tick: tick)
        _ = link.fold(evidence([report("a", row(used: 190, suffered: 190, brakes: true))]), now: at(1))
        let again = link.fold(evidence([report("a", row(used: 120, applied: 180, suffered: 120, brakes: true))]), now: at(3))
        #expect(again?.cause == "suffered")
        #expect(link.effective == .megabits(108))
    }

    @Test func `a loop that suffers far less after its brake drains its queue, and the ceiling stands`() {
        var link = LinkCapacity(configured: .megabits(1_000), tick: tick)
        _ = link.fold(evidence([report("a", row(used: 200, suffered: 200, delay: 16_000, brakes: true))]), now: at(1))
        _ = link.fold(evidence([report("a", row(used: 190, applied: 190, suffered: 190, delay: 7_000, brakes: true))]), now: at(3))
        #expect(link.effective == .megabits(171) && link.memory.ceilings == [.megabits(200)])
        // Hardly less delay, and the mark was wrong.
        var other = LinkCapacity(configured: .megabits(1_000), tick: tick)
        _ = other.fold(evidence([report("a", row(used: 200, suffered: 200, delay: 16_000, brakes: true))]), now: at(1))
        _ = other.fold(evidence([report("a", row(used: 190, applied: 190, suffered: 190, delay: 14_000, brakes: true))]), now: at(3))
        #expect(other.effective == .megabits(133))
    }

    @Test func `a second report that a poll brought sooner than a tick counts where it disproves the estimate`() {
        var link = LinkCapacity(configured: .megabits(1_000), tick: tick)
        _ = link.fold(evidence([report("a", row(used: 190, suffered: 190, brakes: true))]), now: at(1))
        #expect(link.effective == BitRate(bitsPerSecond: 180_500_000))
        let again = link.fold(evidence([report("a", row(used: 115, applied: 180, suffered: 115, brakes: true))]), now: at(1) + .milliseconds(700))
        #expect(again?.cause == "suffered")
        #expect(link.effective < .megabits(115))
        // The same flow's cry under a use that the estimate allows for is one event with the first.
        var other = LinkCapacity(configured: .megabits(1_000), tick: tick)
        _ = other.fold(evidence([report("a", row(used: 190, suffered: 190, brakes: true))]), now: at(1))
        #expect(other.fold(evidence([report("a", row(used: 176, applied: 180, suffered: 176, brakes: true))]), now: at(1) + .milliseconds(700)) == nil)
    }

    @Test func `a gentle lowering after the first brake marks anew, and drains nothing`() {
        var link = LinkCapacity(configured: .megabits(1_000), tick: tick)
        _ = link.fold(evidence([report("a", row(used: 190, suffered: 190, brakes: true))]), now: at(1))
        var gentle = row(used: 162, applied: 180, suffered: 162, brakes: true)
        gentle.outcome.reason = .aboveTarget
        _ = link.fold(evidence([report("a", gentle)]), now: at(3))
        #expect(link.effective == BitRate(bitsPerSecond: 153_900_000), "0.95 of 162, where a second brake leaves 0.9")
    }

    @Test func `a victim's cry counts again only when the others had time to come down`() {
        var link = LinkCapacity(configured: .megabits(1_000), tick: tick)
        func cry(_ second: Int64) -> LinkCapacity.Change? {
            link.fold(evidence([report("victim", row(used: 5, suffered: 5)), report("b", row(used: 195, applied: 185))]), now: at(second))
        }
        #expect(cry(1)?.effective == .megabits(190))
        #expect(cry(2) == nil)
        #expect(cry(3) == nil)
        #expect(cry(4)!.effective < .megabits(190))
    }

    /// Suffered at 200, and calm ever since.
    private func afterSuffering(_ link: inout LinkCapacity) {
        _ = link.fold(evidence([report("a", row(used: 200))]), now: at(0))
        _ = link.fold(evidence([report("a", row(used: 200, suffered: 200, brakes: true))]), now: at(1))
    }

    @Test func `it probes past the ceiling rarely, and never above the configured capacity`() {
        var link = LinkCapacity(configured: .megabits(202), tick: tick)
        afterSuffering(&link)
        var causes: [String] = []
        for second in 2..<200 {
            let room = link.effective.bitsPerSecond / 1_000_000
            if let change = link.fold(evidence([report("a", row(used: room, applied: room))]), now: at(Int64(second))) { causes.append(change.cause) }
            #expect(link.effective <= .megabits(202))
        }
        #expect(causes == ["calm", "probing"])
        #expect(link.effective == .megabits(202))
    }

    @Test(arguments: ["missing", "partial", "stale base", "not asked", "unused", "one not heard", "one suffers", "raise under way", "no watcher"])
    func `nothing rises while`(_ obstacle: String) {
        var link = LinkCapacity(configured: .megabits(1_000), tick: tick)
        afterSuffering(&link)
        let full: LoopEvidence = [.freshSinceChange, .freshSinceDecrease, .baseProven, .confirmed, .mayAct]
        for second in 2..<200 {
            var loops = [report("a", row(used: 190, applied: 190))]
            switch obstacle {
            case "missing": loops = [report("a", row(used: 190, applied: 190, quality: .missing))]
            case "partial": loops = [report("a", row(used: 190, applied: 190, quality: .partial))]
            case "stale base": loops = [report("a", row(used: 190, applied: 190, evidence: full.subtracting(.baseProven)))]
            case "not asked": loops = [report("a", row(used: 190, applied: 190, asks: false))]
            case "unused": loops = [report("a", row(used: 150, applied: 190))]
            case "one not heard": loops.append(report("b", row(used: 1, applied: 10), isHeard: false, isNew: false))
            case "one suffers": loops.append(report("b", row(used: 1, applied: 10, suffered: 1)))
            case "raise under way": loops = [report("a", row(used: 190, applied: 190, evidence: full.subtracting(.freshSinceChange)))]
            default: loops = [report("a", row(used: 190, applied: 190), watches: false)]
            }
            let before = link.effective
            _ = link.fold(evidence(loops), now: at(Int64(second)))
            #expect(link.effective <= before)
        }
    }

    @Test func `a raise that is not yet applied proves nothing`() {
        var link = LinkCapacity(configured: .megabits(1_000), tick: tick)
        afterSuffering(&link)
        for second in 2..<400 { _ = link.fold(evidence([report("a", row(used: 190, applied: 190))]), now: at(Int64(second))) }
        // One probe was made, and the loop never went along: the ceiling stands.
        #expect(link.effective == .megabits(206))
        #expect(link.memory.lowest == .megabits(200))
        // The grant arrives, and the loop has not followed it yet.
        for second in 400..<500 { _ = link.fold(evidence([report("a", row(used: 190, applied: 190, grant: 206))]), now: at(Int64(second))) }
        #expect(link.memory.lowest == .megabits(200))
        // It follows.
        _ = link.fold(evidence([report("a", row(used: 206, applied: 206))]), now: at(500))
        #expect(link.memory.lowest == .megabits(206))
    }

    @Test func `an idle loop beside holds no probe back`() {
        var link = LinkCapacity(configured: .megabits(1_000), tick: tick)
        afterSuffering(&link)
        for second in 2..<200 {
            let room = link.effective.bitsPerSecond / 1_000_000
            // 40 used of a grant of 50; counts with its use.
            let idle = row(used: 40, applied: 40, grant: 40, asks: false)
            _ = link.fold(evidence([report("a", row(used: room - 50, applied: room - 50)), report("b", idle)]), now: at(Int64(second)))
        }
        #expect(link.effective > .megabits(250))
    }

    @Test func `many polls within a tick count as one`() {
        var often = LinkCapacity(configured: .megabits(1_000), tick: tick)
        var once = often
        afterSuffering(&often)
        afterSuffering(&once)
        for half in 4..<120 {
            let now = MonotonicTime(nanoseconds: Int64(half) * 500_000_000)
            _ = often.fold(evidence([report("a", row(used: 190, applied: 190))]), now: now)
            if half % 2 == 0 { _ = once.fold(evidence([report("a", row(used: 190, applied: 190))]), now: now) }
        }
        #expect(often.effective == once.effective)
    }

    @Test func `a new leader goes on from the estimate on the log`() {
        var link = LinkCapacity(configured: .megabits(1_000), tick: tick)
        link.resume(from: .megabits(190))
        #expect(link.effective == .megabits(190))
        #expect(link.memory.lowest == .megabits(200))
        link.resume(from: nil)
        #expect(link.effective == .megabits(190))
    }

    @Test func `a person's word holds it down, and what was learned comes back when the word ends`() {
        var link = LinkCapacity(configured: .megabits(1_000), tick: tick)
        afterSuffering(&link)
        let lowered = link.obey(.megabits(120), now: at(2))
        #expect(lowered?.before == .megabits(190) && lowered?.effective == .megabits(120) && lowered?.cause == "overridden")
        #expect(link.obey(.megabits(120), now: at(3)) == nil)
        for second in 3..<400 {
            let loops = evidence([report("a", row(used: 120, applied: 120))])
            #expect(link.fold(loops, now: at(Int64(second))) == nil, "calm raises it up to the word and no further")
        }
        let ended = link.obey(nil, now: at(400))
        #expect(ended?.before == .megabits(120) && ended?.effective == .megabits(190) && ended?.cause == "override-ended")
        #expect(link.memory.lowest == .megabits(200))
    }

    @Test func `a person's word raises it to what is configured at most, and suffering brings it down below the word`() {
        var link = LinkCapacity(configured: .megabits(1_000), tick: tick)
        afterSuffering(&link)
        #expect(link.obey(.megabits(4_000), now: at(2))?.effective == .megabits(1_000))
        _ = link.fold(evidence([report("a", row(used: 200, suffered: 200, brakes: true))]), now: at(9))
        let fallen = link.effective
        #expect(fallen < .megabits(200))
        #expect(link.obey(nil, now: at(10)) == nil && link.effective == fallen, "suffering meanwhile is evidence, and stays")
    }

    @Test func `a backlog of old suffering moves nothing`() {
        var link = LinkCapacity(configured: .megabits(1_000), tick: tick)
        let rows = Array(repeating: row(used: 200, suffered: 200, brakes: true), count: 30) + Array(repeating: row(used: 150), count: 3)
        let report = LoopReport(loop: loop("a"), watches: true, isHeard: true, rows: rows, newest: rows.last)
        #expect(link.fold(evidence([report]), now: at(100)) == nil)
    }

    @Test func `it takes its settings from the fleet's law`() {
        var hasty = LinkCapacity(configured: .megabits(1_000), tick: tick, law: LawSpecification(parameters: ["brake": "0.5"]))
        _ = hasty.fold(evidence([report("a", row(used: 200, suffered: 200, brakes: true))]), now: at(1))
        #expect(hasty.effective == .megabits(100))
        let other = LinkCapacity(configured: .megabits(1_000), tick: tick, law: LawSpecification(name: "fixed-step@1"))
        #expect(other == LinkCapacity(configured: .megabits(1_000), tick: tick))
    }

    @Test(arguments: 0..<40) func `whatever it is told, it stays between what is kept and what is configured`(seed: UInt64) {
        var generator = Generator(state: seed)
        var link = LinkCapacity(configured: .megabits(500), tick: tick)
        for second in 0..<200 {
            let loops = (0..<3).map { place in
                report(
                    "site-\(place)",
                    row(
                        used: Int64.random(in: 0...400, using: &generator), applied: Bool.random(using: &generator) ? Int64.random(in: 1...400, using: &generator) : nil,
                        suffered: Int.random(in: 0..<10, using: &generator) == 0 ? Int64.random(in: 0...400, using: &generator) : nil,
                        brakes: Bool.random(using: &generator), quality: SampleQuality.allCases.randomElement(using: &generator)!),
                    isHeard: Int.random(in: 0..<20, using: &generator) != 0, isNew: Bool.random(using: &generator))
            }
            let before = link.effective
            let change = link.fold(evidence(loops, kept: 30), now: at(Int64(second)))
            #expect(link.effective >= .megabits(30) && link.effective <= .megabits(500))
            #expect((change == nil) == (before == link.effective))
            if let change, change.cause != "suffered" { #expect(change.effective > change.before) }
        }
    }
}

private struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
