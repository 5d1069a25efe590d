// Aim: the election over the real protocol: what is sent is what a real server takes.
import HTTPTransport
import Kubernetes
import Quantities
import ScriptedHTTP
import ScriptedKubernetesAPI
import Synchronization
import Testing

/// A clock that a test moves.
final class HandClock: Sendable {
    private let seconds = Mutex(0.0)
    func advance(_ by: Double) { seconds.withLock { $0 += by } }
    var now: Now {
        seconds.withLock {
            Now(monotonic: MonotonicTime(nanoseconds: Int64($0 * 1e9)), wall: WallTime(microseconds: 1_795_000_000_000_000 + Int64($0 * 1e6)))
        }
    }
}

@Suite struct LeaseElectionTests {
    let api = ScriptedKubernetesAPI()
    let clock = HandClock()

    func candidate(_ identity: String) -> LeaseElection {
        let client = KubernetesClient(connection: ClusterConnection(server: api.url), http: HTTPClient()) { [clock] in clock.now }
        return LeaseElection(
            client: client, namespace: "default", name: "fairlead-shipper", settings: .init(identity: identity), jitterThousandths: { 0 })
    }

    @Test func `one leads, renews, and another takes over when it falls silent`() async throws {
        let (one, two) = (candidate("one"), candidate("two"))
        _ = await one.advance()
        _ = await two.advance()
        #expect(await one.leadership(at: clock.now.monotonic)?.term == 0)
        #expect(await two.leadership(at: clock.now.monotonic) == nil)
        #expect(await two.holder == "one")
        clock.advance(2)
        _ = await one.advance()
        #expect(api.leaseSpec(name: "fairlead-shipper")?.contains(#""renewTime":"2026-11-18T11:06:42.000000Z""#) == true)
        for _ in 0..<9 {
            clock.advance(2)
            _ = await two.advance()
        }
        #expect(await one.leadership(at: clock.now.monotonic) == nil)
        #expect(await two.leadership(at: clock.now.monotonic)?.term == 1)
        _ = await one.advance()
        #expect(await one.leadership(at: clock.now.monotonic) == nil)
    }

    @Test func `giving up hands over at once`() async throws {
        let (one, two) = (candidate("one"), candidate("two"))
        _ = await one.advance()
        await one.release()
        _ = await two.advance()
        #expect(await two.leadership(at: clock.now.monotonic)?.term == 1)
    }

    @Test func `what others put into the Lease object stays there`() async throws {
        let one = candidate("one")
        _ = await one.advance()
        api.labelLease(name: "fairlead-shipper", "team", "plant")
        clock.advance(2)
        _ = await one.advance()
        let methods = api.requests.suffix(3).map(\.method)
        #expect(methods == ["PUT", "GET", "PUT"], "the version it knew was stale: it looks, and writes over what it saw")
        #expect(api.leaseLabels(name: "fairlead-shipper") == ["team": "plant"])
        #expect(await one.leadership(at: clock.now.monotonic)?.term == 0)
    }

    @Test func `a server that fails is an error to show, and no leadership`() async throws {
        let one = candidate("one")
        api.script(.internalError, times: 10)
        _ = await one.advance()
        #expect(await one.leadership(at: clock.now.monotonic) == nil)
        #expect(await one.lastError?.code == .serverFailed)
    }
}
