// Aim: a watch tells each change once, in order, and says when it cannot go on.
import HTTPTransport
import Kubernetes
import Quantities
import ScriptedHTTP
import ScriptedKubernetesAPI
import Testing

@Suite struct PodWatchTests {
    let api = ScriptedKubernetesAPI()
    var client: KubernetesClient {
        KubernetesClient(connection: ClusterConnection(server: api.url), http: HTTPClient()) {
            Now(monotonic: MonotonicTime(nanoseconds: 1), wall: WallTime(microseconds: 0))
        }
    }
    func told(_ event: PodWatchEvent?) -> String {
        switch event {
        case .present(let pod): "present \(pod.name) \(pod.limit ?? "-") \(pod.isEnforceable)"
        case .absent(let pod): "absent \(pod.name)"
        case .bookmark(let version): "bookmark \(version)"
        case .expired: "expired"
        case nil: "end"
        }
    }

    @Test func `a Pod that appears, runs, is limited and goes is told so`() async throws {
        let list = try await client.pods(namespace: "default", selector: "app=a", annotation: .cilium)
        let watch = try await client.watchPods(namespace: "default", selector: "app=a", from: list.resourceVersion, annotation: .cilium)
        var events = watch.makeAsyncIterator()
        api.addPod(name: "p", labels: ["app": "a"], phase: "Pending")
        api.addPod(name: "stranger", labels: ["app": "b"])
        #expect(told(try await events.next()) == "present p - false")
        api.setPhase(name: "p", "Running")
        #expect(told(try await events.next()) == "present p - true")
        api.setAnnotation(pod: "p", bandwidth, "20M")
        #expect(told(try await events.next()) == "present p 20M true")
        api.sendBookmarks()
        #expect(told(try await events.next()) == "bookmark 104")
        api.removePod(name: "p")
        #expect(told(try await events.next()) == "absent p")
    }

    @Test func `a watch from where the last one ended misses nothing and repeats nothing`() async throws {
        api.addPod(name: "p", labels: ["app": "a"])
        api.addPod(name: "q", labels: ["app": "a"])
        let watch = try await client.watchPods(namespace: "default", selector: "app=a", from: "101", annotation: .cilium)
        var events = watch.makeAsyncIterator()
        #expect(told(try await events.next()) == "present q - true")
    }

    @Test func `a forgotten version ends the watch as expired`() async throws {
        api.forgetHistory()
        let watch = try await client.watchPods(namespace: "default", selector: "app=a", from: "5", annotation: .cilium)
        var events = watch.makeAsyncIterator()
        #expect(told(try await events.next()) == "expired")
        #expect(told(try await events.next()) == "end")
    }

    @Test func `a watch ends by itself after its time`() async throws {
        let watch = try await client.watchPods(namespace: "default", selector: "app=a", from: "100", annotation: .cilium, timeout: .seconds(1))
        var events = watch.makeAsyncIterator()
        #expect(told(try await events.next()) == "end")
    }

    @Test func `a recorded watch is understood, bookmark and all`() async throws {
        let recorded = RecordedExchange("06-watch-bookmarks")
        let server = ScriptedHTTPServer { _ in
            .stream(status: 200, headers: []) { stream in
                // In awkward pieces, as a network may cut them.
                let bytes = Array((recorded.body + "\n").utf8)
                for start in stride(from: 0, to: bytes.count, by: 777) {
                    guard stream.send(Array(bytes[start..<min(start + 777, bytes.count)])) else { return false }
                }
                return true
            }
        }
        defer { server.stop() }
        let client = KubernetesClient(connection: ClusterConnection(server: server.url), http: HTTPClient()) {
            Now(monotonic: MonotonicTime(nanoseconds: 1), wall: WallTime(microseconds: 0))
        }
        var seen: [String] = []
        for try await event in try await client.watchPods(namespace: "default", selector: "app=a", from: "300", annotation: .cilium) { seen.append(told(event)) }
        #expect(seen == ["present telemetry-upload-deployment-75f788748b-fp2gl 60M true", "bookmark 302"])
    }

    @Test func `a watch that is refused or cut off says so`() async throws {
        api.script(.forbidden)
        do throws(KubernetesError) {
            _ = try await client.watchPods(namespace: "default", selector: "app=a", from: "1", annotation: .cilium)
            Issue.record("it was opened")
        } catch { #expect(error.code == .forbidden) }
        let server = ScriptedHTTPServer { _ in .stream(status: 200, headers: []) { stream in !stream.send(#"{"type":"MOD"#) } }
        defer { server.stop() }
        let other = KubernetesClient(connection: ClusterConnection(server: server.url), http: HTTPClient()) {
            Now(monotonic: MonotonicTime(nanoseconds: 1), wall: WallTime(microseconds: 0))
        }
        var ending: KubernetesError?
        do throws(KubernetesError) {
            for try await _ in try await other.watchPods(namespace: "default", selector: "a", from: "1", annotation: .cilium) {}
        } catch { ending = error }
        #expect(ending?.code == .unanswered)
    }
}
