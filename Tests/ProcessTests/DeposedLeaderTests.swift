import Cryptography
import EventStore
import Glibc
import Quantities
import ScriptedHTTP
import ScriptedKubernetesAPI
import Testing

extension RealProcesses {
    /// Aim: a leader that is paused between deciding and sending, and goes on after another took over, changes nothing: not the log,
    /// not a grant, not a Pod (I4).
    /// Method: the first leader stops itself (SIGSTOP, raised on the deciding thread) at a named place, or its patch is held on the way;
    /// its lease runs out; the heir takes over and acts; the first goes on. The kernel, PostgreSQL and the scripted API server tell
    /// when each of that has happened.
    @Suite(.serialized) struct DeposedLeaderTests {
        private static let first = "first"
        private static let heir = "heir"

        @Test func `an append decided before the takeover and sent after it is fenced, and no grant goes back (I4)`() async throws {
            let scene = try await HubScene()
            let first = try scene.serve(Self.first, failpoint: "coordinator.before-append:stop:3")
            let (before, heir, now) = try await takeOver(scene, from: first)
            defer { heir.kill() }
            #expect(try await scene.lastStatement(of: Self.first, holding: "fairlead.append").map { $0 < now } == true)

            first.signal(SIGCONT)
            try await scene.whileTicking("the late append was answered") {
                try await scene.lastStatement(of: Self.first, holding: "fairlead.append").map { $0 > now } ?? false
            }
            try await expectNothingChanged(scene, before, now)
        }

        @Test func `a patch decided before the takeover is not sent after it (I4)`() async throws {
            let scene = try await HubScene()
            let first = try scene.serve(Self.first, failpoint: "coordinator.before-patch:stop:1")
            let (before, heir, now) = try await takeOver(scene, from: first)
            defer { heir.kill() }
            let asked = scene.requests(by: Self.first).count

            first.signal(SIGCONT)
            try await scene.whileTicking("the first leader reads the Pods that it was to patch") {
                scene.requests(by: Self.first).dropFirst(asked).contains { $0.method == "GET" && $0.path.hasSuffix("/pods") }
            }
            try await expectNothingChanged(scene, before, now)
            expectNoLimitSent(scene, after: asked)
        }

        @Test func `a Pod made after the takeover, which carries no term yet, is not written by the old one (I4)`() async throws {
            let scene = try await HubScene()
            let first = try scene.serve(Self.first, failpoint: "coordinator.before-patch:stop:1")
            let (before, heir, now) = try await takeOver(scene, from: first)
            defer { heir.kill() }
            // The heir has nothing to lower and no raise to make: the new Pod stands there bare, as between a claim and a first patch.
            scene.api.addPod(name: "telemetry-upload-3", labels: ["app": "telemetry"])
            let asked = scene.requests(by: Self.first).count

            first.signal(SIGCONT)
            try await scene.whileTicking("the first leader reads the Pods that it was to patch") {
                scene.requests(by: Self.first).dropFirst(asked).contains { $0.method == "GET" && $0.path.hasSuffix("/pods") }
            }
            try await expectNothingChanged(scene, before, now)
            #expect(!scene.requests(by: Self.first).dropFirst(asked).contains { $0.method == "PATCH" })
            #expect(scene.api.annotations(pod: "telemetry-upload-3")?[HubScene.epochKey] != "1")
        }

        @Test func `a patch that was on its way during the takeover fails its test at the API server (I4)`() async throws {
            let scene = try await HubScene()
            let (arrived, release) = (Signal(), Signal())
            scene.api.script(.hold(arrived: arrived, release: release), times: HubScene.pods.count) { request in
                request.method == "PATCH" && request.header("Authorization") == "Bearer first" && request.bodyText.contains("egress-bandwidth")
            }
            let first = try scene.serve(Self.first)
            try await scene.whileTicking("the patch is on its way") {
                scene.requests(by: Self.first).contains { $0.method == "PATCH" && $0.bodyText.contains("egress-bandwidth") }
            }
            await arrived.wait()
            first.signal(SIGSTOP)
            let (before, heir, now) = try await takeOver(scene, from: first)
            defer { heir.kill() }

            let asked = scene.requests(by: Self.first).count
            release.raise()
            first.signal(SIGCONT)
            // 422 sends it back to read the Pod; there it finds the newer term.
            try await scene.whileTicking("the first leader was refused, and reads again") {
                scene.requests(by: Self.first).dropFirst(asked).contains { $0.method == "GET" && $0.path.contains("/pods/") }
            }
            try await expectNothingChanged(scene, before, now)
            expectNoLimitSent(scene, after: asked)
        }

        @Test func `a leader whose claim failed claims again until the Pods carry its term (I4, I9)`() async throws {
            let scene = try await HubScene(limit: "100M")
            scene.api.script(.internalError, times: 3) { $0.method == "PATCH" }
            let leader = try scene.serve(Self.first)
            defer { leader.kill() }
            try await scene.whileTicking("the Pods carry the term") { scene.epochs() == HubScene.pods.map { _ in "1" } }
            // Nothing had to be lowered, so it was the claim that wrote it.
            #expect(scene.annotations().values.allSatisfy { $0[HubScene.limitKey] == "100M" && $0["fairlead.dev/decision"] == nil })
        }

        /// What stood there when the heir had taken over and acted.
        private struct Standing {
            var term: Int64
            var annotations: [String: [String: String]]
        }

        /// Waits until the first leader stands still, lets its lease run out, and returns when the heir leads, has granted and patched.
        private func takeOver(_ scene: HubScene, from first: RunningProgram) async throws -> (Standing, RunningProgram, Double) {
            try await scene.whileTicking("the first leader stands still") { ProcessTable.state(of: first.identifier) == "T" }
            let deposed = try #require(try await scene.leader())
            #expect(deposed.name == Self.first)
            let heir = try scene.serve(Self.heir)
            let leader = try await scene.whileTicking("the heir leads") {
                try await scene.leader().flatMap { $0.name == Self.heir ? $0 : nil }
            }
            #expect(leader.term > deposed.term)
            try await scene.whileTicking("the heir's grant is in force") { try await scene.grantTerm() == leader.term }
            try await scene.whileTicking("the Pods are the heir's, and lowered") {
                scene.epochs() == HubScene.pods.map { _ in "\(leader.term)" }
                    && scene.annotations().values.allSatisfy { $0[HubScene.limitKey] != "250M" && $0["fairlead.dev/decision"] != nil }
            }
            #expect(ProcessTable.state(of: first.identifier) == "T", "the first leader stood still all the while")
            return (Standing(term: leader.term, annotations: scene.annotations()), heir, try await scene.database.now())
        }

        private func expectNoLimitSent(_ scene: HubScene, after count: Int) {
            let late = scene.requests(by: Self.first).dropFirst(count)
            #expect(!late.contains { $0.method == "PATCH" && $0.bodyText.contains("egress-bandwidth") })
        }

        private func expectNothingChanged(_ scene: HubScene, _ before: Standing, _ since: Double) async throws {
            // The first leader asks for its lease again, twice: whatever it had left to send is sent by then.
            var last = since
            for _ in 0..<2 {
                last = try await scene.whileTicking("the first leader asks for its lease") {
                    try await scene.lastStatement(of: Self.first, holding: "fairlead.lease").flatMap { $0 > last ? $0 : nil }
                }
            }
            let head = try await scene.coordinatorHead()
            try await scene.whileTicking("the heir goes on granting") { try await scene.coordinatorHead() > head }

            #expect(try await scene.leader().map { $0.name == Self.heir && $0.term == before.term } == true)
            #expect(try await scene.grantTerm() == before.term)
            let terms = try await scene.termsOnLog()
            #expect(terms.count >= 4 && terms == terms.sorted() && terms.last == before.term, "\(terms)")
            #expect(scene.annotations() == before.annotations)
            let reports = try await LogVerifier(scene.database.connection, hash: .libcrypto).verify()
            #expect(reports.count == 2 && reports.flatMap(\.findings) == [])
        }
    }
}
