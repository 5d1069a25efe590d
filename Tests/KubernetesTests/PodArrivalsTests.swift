// Aim: a Pod that runs without a limit is told at once, through every way a watch can end.
import HTTPTransport
import Kubernetes
import Quantities
import ScriptedHTTP
import ScriptedKubernetesAPI
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct PodArrivalsTests {
    let api = ScriptedKubernetesAPI()
    let names = Names()

    /// What arrived, and a way to wait for it.
    final class Names: Sendable {
        private let state = Mutex<(seen: [String], waiting: [(String, Signal)])>(([], []))
        func add(_ name: String) {
            let raised = state.withLock { state in
                state.seen.append(name)
                return state.waiting.filter { $0.0 == name }.map(\.1)
            }
            for signal in raised { signal.raise() }
        }
        func wait(for name: String) async {
            let signal = Signal()
            let isThere = state.withLock { state in
                state.waiting.append((name, signal))
                return state.seen.contains(name)
            }
            if !isThere { await signal.wait() }
        }
        var all: [String] { state.withLock { $0.seen } }
    }

    private func start() throws -> Task<Void, any Error> {
        let client = KubernetesClient(connection: ClusterConnection(server: api.url), http: HTTPClient()) {
            Now(monotonic: MonotonicTime(nanoseconds: 1), wall: WallTime(microseconds: 0))
        }
        let workload = try #require(WorkloadReference(kind: .deployment, namespace: "default", name: "telemetry"))
        api.addWorkload(name: "telemetry", labels: ["app": "telemetry"])
        let names = names
        return Task {
            try await PodArrivals(client: client, workload: workload).run(
                pause: { _ in await Task.yield() }, failed: { names.add("failed \($0.code.rawValue)") }, arrived: { names.add($0.name) })
        }
    }
    private func add(_ name: String, _ annotations: [String: String]? = nil, phase: String = "Running") {
        api.addPod(name: name, labels: ["app": "telemetry"], annotations: annotations, phase: phase)
    }

    @Test func `a Pod is told when it begins to run, not before, and not when a limit of ours stands on it`() async throws {
        add("old", EnforcerBench.ours("10M"))
        add("bare")
        let task = try start()
        await names.wait(for: "bare")
        add("fresh", phase: "Pending")
        add("limited", EnforcerBench.ours("10M"))
        api.setPhase(name: "fresh", "Running")
        await names.wait(for: "fresh")
        #expect(names.all == ["bare", "fresh"])
        task.cancel()
        _ = await task.result
    }

    @Test func `a refused, a broken and a forgotten watch lose nothing`() async throws {
        api.script(.throttle(retryAfterSeconds: 1)) { $0.query("watch") != nil }
        api.script(.close, times: 2) { $0.query("watch") != nil }
        api.script(.before { api in
            api.addPod(name: "between", labels: ["app": "telemetry"])
            api.forgetHistory()
        }) { $0.query("watch") != nil }
        let task = try start()
        await names.wait(for: "between")
        #expect(names.all.contains("failed throttled"))
        #expect(names.all.contains { $0.hasPrefix("failed un") })
        task.cancel()
        _ = await task.result
    }

    @Test func `cancelling ends it`() async throws {
        let task = try start()
        add("one")
        await names.wait(for: "one")
        task.cancel()
        _ = await task.result
        #expect(task.isCancelled)
    }
}
