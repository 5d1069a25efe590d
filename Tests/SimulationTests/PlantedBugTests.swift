#if DEBUG
import Cryptography
import Events
import Foundation
import Quantities
import Simulation
import Testing

/// Whether the checkers find what they are there for: each mistake planted in the production code makes one of them fail. Here the seed
/// that found it is played again; with FAIRLEAD_FULL=1 it is searched for, among two hundred.
struct PlantedBugTests {
    struct Found: Sendable, CustomTestStringConvertible {
        var bug: PlantedBug
        var seed: UInt64
        var clusters = 4
        /// All, unless it takes many of some.
        var kinds = Set(FaultKind.allCases)
        var testDescription: String { bug.rawValue }

        func run(_ seed: UInt64) -> SimulationRun {
            SimulationRun(seed: seed, clusters: clusters, length: .seconds(18 * 60), kinds: kinds, hash: .libcrypto)
        }
    }
    static let cutOff: Set<FaultKind> = [.partition, .requestsLost, .answersLost, .logDown]
    static let found = [
        Found(bug: .acknowledgeBeforeSync, seed: 1), Found(bug: .ignoreEpoch, seed: 6), Found(bug: .raiseOnStaleSample, seed: 8),
        Found(bug: .raiseOverUnfoldedBrake, seed: 1, clusters: 6, kinds: cutOff), Found(bug: .increaseBeforeDecrease, seed: 1),
        Found(bug: .patchBeforeSpool, seed: 1),
        Found(bug: .skipDeadband, seed: 35, clusters: 8), Found(bug: .sequenceReused, seed: 1), Found(bug: .actsAfterTrust, seed: 2),
        Found(bug: .silenceUntold, seed: 17),
        Found(bug: .successorForgets, seed: 28, clusters: 6, kinds: [.crash, .pause, .partition, .sourcePoor]),
        Found(bug: .expiredGrantRaises, seed: 57, kinds: cutOff), Found(bug: .givesAwayUnheard, seed: 1), Found(bug: .grantsUnheard, seed: 1),
    ]

    @Test func `every planted mistake has its seed`() { #expect(Set(Self.found.map(\.bug)) == Set(PlantedBug.allCases)) }

    @Test(arguments: found)
    func `a planted mistake breaks an invariant, which holds without it`(found: Found) throws {
        let outcome = try PlantedBug.$active.withValue(found.bug) { try found.run(found.seed).outcome() }
        let breach = try #require(outcome.breach, "\(found.bug) was not found")
        var sound = try found.run(found.seed).simulation()
        sound.run(for: breach.at)
        #expect(sound.checker.breach == nil)
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["FAIRLEAD_FULL"] == "1"), arguments: found)
    func `a planted mistake is found within two hundred seeds`(found: Found) throws {
        let seed = try (1...200 as ClosedRange<UInt64>).first { seed in
            try PlantedBug.$active.withValue(found.bug) { try found.run(seed).outcome() }.breach != nil
        }
        #expect(seed != nil)
    }
}
#endif
