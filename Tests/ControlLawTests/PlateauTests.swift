import ControlLaw
import Events
import Quantities
import Testing

// Aim: the five rules of plateau@1, one by one. Method: hand-made ticks; the closed loops are in ClosedLoopTests.
@Suite struct PlateauTests {
    private let stale: LoopEvidence = standaloneEvidence.subtracting([.freshSinceDecrease, .freshSinceChange])

    // Rule 1
    @Test func `one bad second is one brake, however long its window is reported`() throws {
        var follower = try Follower("plateau@1", applied: 300)
        #expect(follower.step { $0.raw = .microseconds(5_000); $0.used = .megabits(200) }.reason == .brakedAboveBound)
        // The ancestor's window of 60 s shows the same second eleven times more.
        for _ in 0..<11 { #expect(follower.step { $0.raw = .microseconds(5_000); $0.evidence = stale }.reason == .waitingForEvidence) }
        #expect(follower.applied == .megabits(190))
        #expect(follower.patches == 1)
    }

    @Test func `after a raise it may lower on what was measured since the last decrease`() throws {
        var follower = try Follower("plateau@1", applied: 300)
        let outcome = follower.step { $0.raw = .microseconds(2_000); $0.used = .megabits(290); $0.evidence.remove(.freshSinceChange) }
        #expect(outcome.action == .decrease)
        let raise = follower.step { $0.evidence.remove(.freshSinceChange) }
        #expect(raise.reason == .waitingForEvidence)
    }

    @Test func `without confirmation it may lower and not raise`() throws {
        var follower = try Follower("plateau@1", applied: 300)
        #expect(follower.step { $0.evidence.remove(.confirmed); $0.evidence.insert(.notEnforced) }.reason == .notEnforced)
        #expect(follower.step { $0.raw = .microseconds(2_000); $0.evidence.remove(.confirmed); $0.evidence.insert(.notEnforced) }.action == .decrease)
    }

    @Test func `a brake on its way is not taken back while the old rate is still read`() throws {
        let law = try Law(name: "plateau@1")
        let braked = law.step(state: law.initialState, input: input(raw: .microseconds(4_000), used: 200, applied: 300))
        let waiting = law.step(
            state: braked.state, input: input(raw: .microseconds(4_000), used: 200, applied: 300, evidence: stale.subtracting(.confirmed)))
        #expect(waiting.outcome.action == .hold && waiting.outcome.desired == .megabits(190))
    }

    // Rule 2
    @Test func `a raw sample above the bound brakes past smoothing, cooldown and flap budget`() throws {
        var follower = try Follower("plateau@1", ["smoothing": "0.01", "cooldown": "1h", "cooldownTicks": "10000"], applied: 300)
        for _ in 0..<20 { follower.step { $0.raw = .microseconds(1_000) } }
        #expect(follower.step { $0.raw = .microseconds(1_501); $0.used = .megabits(300) }.reason == .brakedAboveBound)
        #expect(follower.step { $0.raw = .microseconds(1_501); $0.used = .megabits(285) }.reason == .brakedAboveBound)
    }

    // Rule 3
    @Test func `the first brake after calm goes to 95 percent of the used rate, a further one to 70 percent of the limit`() throws {
        var follower = try Follower("plateau@1", applied: 300)
        follower.step { $0.raw = .microseconds(3_000) }
        #expect(follower.applied == .megabits(285))
        follower.step { $0.raw = .microseconds(3_000) }
        #expect(follower.applied == BitRate(bitsPerSecond: 199_500_000))
    }

    @Test func `where the link itself was the limit a further brake goes to 90 percent of the use`() throws {
        var follower = try Follower("plateau@1", applied: 190)
        follower.step { $0.raw = .microseconds(20_000); $0.used = .megabits(155) }
        #expect(follower.applied == BitRate(bitsPerSecond: 147_250_000))
        follower.step { $0.raw = .microseconds(9_000); $0.used = .megabits(120) }
        #expect(follower.applied == .megabits(108))
    }

    @Test func `a flood's brake goes to what the link got through, by the probes' loss`() throws {
        var follower = try Follower("plateau@1", applied: 1_000)
        follower.step { $0.raw = .microseconds(16_000); $0.used = .megabits(1_000); $0.lossPartsPerMillion = 800_000 }
        #expect(follower.applied == .megabits(190))
    }

    @Test func `it stays below the remembered ceiling, comes near it, and probes rarely`() throws {
        var follower = try Follower("plateau@1", applied: 200)
        var last = follower.applied!
        for _ in 0..<3 { follower.step { $0.raw = .microseconds(1_000) } }
        follower.step { $0.raw = .microseconds(3_000); $0.used = last }
        let ceiling = last
        let brakeAt = follower.outcomes.count
        while follower.outcomes.last?.reason != .probingCeiling {
            follower.step { _ in }
            last = follower.applied!
            #expect(follower.outcomes.count < brakeAt + 100)
        }
        #expect(follower.outcomes.count - brakeAt >= 60)
        #expect(follower.patches(since: brakeAt) == 2)
        #expect(last > ceiling)
    }

    @Test func `each probe that fails triples the wait`() throws {
        var follower = try Follower("plateau@1", applied: 200)
        var waits: [Int] = []
        var sinceBrake = 0
        for _ in 0..<4_000 {
            let suffers = follower.applied! > .megabits(200)
            let outcome = follower.step { $0.raw = .microseconds(suffers ? 3_000 : 200); if suffers { $0.used = .megabits(200) } }
            sinceBrake += 1
            if outcome.reason == .probingCeiling, !suffers { waits.append(sinceBrake) }
            if outcome.action == .decrease { sinceBrake = 0 }
        }
        #expect(waits.count >= 4)
        for (former, latter) in zip(waits.dropFirst(), waits.dropFirst(2)) { #expect(latter > former * 5 / 2 || latter >= 960) }
    }

    @Test func `a changed route forgets the ceilings`() throws {
        var follower = try Follower("plateau@1", applied: 200)
        follower.step { $0.raw = .microseconds(3_000) }
        follower.state = follower.law.forgettingCeilings(state: follower.state)
        for _ in 0..<4 { follower.step { _ in } }
        #expect(follower.applied! > .megabits(200))
    }

    // Rule 4
    @Test(arguments: [100, 10_000]) func `idle for any length raises nothing`(ticks: Int) throws {
        var follower = try Follower("plateau@1", applied: 200)
        for _ in 0..<ticks { follower.step { $0.used = .megabits(20) } }
        #expect(follower.patches == 0)
        #expect(follower.outcomes.last?.reason == .limitNotUsed)
    }

    @Test func `without a throughput source nothing is raised above a proven use`() throws {
        var follower = try Follower("plateau@1", applied: 200)
        for _ in 0..<500 { follower.step { $0.used = nil } }
        #expect(follower.patches == 0 && follower.outcomes.last?.reason == .useNotProven)
    }

    @Test func `without a throughput source an unproven limit comes down by 0_7 each tick, fresh or not`() throws {
        var follower = try Follower("plateau@1", applied: 1_000)
        for _ in 0..<5 { follower.step { $0.used = nil; $0.raw = .microseconds(9_000); $0.evidence = stale } }
        #expect(follower.applied! < .megabits(200) && follower.applied! > .megabits(160))
    }

    @Test func `without a throughput source a proven use is climbed back to`() throws {
        var follower = try Follower("plateau@1", applied: 190)
        for _ in 0..<3 { follower.step { _ in } }
        let proven = follower.applied!
        follower.applied = .megabits(50)
        for _ in 0..<100 { follower.step { $0.used = nil } }
        #expect(follower.applied! > .megabits(180) && follower.applied! <= proven)
    }

    @Test func `the queue of an overshoot is let out by a tenth, and the ceiling kept, where the delay has fallen by a quarter`() throws {
        var follower = try Follower("plateau@1", applied: 215)
        follower.step { $0.raw = .microseconds(16_000); $0.used = .megabits(200) }
        #expect(follower.applied == .megabits(190))
        let second = follower.step { $0.raw = .microseconds(7_000); $0.used = .megabits(189) }
        #expect(second.isBrake && follower.applied == BitRate(bitsPerSecond: 170_100_000))
        for _ in 0..<8 { follower.step { _ in } }
        #expect(follower.applied! >= .megabits(190), "back at the plateau of the ceiling that stood: \(follower.applied!)")
        // A third one is told no such thing.
        var stubborn = try Follower("plateau@1", applied: 215)
        for raw in [16_000, 7_000, 4_000] as [Int32] { stubborn.step { $0.raw = .microseconds(raw) } }
        #expect(stubborn.applied! < .megabits(130))
    }

    // Rule 5
    @Test func `where its own use is not above its floors the traffic is not ours`() throws {
        var follower = try Follower("plateau@1", applied: 200)
        let outcome = follower.step { $0.raw = .microseconds(9_000); $0.used = .megabits(8) }
        #expect(outcome.reason == .notOurTraffic && outcome.action == .hold)
        #expect(outcome.sufferedAt == .megabits(8))
    }

    @Test func `after two brakes that did not help it holds, says so, and tries again only now and then`() throws {
        var follower = try Follower("plateau@1", applied: 500)
        for _ in 0..<12 { follower.step { $0.raw = .microseconds(9_000) } }
        #expect(follower.outcomes[2...6].allSatisfy { $0.reason == .notOurTraffic })
        #expect(follower.patches == 3)
    }

    @Test func `a brake that was decided before the last was in force is not one that did not help`() throws {
        var follower = try Follower("plateau@1", applied: 500)
        for _ in 0..<4 {
            follower.step {
                $0.raw = .microseconds(9_000)
                $0.evidence.remove(.confirmed)
            }
        }
        #expect(follower.outcomes.allSatisfy { $0.isBrake })
        for _ in 0..<2 { follower.step { $0.raw = .microseconds(9_000) } }
        #expect(follower.outcomes[4].isBrake && follower.outcomes[5].reason == .notOurTraffic)
    }

    @Test func `what first limits a workload is not a brake that did not help`() throws {
        var follower = try Follower("plateau@1", applied: nil)
        for _ in 0..<4 {
            follower.step {
                $0.raw = .microseconds(9_000)
                if $0.applied == nil { $0.used = .megabits(200) }
            }
        }
        #expect(follower.outcomes[0...2].allSatisfy { $0.isBrake } && follower.outcomes[3].reason == .notOurTraffic)
    }

    @Test func `what was braked before its use was known is not a brake that did not help`() throws {
        var follower = try Follower("plateau@1", applied: 500)
        for tick in 0..<4 {
            follower.step {
                $0.raw = .microseconds(9_000)
                $0.used = tick == 0 ? nil : $0.applied
            }
        }
        #expect(follower.outcomes[0...2].allSatisfy { $0.isBrake } && follower.outcomes[3].reason == .notOurTraffic)
    }

    @Test func `a tick in which its use is not known takes nothing from what two brakes told`() throws {
        var follower = try Follower("plateau@1", applied: 500)
        for tick in 0..<4 {
            follower.step {
                $0.raw = .microseconds(9_000)
                $0.used = tick == 2 ? nil : $0.applied
            }
        }
        #expect(follower.outcomes[0...1].allSatisfy { $0.isBrake } && follower.outcomes[3].reason == .notOurTraffic)
    }

    // The rest
    @Test func `from no limit it brakes to 95 percent of the use, or to 0_7 of the ceiling where no use is known`() throws {
        var known = try Follower("plateau@1", applied: nil)
        known.step { $0.raw = .microseconds(9_000); $0.used = .megabits(200) }
        #expect(known.applied == .megabits(190))
        var unknown = try Follower("plateau@1", applied: nil)
        unknown.step { $0.raw = .microseconds(9_000) }
        #expect(unknown.applied == .megabits(700))
    }

    @Test func `no limit and calm stays no limit`() throws {
        var follower = try Follower("plateau@1", applied: nil)
        for _ in 0..<50 { #expect(follower.step { $0.used = .megabits(900) }.reason == .unlimited) }
        #expect(follower.applied == nil)
    }

    private var hub: LoopEvidence { standaloneEvidence.subtracting(.standalone) }

    @Test func `with a hub a raise needs a living grant, and is asked for`() throws {
        var follower = try Follower("plateau@1", applied: 100)
        let asked = follower.step { $0.evidence = hub }
        #expect(asked.reason == .noGrant && asked.action == .hold && asked.requested == .megabits(150))
        let granted = follower.step { $0.evidence = hub; $0.grant = .megabits(110) }
        #expect(granted.action == .increase && granted.reason == .limitedByGrant && granted.desired == .megabits(110))
        #expect(granted.requested == .megabits(150))
        #expect(follower.step { $0.evidence = hub; $0.grant = .megabits(110) }.reason == .cooldown)
        let full = follower.step { $0.evidence = hub; $0.grant = .megabits(110) }
        #expect(full.action == .hold && full.reason == .limitedByGrant && full.requested! > .megabits(110))
    }

    @Test func `a grant that falls below what is applied lowers it, suffering or not`() throws {
        var follower = try Follower("plateau@1", applied: 100)
        #expect(follower.step { $0.evidence = hub; $0.grant = .megabits(60) }.reason == .grantLowered)
        #expect(follower.applied == .megabits(60))
        #expect(follower.step { $0.evidence = hub; $0.grant = .megabits(5) }.desired == .megabits(10))
        var unlimited = try Follower("plateau@1", applied: nil)
        #expect(unlimited.step { $0.evidence = hub; $0.grant = .megabits(400) }.reason == .grantLowered)
    }

    @Test(arguments: [SampleQuality.partial, .stale, .missing, .probeError, .synthetic]) func `it never raises on a sample that is`(_ quality: SampleQuality) throws {
        var follower = try Follower("plateau@1", ["onMissing": "hold"], applied: 100)
        for _ in 0..<200 { follower.step { $0.quality = quality; $0.raw = quality.hasValue ? .microseconds(10) : nil } }
        #expect(follower.patches == 0)
    }

    @Test func `a synthetic value above the bound lowers, and one below teaches nothing`() throws {
        var follower = try Follower("plateau@1", applied: 100)
        #expect(follower.step { $0.quality = .synthetic; $0.raw = .microseconds(9_000) }.action == .decrease)
    }

    @Test func `a few probes of a partial window are no evidence`() throws {
        var follower = try Follower("plateau@1", applied: 100)
        #expect(follower.step { $0.quality = .partial; $0.count = 9; $0.raw = .microseconds(9_000) }.reason == .waitingForEvidence)
        #expect(follower.step { $0.quality = .partial; $0.count = 10; $0.raw = .microseconds(9_000) }.action == .decrease)
    }

    @Test func `without a proven base it may brake and not raise`() throws {
        var follower = try Follower("plateau@1", applied: 100)
        #expect(follower.step { $0.evidence.remove(.baseProven) }.reason == .baseNotProven)
        #expect(follower.step { $0.evidence.remove(.baseProven); $0.raw = .microseconds(9_000) }.action == .decrease)
    }

    @Test func `at the floor and suffering says so`() throws {
        var follower = try Follower("plateau@1", applied: 10)
        #expect(follower.step { $0.raw = .microseconds(9_000); $0.used = .megabits(10) }.reason == .atFloor)
    }

    @Test func `a limit that reads back a few bits lower is not raised by those bits`() throws {
        let law = try Law(name: "plateau@1")
        var read = input(raw: .microseconds(100), applied: nil, grant: 190, evidence: hub)
        read.applied = BitRate(bitsPerSecond: 189_999_992)
        read.used = read.applied
        #expect(law.step(state: law.initialState, input: read).outcome.reason == .limitedByGrant)
        read.applied = BitRate(bitsPerSecond: 999_999_992)
        read.used = read.applied
        read.evidence = standaloneEvidence
        read.grant = nil
        #expect(law.step(state: law.initialState, input: read).outcome.action == .hold)
    }

    @Test func `a hold names what would have turned it`() throws {
        var follower = try Follower("plateau@1", applied: 200)
        let hold = follower.step { $0.raw = .microseconds(1_000) }
        #expect(hold.reason == .insideDeadband && hold.counterfactualAction != nil)
        let brake = follower.step { $0.raw = .microseconds(1_600) }
        #expect(brake.counterfactual! <= .microseconds(1_500) && brake.counterfactualAction != .decrease)
    }
}

extension Follower {
    func patches(since first: Int) -> Int { outcomes[first...].count { $0.action != .hold } }
}
