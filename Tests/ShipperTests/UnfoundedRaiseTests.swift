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

    @Test func `one loop raises no workload past what a brake left to another, until a grant has taken the brake in`() throws {
        var bench = try ShipperBench(dashboardLimit: .megabits(70))
        bench.learnBase()
        let claim = StreamClaim(epoch: 1, nonce: 1, head: StreamHead(sequence: 0, digest: HashChainOfBench.genesis))
        func grant(_ version: Int64, foldedThrough: LogPosition?) -> ShipperInput {
            let rates = ["dashboard", "telemetry"].map { Grant.Rate(workload: WorkloadID($0), rate: .megabits(400)) }
            let grant = Grant(
                cluster: "plant-a", version: GrantVersion(term: 1, version: version), timeToLive: .seconds(300), rates: rates,
                foldedThrough: foldedThrough)
            return .logAnswered(.opened(claim, grant: grant, newest: []))
        }
        _ = bench.step(grant(1, foldedThrough: nil))
        // It leaves 95 Mbit/s to the site's loop and 153.52 Mbit/s to that of the shared link, of which 70 Mbit/s are the dashboard's.
        _ = bench.settle(bench.tick(delay: .microseconds(4_000), used: bench.limitRate))
        let lowest = bench.limitRate
        #expect(lowest == BitRate(bitsPerSecond: 83_520_000))
        for _ in 0..<10 { _ = bench.settle(bench.tick(delay: .microseconds(20), used: bench.limitRate)) }
        #expect(bench.limitRate == lowest)
        _ = bench.step(grant(2, foldedThrough: LogPosition(stream: ShipperBench.stream, sequence: 1_000)))
        for _ in 0..<10 { _ = bench.settle(bench.tick(delay: .microseconds(20), used: bench.limitRate)) }
        #expect(bench.limitRate > lowest)
    }

    /// At its floor, of 10 Mbit/s as the lower guardrail is, on three objects of which one leaves.
    private func benchBelowItsFloor() throws -> ShipperBench {
        var (bench, _) = try benchWithRefusedRaise()
        (bench.limit, bench.replicas) = (.limited(.megabits(10)), 3)
        for _ in 0..<2 { _ = bench.refuse(bench.tick(delay: .microseconds(4_000), used: .megabits(10))) }
        (bench.limit, bench.replicas) = (.limited(BitRate(bitsPerSecond: 6_666_666)), 2)
        return bench
    }

    @Test func `what an object left below the floor is not raised while the flow suffers, and is given back as soon as it keeps its bound`() throws {
        var bench = try benchBelowItsFloor()
        for _ in 0..<3 { #expect(bench.refuse(bench.tick(delay: .microseconds(4_000), used: .megabits(6))).isEmpty) }
        var patches: [WorkloadPatch] = []
        // Above the target of 1 ms, below the bound of 1.5 ms.
        for _ in 0..<3 { patches += bench.refuse(bench.tick(delay: .microseconds(1_200), used: .megabits(6))) }
        #expect(patches.first?.desired == .megabits(10))
    }

    @Test func `no patch sets a limit below the lower guardrail, though what stood there was taken for the wish`() throws {
        var bench = try benchBelowItsFloor()
        for _ in 0..<2 { _ = bench.refuse(bench.tick(delay: .microseconds(4_000), used: .megabits(6))) }
        // Somebody else writes more.
        bench.limit = .limited(.megabits(30))
        var patches: [WorkloadPatch] = []
        for _ in 0..<3 { patches += bench.refuse(bench.tick(delay: .microseconds(4_000), used: .megabits(30))) }
        #expect(!patches.isEmpty && patches.allSatisfy { $0.desired >= .megabits(10) }, "\(patches)")
    }

    @Test func `of a raise without an answer the higher limit counts until it can be read back`() throws {
        var (bench, desired) = try benchWithRefusedRaise()
        let before = bench.limitRate
        let raise = try #require(bench.refuse(bench.tick(delay: .microseconds(20), used: before)).first)
        _ = bench.refuse(bench.step(.patchSettled(PatchReport(workload: raise.workload, desired: raise.desired, result: .unknown, objectCount: 0))))
        bench.limit = .unknown("no answer")
        let effects = bench.tick(delay: .microseconds(20), used: before)
        #expect(try #require(try effects.decision).input.applied == desired && desired > before)
        _ = bench.refuse(effects)
        bench.limit = .limited(before)
        #expect(try #require(try bench.tick(delay: .microseconds(20), used: before).decision).input.applied == before)
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
                open += step(.patchSettled(PatchReport(workload: patch.workload, desired: patch.desired, result: .refused, objectCount: 0)))
            default: break
            }
        }
        return patches
    }
}
