import Cryptography
import Quantities
import Simulation
import Testing

/// Mistakes of the production code that the simulator found, each with the run that showed it, cut down to few faults.
struct FoundBugTests {
    private func breach(seed: UInt64, minutes: Int64, until: Nanoseconds, _ faults: [Fault]) throws -> Breach? {
        var run = SimulationRun(seed: seed, clusters: 10, length: .seconds(minutes * 60), kinds: [], hash: .libcrypto)
        run.faults = faults
        var simulation = try run.simulation()
        simulation.run(for: until)
        return simulation.checker.breach
    }

    /// The position of the newest decision was kept when a new stream took the place of a damaged spool, and a new Pod's limit named an
    /// entry of the new stream that was not there.
    @Test func `a limit for new Pods names no decision of a spool that was set aside`() throws {
        let ruined = Fault(.spoolRuined, at: .cluster(8), begins: .milliseconds(287_392), lasts: .milliseconds(9_076), strength: 753_899_578)
        let foreign = Fault(.foreignPatch, at: .cluster(8), begins: .milliseconds(291_784), lasts: .milliseconds(19_634), strength: 1_844_377_026)
        #expect(try breach(seed: 33, minutes: 24, until: .seconds(300), [ruined, foreign]) == nil)
    }

    /// No bug: a site whose full disk kept it from telling anything held more than the others could know, and their grants lived on.
    @Test func `grants from before a site was first heard may be used while they live`() throws {
        let full = Fault(.diskFull, at: .cluster(1), begins: .milliseconds(3_652), lasts: .milliseconds(23_476), strength: 3_120_910_656)
        #expect(try breach(seed: 559, minutes: 120, until: .seconds(60), [full]) == nil)
    }

    /// A workload without a limit counted with its use, which its first tick cannot know, though its row says to which rate it is about to be
    /// limited: others were granted that room.
    @Test(arguments: [12, 20] as [UInt64])
    func `a workload that is about to be adopted is counted with what it is limited to`(seed: UInt64) throws {
        #expect(try breach(seed: seed, minutes: 18, until: .seconds(20), []) == nil)
    }
}
