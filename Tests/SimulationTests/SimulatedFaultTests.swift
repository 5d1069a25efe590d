import Cryptography
import Quantities
import Simulation
import Testing

/// Fleets under faults, with the checkers watching. What runs for long is `fairlead simulate`, which `deploy/test` starts with the
/// optimized program; here stand small runs, and that a run can be repeated and cut down.
struct SimulatedFaultTests {
    static func run(_ seed: UInt64, clusters: Int = 3, minutes: Int64, _ kinds: Set<FaultKind>) -> SimulationRun {
        SimulationRun(seed: seed, clusters: clusters, length: .seconds(minutes * 60), kinds: kinds, hash: .libcrypto)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `a fleet without faults keeps every invariant and comes to rest`(seed: UInt64) throws {
        let outcome = try Self.run(seed, minutes: 6, []).outcome()
        #expect(outcome.breach == nil)
        #expect(outcome.ticks > 100)
        #expect(outcome.faultsSeen.isEmpty)
    }

    @Test func `equal seeds draw equal faults and end in equal bytes`() throws {
        let runs = ([7, 7, 8] as [UInt64]).map { Self.run($0, clusters: 2, minutes: 4, Set(FaultKind.allCases)) }
        #expect(runs[0].faults == runs[1].faults)
        #expect(runs[0].faults != runs[2].faults)
        let digests = try runs.map { try $0.outcome().digest }
        #expect(digests[0] == digests[1])
        #expect(digests[0] != digests[2])
    }
}
