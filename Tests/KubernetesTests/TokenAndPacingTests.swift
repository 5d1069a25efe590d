// Aim: a token is as fresh as client-go's, and an API server is never asked more than it can bear, brakes first.
import HTTPTransport
import Kubernetes
import Quantities
import ScriptedHTTP
import ScriptedKubernetesAPI
import Synchronization
import Testing

private func at(_ seconds: Double) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(seconds * 1e9)) }
private func text(_ secret: SecretBytes?) -> String? { secret.map { $0.withBytes { String(decoding: $0, as: UTF8.self) } } }

@Suite struct TokenCacheTests {
    @Test func `a token is read again after a minute, and kept where a read fails`() {
        var cache = TokenCache()
        var reads = 0
        func token(_ seconds: Double, _ content: String?) -> String? {
            text(cache.token(at: at(seconds)) {
                reads += 1
                return content.map { SecretBytes($0) }
            })
        }
        #expect(token(0, nil) == nil)
        #expect(token(1, "one") == "one")
        #expect(token(60.9, "two") == "one")
        #expect(reads == 2)
        #expect(token(61, "two") == "two")
        #expect(token(130, nil) == "two")
        #expect(token(131, "three") == "three", "after a failed read the next request reads again")
        cache.drop()
        #expect(token(132, "four") == "four")
        cache.drop()
        #expect(token(133, nil) == nil)
    }

    @Test func `a replaced token is picked up on the first 401, in the same call`() async throws {
        let directory = TemporaryDirectory()
        let path = directory.write("old\n", to: "token")
        let api = ScriptedKubernetesAPI()
        defer { api.stop() }
        api.require(token: "old")
        let client = KubernetesClient(
            connection: ClusterConnection(server: api.url, credentials: .tokenFile(path)), http: HTTPClient(),
            now: { Now(monotonic: at(1), wall: WallTime(microseconds: 0)) })
        #expect(try await client.serverVersion() == "v1.36.2")
        directory.write("new\n", to: "token")
        api.require(token: "new")
        #expect(try await client.serverVersion() == "v1.36.2")
        #expect(api.requests.count == 3)
        api.require(token: "another")
        do throws(KubernetesError) {
            _ = try await client.serverVersion()
            Issue.record("it was let in")
        } catch { #expect(error.code == .unauthorized) }
        #expect(api.requests.count == 4, "the same token is not tried twice")
    }
}

@Suite struct APIServerPacingTests {
    @Test func `a bucket gives its burst, then one token per interval`() {
        var bucket = TokenBucket(interval: .milliseconds(100), burst: 3, brakeReserve: 0)
        #expect((0..<3).allSatisfy { _ in bucket.take(at: at(0), forBrake: false) == nil })
        #expect(bucket.take(at: at(0), forBrake: false) == .milliseconds(100))
        #expect(bucket.take(at: at(0.1), forBrake: false) == nil)
        #expect(bucket.take(at: at(0.1), forBrake: false) == .milliseconds(100))
        #expect((0..<3).allSatisfy { _ in bucket.take(at: at(100), forBrake: false) == nil }, "and never more than the burst")
        #expect(bucket.take(at: at(100), forBrake: false) != nil)
    }

    @Test func `a waiter that waits as long as it is told gets its token`() {
        var random = SeededGenerator(seed: 7)
        var bucket = TokenBucket(interval: .microseconds(700), burst: 5, brakeReserve: 2)
        var now = Int64(0)
        for _ in 0..<1_000 {
            now += Int64.random(in: 0...1_000_000, using: &random)
            let forBrake = Bool.random(using: &random)
            guard let wait = bucket.take(at: MonotonicTime(nanoseconds: now), forBrake: forBrake) else { continue }
            #expect(wait > .zero)
            now += wait.count
            #expect(bucket.take(at: MonotonicTime(nanoseconds: now), forBrake: forBrake) == nil)
        }
    }

    @Test func `the reserve is for brakes`() {
        var bucket = TokenBucket(interval: .seconds(1), burst: 3, brakeReserve: 2)
        #expect(bucket.take(at: at(0), forBrake: false) == nil)
        #expect(bucket.take(at: at(0), forBrake: false) != nil)
        #expect(bucket.take(at: at(0), forBrake: true) == nil)
        #expect(bucket.take(at: at(0), forBrake: true) == nil)
        #expect(bucket.take(at: at(0), forBrake: true) == .seconds(1))
    }

    @Test func `failures hold raises back longer and longer, and brakes not at all`() {
        var pacing = APIServerPacing()
        var waits: [Int64] = []
        for _ in 0..<10 {
            pacing.answered(.failed, at: at(0), jitterThousandths: 1_000)
            #expect(pacing.admit(at: at(0), forBrake: true) == .go)
            if case .wait(let wait) = pacing.admit(at: at(0), forBrake: false) { waits.append(wait.milliseconds) }
        }
        #expect(waits == [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000])
        #expect(pacing.admit(at: at(30), forBrake: false) == .go)
        pacing.answered(.understood, at: at(31), jitterThousandths: 0)
        pacing.answered(.failed, at: at(31), jitterThousandths: 0)
        #expect(pacing.admit(at: at(31), forBrake: false) == .wait(.milliseconds(250)), "a success forgets the failures before it")
    }

    @Test func `what the server itself asked for binds brakes too, never shortened by jitter`() {
        for jitter in [Int64(0), 500, 1_000] {
            var pacing = APIServerPacing()
            pacing.answered(.throttled(retryAfter: .seconds(5)), at: at(10), jitterThousandths: jitter)
            #expect(pacing.admit(at: at(14.999), forBrake: true) != .go)
            #expect(pacing.admit(at: at(15.5), forBrake: true) == .go)
        }
    }
}
