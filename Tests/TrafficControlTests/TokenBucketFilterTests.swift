// Aim: what tc prints is read exactly, and what is not ours is recognised. Method: listings of iproute2 6.1.
import Quantities
import Testing

@testable import TrafficControl

private let ours = """
    [{"kind":"tbf","handle":"fa1e:","root":true,"refcnt":2,"options":{"rate":18750000,"burst":18748,"lat":96,"limit":1875000},\
    "bytes":5000,"packets":4,"drops":3,"overlimits":2,"requeues":0,"backlog":1514,"qlen":1}]
    """

@Suite struct TokenBucketFilterTests {
    @Test func `our discipline is read with its exact rate and its queue`() throws {
        let (limit, queue) = try TokenBucketFilter.parse(ours, context: "test")
        #expect(limit == .limited(.megabits(150)))
        #expect(queue == DeviceState.Queue(backlogBytes: 1_514, drops: 3, overlimits: 2))
    }

    @Test(arguments: [
        #"[{"kind":"noqueue","handle":"0:","root":true,"refcnt":2,"options":{}}]"#,
        #"[{"kind":"fq_codel","handle":"0:","root":true,"options":{"limit":10240}}]"#,
        "[]", "[ ]",
    ])
    func `the kernel's own default is no limit`(listing: String) throws {
        #expect(try TokenBucketFilter.parse(listing, context: "test").limit == .unlimited)
    }

    @Test func `a discipline under another handle is someone else's`() throws {
        let listing = #"[{"kind":"htb","handle":"1:","root":true,"options":{}},{"kind":"tbf","handle":"fa1e:","parent":"1:1"}]"#
        #expect(try TokenBucketFilter.parse(listing, context: "test").limit == .foreign(kind: "htb"))
    }

    @Test(arguments: [
        "", "{}", "no JSON", #"[{"root":true}]"#, #"[{"kind":"htb","handle":"fa1e:","root":true,"options":{}}]"#,
        #"[{"kind":"tbf","handle":"fa1e:","root":true,"options":{"rate":-1}}]"#,
        #"[{"kind":"tbf","handle":"fa1e:","root":true,"options":{"rate":"100Mbit"}}]"#,
    ])
    func `what cannot be read is an error and never a limit`(listing: String) {
        #expect(throws: TrafficControlError(.unreadable, context: "test")) { try TokenBucketFilter.parse(listing, context: "test") }
    }

    @Test func `bucket and queue stay within their bounds at every rate`() {
        for exponent in 3...12 {
            var bits: Int64 = 1
            for _ in 0..<exponent { bits *= 10 }
            let rate = BitRate(bitsPerSecond: bits)
            #expect((16_000...64_000).contains(TokenBucketFilter.burstBytes(at: rate)))
            #expect(TokenBucketFilter.queueBytes(at: rate) >= TokenBucketFilter.burstBytes(at: rate))
        }
        #expect(TokenBucketFilter.kept(BitRate(bitsPerSecond: 1_007)) == BitRate(bitsPerSecond: 1_000))
    }
}
