import Events
import Quantities
import Shipper
import Testing

/// A raise that was decided and came to nothing is patched again with each tick, and needs each time what the first needed. The simulator
/// found a refused raise sent anew under a grant that had expired.
struct UnfoundedRaiseTests {
    /// Calm ticks until a raise is sent; it is refused. Returns what was to rise.
    private func benchWithRefusedRaise() throws -> (bench: ShipperBench, desired: BitRate) {
        var bench = try ShipperBench()
        bench.learnBase()
        let claim = StreamClaim(epoch: 1, nonce: 1, head: StreamHead(sequence: 0, digest: HashChainOfBench.genesis))
        let grant = Grant(
            cluster: "plant-a", version: GrantVersion(term: 1, version: 1), timeToLive: .seconds(300),
            rates: [.init(workload: "telemetry", rate: .megabits(400))], foldedThrough: nil)
        _ = bench.step(.logAnswered(.opened(claim, grant: grant, newest: [])))
        for _ in 0..<6 {
            if let raise = bench.refuse(bench.tick(delay: .microseconds(20), used: bench.limitRate)).first { return (bench, raise.desired) }
        }
        throw UnexpectedlyCalm()
    }
    private struct UnexpectedlyCalm: Error {}

    @Test func `a refused raise is tried again while its grant lives and its flow is calm`() throws {
        var (bench, desired) = try benchWithRefusedRaise()
        #expect(desired > bench.limitRate)
        let again = bench.refuse(bench.tick(delay: .microseconds(20), used: bench.limitRate))
        #expect(again.map(\.desired) == [desired])
    }

    @Test func `a refused raise is not tried again under a grant that expired`() throws {
        var (bench, _) = try benchWithRefusedRaise()
        bench.wait(.seconds(400))
        for _ in 0..<3 { #expect(bench.refuse(bench.tick(delay: .microseconds(20), used: bench.limitRate)).isEmpty) }
    }

    @Test func `a raise is not made under a grant that expired while the spool took its time`() throws {
        var (bench, _) = try benchWithRefusedRaise()
        let effects = bench.tick(delay: .microseconds(20), used: bench.limitRate)
        #expect(effects.spooledBatches.count == 1)
        bench.wait(.seconds(400))
        #expect(bench.refuse(effects).isEmpty)
    }

    @Test func `a raise that waits for the spool gives way to a newer grant of less`() throws {
        var (bench, desired) = try benchWithRefusedRaise()
        let effects = bench.tick(delay: .microseconds(20), used: bench.limitRate)
        let claim = StreamClaim(epoch: 2, nonce: 1, head: StreamHead(sequence: 0, digest: HashChainOfBench.genesis))
        let lower = Grant(
            cluster: "plant-a", version: GrantVersion(term: 1, version: 2), timeToLive: .seconds(300),
            rates: [.init(workload: "telemetry", rate: desired.minus(.megabits(1)))], foldedThrough: nil)
        _ = bench.step(.logAnswered(.opened(claim, grant: lower, newest: [])))
        #expect(bench.refuse(effects).isEmpty)
    }

    @Test func `a refused raise is not tried again while its flow is not measured`() throws {
        var (bench, _) = try benchWithRefusedRaise()
        #expect(bench.refuse(bench.tick(delay: nil, used: bench.limitRate)).isEmpty)
    }
}

extension ShipperBench {
    /// Answers spool effects as a healthy disk does, and refuses every patch; returns the patches.
    fileprivate mutating func refuse(_ effects: [ShipperEffect]) -> [WorkloadPatch] {
        var patches: [WorkloadPatch] = []
        var open = effects
        while !open.isEmpty {
            switch open.removeFirst() {
            case .spool(let batch): open += step(.spooled(batch: batch.id))
            case .patch(let patch):
                patches.append(patch)
                open += step(.patchSettled(PatchReport(workload: patch.workload, desired: patch.desired, result: .refused)))
            default: break
            }
        }
        return patches
    }
}
