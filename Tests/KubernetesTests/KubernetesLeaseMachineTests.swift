// Aim: never two leaders in trust at one instant, whatever clocks, losses and restarts do; and always one again when all is well.
// Method: scripts step by step, and a seeded simulation of several candidates with clocks that are apart, against one Lease.
import Kubernetes
import Quantities
import Testing

private func instant(_ seconds: Double, wall: Double? = nil) -> Now {
    Now(
        monotonic: MonotonicTime(nanoseconds: Int64(seconds * 1e9)),
        wall: WallTime(microseconds: 1_795_000_000_000_000 + Int64((wall ?? seconds) * 1e6)))
}
private func settings(_ identity: String) -> KubernetesLeaseMachine.Settings { .init(identity: identity) }

/// The Lease of a server that checks versions.
private struct LeaseServer {
    var lease: ObservedLease?
    var version = 0

    mutating func carryOut(_ step: KubernetesLeaseMachine.Step) -> KubernetesLeaseMachine.Answer {
        switch step {
        case .wait: return .failed
        case .get: return lease.map { .found($0) } ?? .missing
        case .create(let record): return lease == nil ? store(record) : .conflict
        case .update(let record, let over): return lease?.resourceVersion == over.resourceVersion ? store(record) : .conflict
        }
    }
    private mutating func store(_ record: LeaseRecord) -> KubernetesLeaseMachine.Answer {
        version += 1
        let stored = ObservedLease(record: record, resourceVersion: String(version))
        lease = stored
        return .written(stored)
    }
}

/// Runs a machine until it wants to wait.
private func run(_ machine: inout KubernetesLeaseMachine, _ server: inout LeaseServer, at now: Now) -> MonotonicTime {
    while true {
        let step = machine.next(at: now)
        if case .wait(let until) = step { return until }
        machine.began(step)
        machine.answered(server.carryOut(step), sentAt: now.monotonic, at: now.monotonic, jitterThousandths: 0)
    }
}

@Suite struct KubernetesLeaseMachineTests {
    @Test func `the first candidate creates the Lease and leads from the moment it sent`() {
        var machine = KubernetesLeaseMachine(settings: settings("a"))
        var server = LeaseServer()
        #expect(!machine.leads(at: instant(0).monotonic))
        let next = run(&machine, &server, at: instant(1))
        #expect(next == instant(3).monotonic)
        #expect(machine.leads(at: instant(10.9).monotonic))
        #expect(!machine.leads(at: instant(11).monotonic), "trust ends 10 s after sending, 5 s before anybody may take the lease")
        #expect(server.lease?.record == LeaseRecord(
            holder: "a", durationSeconds: 15, acquireTime: "2026-11-18T11:06:41.000000Z", renewTime: "2026-11-18T11:06:41.000000Z", transitions: 0))
    }

    @Test func `a newcomer waits one duration after it first saw the record, whatever the record's times say`() {
        var server = LeaseServer()
        var leader = KubernetesLeaseMachine(settings: settings("a"))
        _ = run(&leader, &server, at: instant(0, wall: -100_000))
        var newcomer = KubernetesLeaseMachine(settings: settings("b"))
        #expect(run(&newcomer, &server, at: instant(1_000)) == instant(1_002).monotonic)
        for second in stride(from: 1_002.0, to: 1_015, by: 2) {
            _ = run(&newcomer, &server, at: instant(second))
            #expect(!newcomer.leads(at: instant(second).monotonic))
        }
        _ = run(&newcomer, &server, at: instant(1_015))
        #expect(newcomer.leads(at: instant(1_015).monotonic))
        #expect(newcomer.transitions == 1)
        #expect(server.lease?.record.holder == "b")
    }

    @Test func `a renewal starts another's waiting again`() {
        var server = LeaseServer()
        var leader = KubernetesLeaseMachine(settings: settings("a"))
        var newcomer = KubernetesLeaseMachine(settings: settings("b"))
        for second in stride(from: 0.0, to: 200, by: 2) {
            _ = run(&leader, &server, at: instant(second))
            _ = run(&newcomer, &server, at: instant(second + 1))
            #expect(leader.leads(at: instant(second + 1).monotonic))
            #expect(!newcomer.leads(at: instant(second + 1).monotonic))
        }
        #expect(server.lease?.record.transitions == 0)
        #expect(server.lease?.record.acquireTime == "2026-11-18T11:06:40.000000Z")
    }

    @Test func `a leader that cannot reach the server stops trusting itself`() {
        var server = LeaseServer()
        var leader = KubernetesLeaseMachine(settings: settings("a"))
        _ = run(&leader, &server, at: instant(0))
        for second in stride(from: 2.0, to: 30, by: 2) {
            let step = leader.next(at: instant(second))
            guard step != .wait(until: instant(second).monotonic) else { continue }
            leader.began(step)
            leader.answered(.failed, sentAt: instant(second).monotonic, at: instant(second).monotonic, jitterThousandths: 0)
            #expect(leader.leads(at: instant(second).monotonic) == (second < 10))
        }
    }

    @Test func `a renewal whose answer was lost is found as its own`() {
        var server = LeaseServer()
        var leader = KubernetesLeaseMachine(settings: settings("a"))
        _ = run(&leader, &server, at: instant(0))
        let step = leader.next(at: instant(2))
        leader.began(step)
        _ = server.carryOut(step)
        leader.answered(.failed, sentAt: instant(2).monotonic, at: instant(5).monotonic, jitterThousandths: 0)
        _ = run(&leader, &server, at: instant(7))
        #expect(leader.leads(at: instant(16.9).monotonic))
        #expect(server.lease?.record.transitions == 0)
    }

    @Test func `a leader that sees another's name stops at once`() {
        var server = LeaseServer()
        var leader = KubernetesLeaseMachine(settings: settings("a"))
        _ = run(&leader, &server, at: instant(0))
        let thief = LeaseRecord(holder: "b", durationSeconds: 15, acquireTime: "", renewTime: "", transitions: 7)
        server.lease = ObservedLease(record: thief, resourceVersion: "99")
        _ = run(&leader, &server, at: instant(2))
        #expect(!leader.leads(at: instant(2).monotonic))
        #expect(leader.transitions == 7)
    }

    @Test func `a restart under the same name waits as for a stranger`() {
        var server = LeaseServer()
        var before = KubernetesLeaseMachine(settings: settings("a"))
        _ = run(&before, &server, at: instant(0))
        var after = KubernetesLeaseMachine(settings: settings("a"))
        _ = run(&after, &server, at: instant(1))
        #expect(!after.leads(at: instant(1).monotonic))
        _ = run(&after, &server, at: instant(16.1))
        #expect(after.leads(at: instant(16.1).monotonic))
        #expect(after.transitions == 1, "and takes a new term")
    }

    @Test func `a released lease is taken at once, in a new term`() throws {
        var server = LeaseServer()
        var leader = KubernetesLeaseMachine(settings: settings("a"))
        _ = run(&leader, &server, at: instant(0))
        let step = leader.release(at: instant(1))
        let release = try #require(step)
        #expect(!leader.leads(at: instant(1).monotonic))
        _ = server.carryOut(release)
        #expect(server.lease?.record.holder == "")
        #expect(server.lease?.record.durationSeconds == 1)
        var next = KubernetesLeaseMachine(settings: settings("b"))
        _ = run(&next, &server, at: instant(1))
        #expect(next.leads(at: instant(1).monotonic))
        #expect(next.transitions == 1)
    }

    @Test func `a deleted Lease begins anew above the last term seen`() {
        var server = LeaseServer()
        var leader = KubernetesLeaseMachine(settings: settings("a"))
        server.lease = ObservedLease(
            record: LeaseRecord(holder: "", durationSeconds: 1, acquireTime: "", renewTime: "", transitions: 41), resourceVersion: "5")
        _ = run(&leader, &server, at: instant(0))
        #expect(leader.transitions == 42)
        server.lease = nil
        _ = run(&leader, &server, at: instant(2))
        _ = run(&leader, &server, at: instant(4))
        #expect(leader.leads(at: instant(4).monotonic))
        #expect(leader.transitions == 43)
    }

    @Test(arguments: 0..<16)
    func `never two trust themselves at once, and in the end one does`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var server = LeaseServer()
        // Monotonic clocks start anywhere and run up to a tenth of a percent apart; wall clocks are anything.
        var nodes = (0..<3).map { index in
            (machine: KubernetesLeaseMachine(settings: settings("n\(index)")), offset: Double.random(in: 0...1e6, using: &random),
             rate: Double.random(in: 0.999...1.001, using: &random), due: 0.0, pausedUntil: 0.0)
        }
        var generation = 3
        for tenth in 0..<12_000 {
            let time = Double(tenth) / 10
            let isCalm = tenth > 9_000
            for index in nodes.indices {
                let local = instant(nodes[index].offset + time * nodes[index].rate, wall: Double.random(in: -1e6...1e6, using: &random))
                if !isCalm && Int.random(in: 0..<2_000, using: &random) == 0 { nodes[index].pausedUntil = time + Double.random(in: 0...40, using: &random) }
                if !isCalm && Int.random(in: 0..<5_000, using: &random) == 0 {
                    generation += 1
                    nodes[index].machine = KubernetesLeaseMachine(settings: settings("n\(generation)"))
                    nodes[index].due = 0
                }
                guard time >= nodes[index].pausedUntil, local.monotonic.nanoseconds >= Int64(nodes[index].due) else { continue }
                for _ in 0..<4 {
                    let step = nodes[index].machine.next(at: local)
                    if case .wait(let until) = step {
                        nodes[index].due = Double(until.nanoseconds)
                        break
                    }
                    nodes[index].machine.began(step)
                    let isLost = !isCalm && Int.random(in: 0..<4, using: &random) == 0
                    let isDone = !isLost || Bool.random(using: &random)
                    let answer = isDone ? server.carryOut(step) : .failed
                    nodes[index].machine.answered(
                        isLost ? .failed : answer, sentAt: local.monotonic, at: local.monotonic,
                        jitterThousandths: Int64.random(in: 0...1_000, using: &random))
                }
            }
            let leaders = nodes.count { node in node.machine.leads(at: instant(node.offset + time * node.rate).monotonic) }
            // Not `#expect`, which would cost more than the whole simulation.
            if leaders > 1 { Issue.record("seed \(seed): \(leaders) leaders at \(time) s") }
            if tenth == 11_999 { #expect(leaders == 1, "seed \(seed): nobody leads in the end") }
        }
    }
}

/// SplitMix64: the same numbers from the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1 }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
