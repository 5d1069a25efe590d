import ControlLaw
import Cryptography
import Events
import Fleet
import Quantities
@testable import Shipper
import Testing

/// The order of a tick, the brake's independence, and who may raise: by hand-made inputs, seen in the effects.
struct ShipperProcessTests {
    @Test func `a brake is on disk before it is carried out, and its outcome is told after`() throws {
        var bench = try ShipperBench()
        bench.learnBase()
        let decided = bench.tick(delay: .milliseconds(4))
        #expect(decided.patches.isEmpty, "nothing is patched before the spool has answered")
        let batch = try #require(decided.spooledBatches.first)
        let carriedOut = bench.step(.spooled(batch: batch.id))
        let patch = try #require(carriedOut.patches.first)
        #expect(patch.desired < .megabits(100))
        #expect(patch.decision.map { $0.sequence == batch.entries.last?.sequence } == true)
        let told = bench.step(.patchSettled(PatchReport(workload: "telemetry", desired: patch.desired, result: .applied, objectCount: 1)))
        let outcome = try #require(told.spooledBatches.first?.entries.first)
        guard case .event(let envelope) = try outcome.entry.decoded(), case .patchSettled(let record) = try envelope.fact() else {
            Issue.record("the outcome is no patch_settled")
            return
        }
        #expect(record.decision == patch.decision && record.desired == patch.desired && record.before == .megabits(100))
    }

    @Test func `a brake does not wait for a spool that takes nothing, and says that it stands nowhere`() throws {
        var bench = try ShipperBench()
        bench.learnBase()
        let batch = try #require(bench.tick(delay: .milliseconds(4)).spooledBatches.first)
        let effects = bench.step(.spoolFailed(batch: batch.id, problem: "disk full"))
        let patch = try #require(effects.patches.first)
        #expect(patch.desired < .megabits(100) && patch.decision == nil)
    }

    @Test func `a brake leaves within its tick where the spool neither takes its decision nor refuses it`() throws {
        var bench = try ShipperBench()
        bench.learnBase()
        let decided = bench.tick(delay: .milliseconds(4))
        let batch = try #require(decided.spooledBatches.first)
        let wake = try #require(decided.wakes.first)
        #expect(wake == bench.monotonic + .milliseconds(1_250), "a quarter of a tick")
        bench.wait(.milliseconds(1_249))
        #expect(bench.step(.woke).patches.isEmpty)
        bench.wait(.milliseconds(1))
        let patch = try #require(bench.step(.woke).patches.first)
        #expect(patch.desired < .megabits(100) && patch.decision == nil && bench.process.status.spoolDelays == 1)
        #expect(bench.step(.patchSettled(PatchReport(workload: "telemetry", desired: patch.desired, result: .applied, objectCount: 1))).spooledBatches.isEmpty)
        bench.limit = .limited(patch.desired)
        // It hangs on: what the next tick lowers does not wait at all, for it is known by now.
        let next = bench.tick(delay: .milliseconds(8))
        #expect(next.patches.allSatisfy { $0.decision == nil } && next.spooledBatches.isEmpty)
        // At last it answers: what was decided long ago is not carried out any more, and what waited follows.
        let late = bench.step(.spooled(batch: batch.id))
        #expect(late.patches.isEmpty && late.spooledBatches.count == 1)
    }

    @Test func `a raise that waited for the spool gives way to what a later tick decided`() throws {
        var bench = try ShipperBench()
        bench.learnBase()
        let claim = StreamClaim(epoch: 1, nonce: 1, head: StreamHead(sequence: 0, digest: HashChainOfBench.genesis))
        let grant = Grant(
            cluster: "plant-a", version: GrantVersion(term: 1, version: 1), timeToLive: .seconds(300),
            rates: [.init(workload: "telemetry", rate: .megabits(400))], foldedThrough: nil)
        _ = bench.step(.logAnswered(.opened(claim, grant: grant, newest: [])))
        var hanging: Shipper.SpoolBatch?
        for _ in 0..<6 where hanging == nil {
            let effects = bench.tick(delay: .microseconds(20), used: bench.limitRate)
            if bench.process.awaiting != nil { hanging = effects.spooledBatches.first } else { _ = bench.settle(effects) }
        }
        let batch = try #require(hanging, "no tick raised")
        let brake = try #require(bench.tick(delay: .milliseconds(4), used: bench.limitRate).patches.first)
        #expect(brake.desired < bench.limitRate && brake.decision == nil)
        #expect(bench.step(.spooled(batch: batch.id)).patches.isEmpty, "the raise of the tick before")
    }

    @Test func `while the spool takes nothing, memory is bounded, and it is tried again and again`() throws {
        var bench = try ShipperBench()
        bench.learnBase()
        for _ in 0..<2_600 {
            let effects = bench.tick(delay: .milliseconds(4))
            let batch = try #require(effects.spooledBatches.first, "a spool that failed is offered the next batch")
            let patches = effects.patches + bench.step(.spoolFailed(batch: batch.id, problem: "disk full")).patches
            for patch in patches {
                let told = bench.step(.patchSettled(PatchReport(workload: patch.workload, desired: patch.desired, result: .refused, objectCount: 0)))
                for batch in told.spooledBatches { _ = bench.step(.spoolFailed(batch: batch.id, problem: "disk full")) }
            }
        }
        #expect(bench.process.unspooled.count + bench.process.pendingFacts.count <= 2_000 + 256 + 4)
        #expect(bench.process.status.rowsNotMade > 0 && bench.process.status.factsNotTold > 0)
        // The disk is back: what was kept goes there, in order and whole.
        let batch = try #require(bench.tick(delay: .milliseconds(4)).spooledBatches.first)
        #expect(zip(batch.entries, batch.entries.dropFirst()).allSatisfy { $0.sequence + 1 == $1.sequence })
        _ = bench.step(.spooled(batch: batch.id))
        #expect(!bench.tick(delay: .milliseconds(4)).spooledBatches.isEmpty)
    }

    @Test func `a loss is mentioned once, however often the log is told of it`() throws {
        var bench = try ShipperBench()
        bench.learnBase()
        let genesis = StreamHead(sequence: 0, digest: HashChainOfBench.genesis)
        let hole = SpoolReading(
            previousDigest: nil, entries: [], digests: [], hole: .init(last: 3, digestBefore: nil, digestAfter: .zero, cause: "damaged"))
        var mentions = 0
        for round in 0..<30 {
            bench.wait(.seconds(60))
            _ = bench.step(.woke)
            let opened = bench.step(.logAnswered(.opened(StreamClaim(epoch: Int64(round) + 1, nonce: 1, head: genesis), grant: nil, newest: [])))
            guard opened.contains(.readSpool(after: 0)) else { continue }
            for batch in bench.step(.spoolRead(hole)).spooledBatches { mentions += batch.entries.count }
            // The spool hangs, and the log goes away.
            _ = bench.step(.logUnreachable)
        }
        #expect(mentions == 1)
        // What waits for the hanging spool counts too.
        #expect(bench.process.status.entriesLost == 3)
    }

    @Test func `what waits for the log is counted, and fences, duplicates and a log that moved back`() throws {
        var bench = try ShipperBench()
        #expect(bench.process.status.backlog == 0 && bench.process.status.logStanding == .connecting)
        let batch = try #require(bench.tick(delay: .microseconds(50)).spooledBatches.first)
        _ = bench.step(.spooled(batch: batch.id))
        let waiting = Int64(batch.entries.count)
        #expect(bench.process.status.backlog == waiting)
        let genesis = StreamHead(sequence: 0, digest: HashChainOfBench.genesis)
        func opened(_ epoch: Int64) -> ShipperInput { .logAnswered(.opened(StreamClaim(epoch: epoch, nonce: 1, head: genesis), grant: nil, newest: [])) }
        _ = bench.step(opened(1))
        #expect(bench.process.status.logStanding == .writing)
        _ = bench.step(.logAnswered(.fenced(currentEpoch: 2)))
        #expect(bench.process.status.timesFenced == 1 && bench.process.status.logStanding == .away)
        _ = bench.step(opened(3))
        let last = try #require(batch.entries.last)
        _ = bench.step(.logAnswered(.duplicate(StreamHead(sequence: last.sequence, digest: last.digest), grant: nil)))
        #expect(bench.process.status.duplicates == 1 && bench.process.status.backlog == 0)
        _ = bench.step(opened(4))
        #expect(bench.process.status.timesMovedBack == 1 && bench.process.status.backlog == waiting)
        #expect(bench.process.status.timesFenced == 1)
    }

    @Test func `an enforcer that says the impossible makes no row that the log must refuse`() throws {
        var bench = try ShipperBench()
        bench.limit = .limited(BitRate(bitsPerSecond: .max))
        bench.replicas = -4
        let entries = bench.tick(delay: .microseconds(50)).spooledBatches.flatMap(\.entries).map(\.entry)
        var log = LogMachine(hash: .libcrypto)
        guard case .opened(let claim, _, _) = log.apply(.open(OpenRequest(stream: ShipperBench.stream, highestEpochSeen: 0)), nonce: 1) else {
            Issue.record("not opened")
            return
        }
        let answer = log.apply(
            .append(
                AppendRequest(
                    stream: ShipperBench.stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: 1, previousDigest: claim.head.digest,
                    entries: entries)), nonce: 1)
        guard case .stored = answer else {
            Issue.record("\(answer)")
            return
        }
        let ticks = try entries.compactMap { if case .tick(let tick) = try $0.decoded() { tick } else { nil } }
        #expect(ticks.first?.workloads.first?.replicas == 0 && ticks.first?.workloads.first?.applied == nil)
    }

    @Test func `what a full spool refused is offered again with the same numbers and digests`() throws {
        var bench = try ShipperBench()
        let first = try #require(bench.tick(delay: .microseconds(50)).spooledBatches.first)
        _ = bench.step(.spoolFailed(batch: first.id, problem: "disk full"))
        let second = try #require(bench.tick(delay: .microseconds(50)).spooledBatches.first)
        #expect(Array(second.entries.prefix(first.entries.count)) == first.entries)
        #expect(second.entries.map(\.sequence) == Array(1...Int64(second.entries.count)))
    }

    @Test func `a workload of which nothing runs is neither patched nor unenforced, and its flow's suffering is not ours`() throws {
        var bench = try ShipperBench()
        bench.learnBase()
        bench.limit = .absent
        var rows: [LoopDecision] = []
        for _ in 0..<6 {
            let effects = bench.tick(delay: .milliseconds(4), used: .zero)
            for case .tick(let tick) in try effects.spooledBatches.flatMap(\.entries).map({ try $0.entry.decoded() }) {
                rows += [tick.decision].compactMap { $0 }
                #expect(tick.workloads.first?.replicas == 0 && tick.workloads.first?.used == .zero)
            }
            #expect(bench.settle(effects).isEmpty)
        }
        #expect(rows.map(\.outcome.reason) == Array(repeating: .notOurTraffic, count: 6))
        #expect(!rows.contains { $0.input.evidence.contains(.notEnforced) })
    }

    @Test func `a replica with a new spool goes on from its colleague's law, though it has decided once by itself`() throws {
        var bench = try ShipperBench()
        let first = bench.tick(delay: .microseconds(20))
        let own = try #require(try first.decision)
        _ = bench.settle(first)
        let law = try Law(name: Law.defaultName)
        var input = own.input
        (input.raw, input.used, input.evidence) = (.microseconds(9_000), .megabits(95), [.freshSinceDecrease, .freshSinceChange, .confirmed, .baseProven, .mayAct])
        let braked = law.step(state: law.initialState, input: input)
        let row = Tick(
            number: 7, at: WallTime(microseconds: 1_795_000_000_000_000), intervalMilliseconds: 5_000, rosterSequence: 1, leaseTransitions: 1,
            grant: nil, flows: [], workloads: [],
            decision: LoopDecision(link: 0, law: 0, stateBefore: law.initialState, input: input, outcome: braked.outcome))
        let colleague = LogPosition(stream: StreamName(cluster: "plant-a", spool: "00000002"), sequence: 9)
        let claim = StreamClaim(epoch: 1, nonce: 1, head: StreamHead(sequence: 0, digest: HashChainOfBench.genesis))
        _ = bench.step(.logAnswered(.opened(claim, grant: nil, newest: [PositionedTick(position: colleague, tick: row)])))
        let next = try #require(try bench.tick(delay: .microseconds(20)).decision)
        #expect(next.stateBefore == braked.state && next.stateBefore != law.initialState)
        #expect(next.input.evidence.contains(.resumed))
    }

    @Test func `without a living grant nothing is ever raised`() throws {
        var bench = try ShipperBench()
        for _ in 0..<40 {
            let patches = bench.settle(bench.tick(delay: .microseconds(20)))
            #expect(patches.isEmpty)
        }
    }

    @Test func `a grant that lives lets a used limit rise, and an expired one does not`() throws {
        var bench = try ShipperBench()
        for _ in 0..<4 { _ = bench.settle(bench.tick(delay: .microseconds(20))) }
        let grant = Grant(
            cluster: "plant-a", version: GrantVersion(term: 1, version: 1), timeToLive: .seconds(30),
            rates: [.init(workload: "telemetry", rate: .megabits(400))], foldedThrough: nil)
        let claim = StreamClaim(epoch: 1, nonce: 1, head: StreamHead(sequence: 0, digest: HashChainOfBench.genesis))
        _ = bench.step(.logAnswered(.opened(claim, grant: grant, newest: [])))
        var raised: [WorkloadPatch] = []
        for _ in 0..<5 { raised += bench.settle(bench.tick(delay: .microseconds(20), used: bench.limitRate)) }
        #expect(!raised.isEmpty && raised.allSatisfy { $0.desired <= .megabits(400) })
        let standing = bench.limitRate
        for _ in 0..<20 { _ = bench.settle(bench.tick(delay: .microseconds(20), used: bench.limitRate)) }
        #expect(bench.limitRate == standing, "the grant expired after 30 s")
    }

    @Test func `silence raises nothing, and after some ticks steps down`() throws {
        var bench = try ShipperBench()
        for _ in 0..<3 { _ = bench.settle(bench.tick(delay: .microseconds(20))) }
        let before = bench.limitRate
        for _ in 0..<10 { _ = bench.settle(bench.tick(delay: nil)) }
        #expect(bench.limitRate < before)
        #expect(bench.limitRate >= .megabits(10))
    }

    @Test func `a new object is limited at once, and how long it ran without is told`() throws {
        var bench = try ShipperBench()
        bench.learnBase()
        let lowered = try #require(bench.settle(bench.tick(delay: .milliseconds(4))).first)
        bench.wait(.seconds(2))
        let patch = try #require(bench.step(.workloadArrived("telemetry")).patches.first)
        #expect(patch.desired == lowered.desired && patch.before == nil && patch.decision == lowered.decision)
        // One more comes while the patch is on its way: it may not have been seen, so its end asks again.
        bench.wait(.milliseconds(30))
        #expect(bench.step(.workloadArrived("telemetry")).isEmpty)
        bench.wait(.milliseconds(10))
        let settled = bench.step(.patchSettled(PatchReport(workload: "telemetry", desired: patch.desired, result: .applied, objectCount: 2)))
        #expect(settled.patches.map(\.desired) == [lowered.desired])
        bench.wait(.milliseconds(5))
        let last = bench.step(.patchSettled(PatchReport(workload: "telemetry", desired: patch.desired, result: .applied, objectCount: 3)))
        #expect(last.patches.isEmpty)
        let arrivals = try #require(bench.process.status.arrivals["telemetry"])
        #expect(arrivals.count == 2 && arrivals.longest == .milliseconds(40) && arrivals.unenforced == .milliseconds(55))
    }

    @Test func `a workload to which objects came while no shipper ran goes on from no more than it had`() throws {
        var bench = try ShipperBench()
        bench.learnBase()
        let lowered = try #require(bench.settle(bench.tick(delay: .milliseconds(4))).first)
        let kept = try #require(bench.tick(delay: .microseconds(20)).spooledBatches.last).keyValues
        #expect(lowered.desired < .megabits(100))
        for (keyValues, expected) in [([:], .megabits(100)), (kept, lowered.desired)] as [([String: [UInt8]], BitRate)] {
            var restarted = try ShipperBench(keyValues: keyValues)
            (restarted.limit, restarted.replicas) = (.unlimited, 2)
            #expect(restarted.settle(restarted.tick(delay: .microseconds(20))).map(\.desired) == [expected])
        }
    }

    @Test func `who takes over while a new object has no limit goes on from what stood before it came`() throws {
        var bench = try ShipperBench()
        _ = bench.step(.leadershipChanged(isLeader: false, transitions: 3, holder: "other"))
        bench.limit = .limited(.megabits(40))
        _ = bench.settle(bench.tick(delay: .microseconds(20)))
        bench.limit = .unlimited
        _ = bench.settle(bench.tick(delay: .microseconds(20)))
        _ = bench.step(.leadershipChanged(isLeader: true, transitions: 4, holder: "bench"))
        #expect(bench.settle(bench.tick(delay: .microseconds(20))).map(\.desired) == [.megabits(40)])
    }

    @Test func `a patch that came to nothing goes on counting the time without a limit`() throws {
        var bench = try ShipperBench()
        bench.learnBase()
        let lowered = try #require(bench.settle(bench.tick(delay: .milliseconds(4))).first)
        _ = bench.step(.workloadArrived("telemetry"))
        bench.wait(.seconds(1))
        _ = bench.step(.patchSettled(PatchReport(workload: "telemetry", desired: lowered.desired, result: .unknown, objectCount: 0)))
        #expect(bench.process.status.arrivals.isEmpty)
        _ = bench.step(.workloadArrived("telemetry"))
        bench.wait(.seconds(2))
        _ = bench.step(.patchSettled(PatchReport(workload: "telemetry", desired: lowered.desired, result: .applied, objectCount: 1)))
        #expect(bench.process.status.arrivals["telemetry"]?.longest == .seconds(3))
    }

    @Test func `before the first decision, while it observes or stands by, a new object changes nothing`() throws {
        var fresh = try ShipperBench()
        #expect(fresh.step(.workloadArrived("telemetry")).isEmpty)
        #expect(fresh.step(.workloadArrived("nobody's")).isEmpty)
        var observing = try ShipperBench(mode: .observe)
        _ = observing.settle(observing.tick(delay: .milliseconds(4)))
        #expect(observing.step(.workloadArrived("telemetry")).isEmpty)
    }

    @Test(arguments: [false, true])
    func `one that observes, or that does not lead, decides and patches nothing`(leads: Bool) throws {
        var bench = try ShipperBench(mode: leads ? .observe : .enforce)
        if !leads { _ = bench.step(.leadershipChanged(isLeader: false, transitions: 3, holder: "other")) }
        for _ in 0..<5 {
            let effects = bench.tick(delay: .milliseconds(4))
            #expect(!effects.spooledBatches.isEmpty, "it measures and says what it thinks all the same")
            #expect(bench.settle(effects).isEmpty)
        }
    }

    @Test func `no rate ever leaves the guardrails, whatever is measured`() throws {
        var random = SplitMix(seed: 7)
        for delivery in [ClusterSpecification.Delivery.pull, .standalone] {
            var bench = try ShipperBench(delivery: delivery)
            for _ in 0..<300 {
                let delay: Nanoseconds? = random.next() % 5 == 0 ? nil : .microseconds(Int64(random.next() % 6_000))
                let used = BitRate(bitsPerSecond: Int64(random.next() % 1_200_000_000))
                for patch in bench.settle(bench.tick(delay: delay, used: used)) {
                    #expect(patch.desired >= .megabits(10) && patch.desired <= .megabits(1000))
                }
            }
        }
    }

    @Test(arguments: [false, true]) func `while a new spool is being begun, what the log says of the old one is done to neither`(isRenewing: Bool) throws {
        var bench = try ShipperBench()
        bench.learnBase()
        if isRenewing {
            let batch = try #require(bench.tick(delay: .zero).spooledBatches.first)
            let effects = bench.step(.spoolFailed(batch: batch.id, problem: "file is not a database", isBeyondUse: true))
            #expect(effects.contains { if case .renewSpool = $0 { true } else { false } })
        }
        let claim = StreamClaim(epoch: 7, nonce: 1, head: StreamHead(sequence: 0, digest: HashChainOfBench.genesis))
        let done = bench.step(.logAnswered(.opened(claim, grant: nil, newest: []))).filter { effect in
            switch effect {
            case .readSpool, .acknowledge, .rememberEpoch, .send: true
            default: false
            }
        }
        #expect(done.isEmpty == isRenewing, "\(done)")
    }
}
