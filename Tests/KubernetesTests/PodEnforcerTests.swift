// Aim: a Pod's limit is only ever changed by whoever may, to what was meant, and every other ending is told apart.
// Method: the real client against the scripted API server, whose words are held against recorded ones elsewhere.
import HTTPTransport
import Kubernetes
import Quantities
import ScriptedHTTP
import ScriptedKubernetesAPI
import Synchronization
import Testing

let bandwidth = "kubernetes.io/egress-bandwidth"

/// One API server with one workload, and an enforcer that speaks to it.
struct EnforcerBench {
    let api = ScriptedKubernetesAPI()
    let enforcer: PodEnforcer
    let workload = WorkloadReference(kind: .deployment, namespace: "default", name: "telemetry")!

    init(deadline: Duration = .seconds(30), pacing: APIServerPacing = APIServerPacing()) {
        api.addWorkload(name: "telemetry", labels: ["app": "telemetry"])
        let client = KubernetesClient(connection: ClusterConnection(server: api.url), http: HTTPClient(), deadline: deadline) {
            Now(monotonic: MonotonicTime(nanoseconds: 1_000_000_000), wall: WallTime(microseconds: 1_795_000_000_000_000))
        }
        enforcer = PodEnforcer(client: client, pacing: pacing, jitterThousandths: { 0 })
    }

    func addPod(_ name: String, _ annotations: [String: String]? = nil, phase: String = "Running", hostNetwork: Bool = false) {
        api.addPod(name: name, labels: ["app": "telemetry"], annotations: annotations, phase: phase, hostNetwork: hostNetwork)
    }
    func apply(
        _ desired: BitRate, decision: String = "plant-a/s1/7", epoch: Int64 = 3, newerTerm: PodEnforcer.NewerTermRule = .refuse,
        mayRaise: @escaping @Sendable (PodReadBack) -> Bool = { _ in true }
    ) async throws -> [String] {
        try await enforcer.apply(
            workload: workload, desired: desired, decision: decision, epoch: epoch, newerTerm: newerTerm, mayRaise: mayRaise
        ).map(\.result.name)
    }
    func patches() -> [ScriptedRequest] { api.requests.filter { $0.method == "PATCH" } }
    static func ours(_ limit: String, decision: String = "plant-a/s1/6", epoch: Int64 = 3) -> [String: String] {
        [bandwidth: limit, FairleadAnnotation.decision: decision, FairleadAnnotation.epoch: String(epoch)]
    }
}

/// Something that is true until it is turned off.
final class Switch: Sendable {
    private let state = Mutex(true)
    var isOn: Bool { state.withLock { $0 } }
    func turnOff() { state.withLock { $0 = false } }
}

@Suite struct PodEnforcerTests {
    @Test func `the rate is divided among the Pods, rounded down, and read back`() async throws {
        let bench = EnforcerBench()
        for name in ["a", "b", "c"] { bench.addPod(name) }
        #expect(try await bench.apply(.megabits(100)) == ["applied", "applied", "applied"])
        for name in ["a", "b", "c"] {
            #expect(bench.api.annotations(pod: name) == [
                bandwidth: "33333333", FairleadAnnotation.decision: "plant-a/s1/7", FairleadAnnotation.epoch: "3",
            ])
        }
        let readBack = try await bench.enforcer.readBack(workload: bench.workload)
        #expect(readBack.map(\.name) == ["a", "b", "c"])
        #expect(readBack.map(\.rate) == Array(repeating: BitRate(bitsPerSecond: 33_333_333), count: 3))
        #expect(readBack.map(\.decision) == Array(repeating: "plant-a/s1/7", count: 3))
        #expect(readBack.map(\.epoch) == [3, 3, 3])
    }

    @Test func `only Pods on which a limit takes effect count and are written`() async throws {
        let bench = EnforcerBench()
        bench.addPod("running", [:])
        bench.addPod("pending", phase: "Pending")
        bench.addPod("host", hostNetwork: true)
        bench.addPod("ending", [:])
        bench.api.terminatePod(name: "ending")
        bench.api.addPod(name: "stranger", labels: ["app": "other"])
        #expect(try await bench.apply(.megabits(50)) == ["applied"])
        #expect(bench.api.annotations(pod: "running")?[bandwidth] == "50M")
        for name in ["pending", "host", "ending", "stranger"] { #expect(bench.api.annotations(pod: name)?[bandwidth] == nil) }
    }

    @Test(arguments: [0, 1, 999, 2_999])
    func `a rate too small to enforce becomes the smallest one, never zero`(bitsPerSecond: Int64) async throws {
        let bench = EnforcerBench()
        for name in ["a", "b", "c"] { bench.addPod(name) }
        #expect(try await bench.apply(BitRate(bitsPerSecond: bitsPerSecond)) == ["applied", "applied", "applied"])
        #expect(bench.api.annotations(pod: "a")?[bandwidth] == "1k")
    }

    @Test func `what stands already is not sent again`() async throws {
        let bench = EnforcerBench()
        bench.addPod("a", EnforcerBench.ours("20M"))
        #expect(try await bench.apply(.megabits(20)) == ["unchanged"])
        #expect(bench.patches().isEmpty)
    }

    @Test func `the first write holds the Pod by uid and version, later ones by uid and both annotations`() async throws {
        let bench = EnforcerBench()
        bench.addPod("a")
        _ = try await bench.apply(.megabits(20))
        _ = try await bench.apply(.megabits(10), decision: "plant-a/s1/8")
        let bodies = bench.patches().map(\.bodyText)
        #expect(bodies.count == 2)
        #expect(bodies[0] == #"[{"op":"test","path":"/metadata/uid","value":"00000000-0000-4000-8000-000000000002"},"#
            + #"{"op":"test","path":"/metadata/resourceVersion","value":"102"},"#
            + #"{"op":"add","path":"/metadata/annotations","value":{"kubernetes.io/egress-bandwidth":"20M","fairlead.dev/decision":"plant-a/s1/7","fairlead.dev/epoch":"3"}}]"#)
        #expect(bodies[1] == #"[{"op":"test","path":"/metadata/uid","value":"00000000-0000-4000-8000-000000000002"},"#
            + #"{"op":"test","path":"/metadata/annotations/fairlead.dev~1decision","value":"plant-a/s1/7"},"#
            + #"{"op":"test","path":"/metadata/annotations/fairlead.dev~1epoch","value":"3"},"#
            + #"{"op":"add","path":"/metadata/annotations/kubernetes.io~1egress-bandwidth","value":"10M"},"#
            + #"{"op":"add","path":"/metadata/annotations/fairlead.dev~1decision","value":"plant-a/s1/8"},"#
            + #"{"op":"add","path":"/metadata/annotations/fairlead.dev~1epoch","value":"3"}]"#)
        #expect(bench.patches().allSatisfy { $0.query("fieldManager") == "fairlead" && $0.header("Content-Type") == "application/json-patch+json" })
    }

    @Test func `a brake that loses its race reads again and brakes`() async throws {
        let bench = EnforcerBench()
        bench.addPod("a", EnforcerBench.ours("100M"))
        bench.api.script(.before { api in api.setAnnotation(pod: "a", FairleadAnnotation.decision, "other/s/1") }) { $0.method == "PATCH" }
        #expect(try await bench.apply(.megabits(20)) == ["applied"])
        #expect(bench.api.annotations(pod: "a")?[bandwidth] == "20M")
        #expect(bench.patches().count == 2)
    }

    @Test func `a raise that loses its race is left to be decided anew`() async throws {
        let bench = EnforcerBench()
        bench.addPod("a", EnforcerBench.ours("10M"))
        bench.api.script(.before { api in api.setAnnotation(pod: "a", FairleadAnnotation.decision, "other/s/1") }) { $0.method == "PATCH" }
        #expect(try await bench.apply(.megabits(20)) == ["lost_race"])
        #expect(bench.api.annotations(pod: "a")?[bandwidth] == "10M")
    }

    @Test func `a brake that always loses gives up after its attempts`() async throws {
        let bench = EnforcerBench()
        bench.addPod("a", EnforcerBench.ours("100M"))
        bench.api.script(.conflict, times: 100) { $0.method == "PATCH" }
        #expect(try await bench.apply(.megabits(20)) == ["lost_race"])
        #expect(bench.patches().count == PodEnforcer.maximumBrakeAttempts)
    }

    @Test func `a leader that was paused between deciding and sending changes nothing after the takeover`() async throws {
        let bench = EnforcerBench()
        bench.addPod("a", EnforcerBench.ours("50M", epoch: 3))
        let arrived = Signal()
        let release = Signal()
        bench.api.script(.hold(arrived: arrived, release: release)) { $0.method == "PATCH" }
        let zombie = Task { try await bench.apply(.megabits(80), decision: "coordinator/9", epoch: 3) }
        await arrived.wait()
        let successor = try await bench.enforcer.claim(workload: bench.workload, term: 4, decision: "coordinator/10")
        #expect(successor.map(\.result.name) == ["applied"])
        release.raise()
        #expect(try await zombie.value == ["lost_race"])
        #expect(bench.api.annotations(pod: "a") == EnforcerBench.ours("50M", decision: "coordinator/10", epoch: 4))
        #expect(try await bench.apply(.megabits(10), decision: "coordinator/11", epoch: 3) == ["fenced"])
        #expect(bench.api.annotations(pod: "a")?[bandwidth] == "50M")
    }

    @Test func `a paused leader's brake on the way changes nothing either`() async throws {
        let bench = EnforcerBench()
        bench.addPod("a", EnforcerBench.ours("50M", epoch: 3))
        let arrived = Signal()
        let release = Signal()
        bench.api.script(.hold(arrived: arrived, release: release)) { $0.method == "PATCH" }
        let zombie = Task { try await bench.apply(.megabits(20), decision: "coordinator/9", epoch: 3) }
        await arrived.wait()
        _ = try await bench.enforcer.claim(workload: bench.workload, term: 4)
        release.raise()
        #expect(try await zombie.value == ["fenced"])
        #expect(bench.api.annotations(pod: "a")?[bandwidth] == "50M")
    }

    @Test func `a leader whose trust ended while it read writes nothing, not even on a Pod that carries no term yet`() async throws {
        let bench = EnforcerBench()
        bench.addPod("a", EnforcerBench.ours("50M", epoch: 3))
        let trust = Switch()
        let (arrived, release) = (Signal(), Signal())
        bench.api.script(.hold(arrived: arrived, release: release)) { $0.method == "GET" && $0.path.hasSuffix("/pods") }
        let zombie = Task {
            try await bench.enforcer.apply(
                workload: bench.workload, desired: .megabits(20), decision: "coordinator/9", epoch: 3, isTrusted: { trust.isOn })
        }
        await arrived.wait()
        _ = try await bench.enforcer.claim(workload: bench.workload, term: 4)
        bench.addPod("made-after-the-claim")
        trust.turnOff()
        let sent = bench.patches().count
        release.raise()
        #expect(try await zombie.value.map { "\($0.pod) \($0.result.name)" } == ["a fenced", "made-after-the-claim deposed"])
        #expect(bench.patches().count == sent)
        #expect(bench.api.annotations(pod: "made-after-the-claim")?[bandwidth] == nil)
        #expect(
            try await bench.enforcer.claim(workload: bench.workload, term: 3, isTrusted: { trust.isOn }).map(\.result.name)
                == ["fenced", "deposed"])
    }

    @Test func `a first write that left under trust and arrives after the claim fails its test on the version`() async throws {
        let bench = EnforcerBench()
        bench.addPod("bare")
        let trust = Switch()
        let (arrived, release) = (Signal(), Signal())
        bench.api.script(.hold(arrived: arrived, release: release)) { $0.method == "PATCH" }
        let zombie = Task {
            try await bench.enforcer.apply(
                workload: bench.workload, desired: .megabits(20), decision: "coordinator/9", epoch: 3, isTrusted: { trust.isOn })
        }
        await arrived.wait()
        trust.turnOff()
        _ = try await bench.enforcer.claim(workload: bench.workload, term: 4)
        bench.addPod("made-after-the-claim")
        release.raise()
        #expect(try await zombie.value.map { "\($0.pod) \($0.result.name)" } == ["bare fenced"])
        #expect(bench.api.annotations(pod: "bare") == [FairleadAnnotation.epoch: "4"])
        #expect(bench.api.annotations(pod: "made-after-the-claim")?[bandwidth] == nil)
    }

    @Test func `a cluster's own brake lowers under a newer term and leaves that term in place, but never raises`() async throws {
        let bench = EnforcerBench()
        bench.addPod("a", EnforcerBench.ours("50M", epoch: 9))
        #expect(try await bench.apply(.megabits(80), epoch: 3, newerTerm: .lowerOnly) == ["held_back"])
        #expect(try await bench.apply(.megabits(20), epoch: 3, newerTerm: .lowerOnly) == ["applied"])
        #expect(bench.api.annotations(pod: "a") == EnforcerBench.ours("20M", decision: "plant-a/s1/7", epoch: 9))
    }

    @Test func `a claim writes the term and touches no limit`() async throws {
        let bench = EnforcerBench()
        bench.addPod("ours", EnforcerBench.ours("50M", epoch: 3))
        bench.addPod("fresh")
        bench.addPod("newer", EnforcerBench.ours("40M", epoch: 12))
        let names = try await bench.enforcer.claim(workload: bench.workload, term: 4).map { "\($0.pod) \($0.result.name)" }
        #expect(names == ["fresh applied", "newer fenced", "ours applied"])
        #expect(bench.api.annotations(pod: "ours") == EnforcerBench.ours("50M", epoch: 4))
        #expect(bench.api.annotations(pod: "fresh") == [FairleadAnnotation.epoch: "4"])
        #expect(try await bench.enforcer.claim(workload: bench.workload, term: 4).map(\.result.name) == ["unchanged", "fenced", "unchanged"])
    }

    @Test func `a raise is asked for Pod by Pod, a brake is not asked for`() async throws {
        let bench = EnforcerBench()
        bench.addPod("a", EnforcerBench.ours("10M", decision: "plant-a/s1/99"))
        bench.addPod("b", EnforcerBench.ours("10M", decision: "plant-a/s1/6"))
        bench.addPod("c", EnforcerBench.ours("90M", decision: "plant-a/s1/99"))
        let outcomes = try await bench.apply(.megabits(90)) { $0.decision == "plant-a/s1/6" }
        #expect(outcomes == ["held_back", "applied", "applied"])
        #expect(["a", "b", "c"].map { bench.api.annotations(pod: $0)?[bandwidth] } == ["10M", "30M", "30M"])
    }

    @Test func `a malformed or unlimited value of a stranger is lowered, not trusted`() async throws {
        let bench = EnforcerBench()
        for (name, value) in [("a", "banana"), ("b", "0"), ("c", "7"), ("d", "10m")] { bench.addPod(name, [bandwidth: value]) }
        let readBack = try await bench.enforcer.readBack(workload: bench.workload)
        #expect(readBack.map(\.rate) == [nil, nil, nil, nil])
        #expect(readBack.map(\.limit) == ["banana", "0", "7", "10m"])
        #expect(try await bench.apply(.megabits(40)) { _ in false } == Array(repeating: "applied", count: 4))
    }

    @Test func `a Pod that is gone is told as gone`() async throws {
        let bench = EnforcerBench()
        bench.addPod("a", EnforcerBench.ours("100M"))
        bench.api.script(.before { $0.removePod(name: "a") }) { $0.method == "PATCH" }
        #expect(try await bench.apply(.megabits(20)) == ["gone"])
    }

    @Test func `a Pod of the same name but another uid is not written`() async throws {
        let bench = EnforcerBench()
        bench.addPod("a", EnforcerBench.ours("100M"))
        bench.api.script(.before { api in
            api.removePod(name: "a")
            api.addPod(name: "a", labels: ["app": "telemetry"], annotations: EnforcerBench.ours("100M"))
        }) { $0.method == "PATCH" }
        #expect(try await bench.apply(.megabits(20)) == ["gone"])
        #expect(bench.api.annotations(pod: "a")?[bandwidth] == "100M")
    }

    @Test func `an answer that never comes is unknown, and the next call reads what became of it`() async throws {
        let bench = EnforcerBench(deadline: .seconds(2))
        bench.addPod("a", EnforcerBench.ours("100M"))
        bench.api.script(.applyThenHang) { $0.method == "PATCH" }
        #expect(try await bench.apply(.megabits(20)) == ["unknown"])
        #expect(try await bench.apply(.megabits(20)) == ["unchanged"])
        bench.api.script(.hang) { $0.method == "PATCH" }
        #expect(try await bench.apply(.megabits(10)) == ["unknown"])
        #expect(bench.api.annotations(pod: "a")?[bandwidth] == "20M")
    }

    @Test func `a connection that ends after the patch was done is found out by reading`() async throws {
        let bench = EnforcerBench()
        bench.addPod("a", EnforcerBench.ours("100M"))
        bench.api.script(.applyThenClose) { $0.method == "PATCH" }
        // Sent once more on a fresh connection, where its own test fails; the Pod, read again, carries what was wanted.
        let words = try await bench.apply(.megabits(20))
        #expect(words == ["unchanged"])
        #expect(bench.api.annotations(pod: "a")?[bandwidth] == "20M")
    }

    @Test func `throttled, stalled and failing servers each have their word`() async throws {
        let bench = EnforcerBench()
        bench.addPod("a", EnforcerBench.ours("10M"))
        for (fault, word) in [(ScriptedKubernetesAPI.Fault.timeout, "unknown"), (.internalError, "unknown"), (.forbidden, "refused")] {
            let bench = EnforcerBench()
            bench.addPod("a", EnforcerBench.ours("10M"))
            bench.api.script(fault) { $0.method == "PATCH" }
            #expect(try await bench.apply(.megabits(20)) == [word])
        }
        bench.api.script(.throttle(retryAfterSeconds: 3)) { $0.method == "PATCH" }
        let outcomes = try await bench.enforcer.apply(workload: bench.workload, desired: .megabits(20), decision: "p/1", epoch: 3)
        guard case .throttled(let retryAfter) = outcomes[0].result else {
            Issue.record("\(outcomes[0].result)")
            return
        }
        #expect(retryAfter == .seconds(3))
        #expect(try await bench.apply(.megabits(20)) == ["throttled"], "the server's word is kept without asking again")
        #expect(bench.patches().count == 1)
    }

    @Test func `an empty bucket holds raises back and keeps a reserve for brakes`() async throws {
        let bench = EnforcerBench(pacing: APIServerPacing(bucket: TokenBucket(interval: .seconds(1), burst: 3, brakeReserve: 2)))
        for name in ["a", "b", "c"] { bench.addPod(name, EnforcerBench.ours("10M")) }
        #expect(try await bench.apply(.megabits(60)).sorted() == ["applied", "throttled", "throttled"])
        #expect(try await bench.apply(.megabits(15)).filter { $0 == "applied" }.count == 2)
        #expect(bench.patches().count == 3)
    }

    @Test func `a workload that is not there is an error that says so`() async throws {
        let bench = EnforcerBench()
        let other = try #require(WorkloadReference(kind: .deployment, namespace: "default", name: "nobody"))
        do throws(KubernetesError) {
            _ = try await bench.enforcer.readBack(workload: other)
            Issue.record("it was found")
        } catch {
            #expect(error.code == .notFound)
            #expect(error.status == 404)
            #expect("\(error)".contains("deployments.apps \"nobody\" not found"))
        }
    }

    @Test func `an API server that is down is unreachable, and nothing is invented`() async throws {
        let bench = EnforcerBench()
        bench.api.stop()
        do throws(KubernetesError) {
            _ = try await bench.enforcer.readBack(workload: bench.workload)
            Issue.record("it answered")
        } catch {
            #expect(error.code == .unreachable)
            #expect(error.isRetriable)
        }
    }

    @Test(arguments: ["", "two words", String(repeating: "x", count: 257), "line\nbreak", "ümlaut"])
    func `a decision's position that could not stand in an annotation is refused before anything is read`(decision: String) async throws {
        let bench = EnforcerBench()
        bench.addPod("a")
        await #expect(throws: KubernetesError.self) { try await bench.apply(.megabits(20), decision: decision) }
        #expect(bench.api.requests.isEmpty)
    }

    @Test func `a list of many Pods is read page by page`() async throws {
        let bench = EnforcerBench()
        for number in 0..<250 { bench.addPod("pod-\(1_000 + number)", EnforcerBench.ours("1M")) }
        #expect(try await bench.enforcer.readBack(workload: bench.workload).count == 250)
        #expect(bench.api.requests.filter { $0.path.hasSuffix("/pods") }.count == 3)
    }

    @Test func `a list whose pages went out of date begins anew`() async throws {
        let bench = EnforcerBench()
        for number in 0..<150 { bench.addPod("pod-\(1_000 + number)", EnforcerBench.ours("1M")) }
        bench.api.script(.before { api in
            api.forgetHistory()
            api.addPod(name: "pod-2000", labels: ["app": "telemetry"])
        }) { $0.query("continue") != nil }
        let count = try await bench.enforcer.readBack(workload: bench.workload).count
        #expect(count == 151)
        #expect(bench.api.requests.filter { $0.path.hasSuffix("/pods") }.count == 4)
    }

    @Test func `two writers at once leave a Pod that one of them wrote whole`() async throws {
        for round in 0..<20 {
            let bench = EnforcerBench()
            bench.addPod("a", EnforcerBench.ours("100M"))
            async let one = bench.apply(.megabits(20), decision: "one/1")
            async let two = bench.apply(.megabits(30), decision: "two/1")
            _ = try await (one, two)
            let annotations = bench.api.annotations(pod: "a")
            #expect([["20M", "one/1"], ["30M", "two/1"]].contains([annotations?[bandwidth], annotations?[FairleadAnnotation.decision]]), "round \(round)")
        }
    }
}
