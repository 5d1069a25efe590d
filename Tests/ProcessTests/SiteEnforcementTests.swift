import Fleet
import Glibc
import Quantities
import ScriptedHTTP
import ScriptedKubernetesAPI
import Synchronization
import Testing

extension RealProcesses {
    /// Aim: what a site's own shipper does to Pods: a new one is limited at once, and a replica that has been followed writes nothing.
    /// Method: real `fairlead-shipper run` against the scripted API server, without a centre; a slow tick, so that what comes sooner
    /// did not come with a tick.
    @Suite(.serialized, .timeLimit(.minutes(3))) struct SiteEnforcementTests {
        private static let tick = Duration.seconds(3)

        @Test func `a new Pod is limited within a second of running, and the limit is shared with it`() async throws {
            let scene = try Scene()
            let shipper = try scene.shipper("a")
            defer { shipper.kill() }
            try await eventually("the first Pod is limited", within: .seconds(30)) { scene.limit("telemetry-1") == "100M" }

            let clock = ContinuousClock()
            scene.api.addPod(name: "telemetry-2", labels: Scene.labels, phase: "Pending")
            let started = clock.now
            scene.api.setPhase(name: "telemetry-2", "Running")
            try await eventually("the new Pod is limited", within: .seconds(3)) { scene.limit("telemetry-2") == "50M" }
            let took = started.duration(to: clock.now)
            #expect(took < .seconds(1) && took < Self.tick, "\(took)")
            try await eventually("the old one makes room", within: .seconds(1)) { scene.limit("telemetry-1") == "50M" }
        }

        @Test func `a replica that was paused between deciding and sending writes nothing after another leads (I4)`() async throws {
            let scene = try Scene()
            let (arrived, release) = (Signal(), Signal())
            // A new Pod's watch lists once, the tick reads back once; the third list is that of the patch.
            let lists = Mutex(0)
            scene.api.script(.hold(arrived: arrived, release: release)) { request in
                guard request.method == "GET", request.path.hasSuffix("/pods"), request.query("watch") == nil,
                    request.header("Authorization") == "Bearer first"
                else { return false }
                return lists.withLock { count in
                    count += 1
                    return count == 3
                }
            }
            let first = try scene.shipper("first")
            defer { first.kill() }
            await arrived.wait()
            first.signal(SIGSTOP)
            let heir = try scene.shipper("heir")
            defer { heir.kill() }
            try await eventually("the heir leads and patches", within: .seconds(40)) {
                scene.requests(by: "heir").contains { $0.method == "PATCH" }
            }
            scene.api.addPod(name: "telemetry-2", labels: Scene.labels)
            try await eventually("the heir limits the new Pod", within: .seconds(5)) { scene.limit("telemetry-2") == "50M" }

            let asked = scene.requests(by: "first").count
            release.raise()
            first.signal(SIGCONT)
            try await eventually("the first looks at the Lease again", within: .seconds(20)) {
                scene.requests(by: "first").dropFirst(asked).contains { $0.path.contains("/leases/") }
            }
            // A whole tick of its own, in which it reads the Pods once more.
            let reads = scene.reads(by: "first")
            try await eventually("the first ticks again", within: .seconds(20)) { scene.reads(by: "first") > reads }
            #expect(!scene.requests(by: "first").contains { $0.method == "PATCH" })
            #expect(scene.limit("telemetry-1") == "50M" && scene.limit("telemetry-2") == "50M")
        }

        /// One cluster with one workload of one Pod, and shippers that differ in name and token.
        private final class Scene: Sendable {
            static let labels = ["app": "telemetry"]
            let api = ScriptedKubernetesAPI()
            private let directory = SceneDirectory()
            private let fleetFile: String

            init() throws {
                api.addWorkload(name: SmallFleet.workload.text, labels: Scene.labels)
                api.addPod(name: "telemetry-1", labels: Scene.labels)
                let trace = directory.write("0.3ms\n", to: "trace")
                fleetFile = directory.write(
                    FleetDocument.render(
                        SmallFleet.specification(
                            delivery: .standalone, enforcer: .kubernetes, access: .kubeconfig(path: nil, context: nil),
                            source: .trace(path: trace), tick: .seconds(3))), to: "fleet.yaml")
            }

            func shipper(_ name: String) throws -> RunningProgram {
                let kubeconfig = directory.write(api.kubeconfig(token: name), to: "\(name).kubeconfig")
                return try RunningProgram(
                    .shipper,
                    ["run", "--config", fleetFile, "--cluster", SmallFleet.cluster.text, "--spool", directory.file("\(name).spool"), "--holder", name],
                    name: name, in: directory.path, environment: ["KUBECONFIG=\(kubeconfig)"])
            }
            func limit(_ pod: String) -> String? { api.annotations(pod: pod)?[HubScene.limitKey] }
            func requests(by name: String) -> [ScriptedRequest] { api.requests.filter { $0.header("Authorization") == "Bearer \(name)" } }
            func reads(by name: String) -> Int { requests(by: name).count { $0.method == "GET" && $0.path.hasSuffix("/pods") } }
        }
    }
}
