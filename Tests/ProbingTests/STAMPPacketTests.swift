// Aim: our packets are RFC 8762's, octet for octet. Method: golden packets, sealed by another implementation of HMAC (Python's).
import Quantities
import Testing

@testable import Probing

@Suite struct STAMPPacketTests {
    static let key = ProbeKey((0..<32).map { UInt8($0) })!
    static let goldenRequest =
        "010203040000000000000000000000006553f100075bcd154c01beef" + String(repeating: "00", count: 68)
        + "87f8f58e3e7c2590bdaf88fc93c46d70"
    static let goldenReply =
        "010203040000000000000000000000006553f100077a51954c01beef000000006553f10007735940"
        + "0000000000000000010203040000000000000000000000006553f100075bcd154c010000000000003d"
        + String(repeating: "00", count: 15) + "384eba4c4eff21d41deb5ff57bb72503"

    static let request = STAMPRequest(
        sequence: 0x0102_0304, timestamp: STAMPTimestamp(realtimeNanoseconds: 1_700_000_000_123_456_789), session: 0xbeef)
    static let reply = STAMPReply(
        to: request, receivedAt: STAMPTimestamp(realtimeNanoseconds: 1_700_000_000_125_000_000),
        sentAt: STAMPTimestamp(realtimeNanoseconds: 1_700_000_000_125_456_789), timeToLive: 61)

    @Test func `a sealed request has the golden octets and is read back`() {
        let packet = Self.request.sealed(with: Self.key)
        #expect(hexadecimal(packet) == Self.goldenRequest)
        #expect(Self.key.authenticates(packet))
        #expect(STAMPRequest(authenticated: packet) == Self.request)
    }

    @Test func `a sealed reply has the golden octets, the length of its request, and is read back`() {
        let packet = Self.reply.sealed(with: Self.key)
        #expect(hexadecimal(packet) == Self.goldenReply)
        #expect(packet.count == Self.request.sealed(with: Self.key).count)
        #expect(STAMPReply(authenticated: packet) == Self.reply)
        #expect(Self.reply.reflectorNanoseconds == 456_789)
    }

    @Test func `any changed bit, any other length and any other key fail to authenticate`() throws {
        let packet = Self.request.sealed(with: Self.key)
        for bit in 0..<packet.count * 8 {
            var changed = packet
            changed[bit / 8] ^= 1 << (bit % 8)
            #expect(!Self.key.authenticates(changed), "bit \(bit)")
        }
        for count in [0, 1, 44, 96, 111] { #expect(!Self.key.authenticates(Array(packet.prefix(count)))) }
        #expect(!Self.key.authenticates(packet + [0]))
        let other = try #require(ProbeKey([UInt8](repeating: 7, count: 32)))
        #expect(!other.authenticates(packet))
    }

    @Test func `a key shows its length and no byte of itself, and a short one is none`() {
        #expect("\(Self.key)" == "a probe key of 32 bytes")
        #expect(ProbeKey([UInt8](repeating: 1, count: 15)) == nil)
        #expect(ProbeKey([UInt8](repeating: 1, count: 65)) == nil)
    }

    @Test func `NTP timestamps are read to within their resolution, and impossible PTP ones are refused`() {
        let ntp = STAMPErrorEstimate(word: 0x0001)
        // Half a second is the upper half of the fraction.
        #expect(STAMPTimestamp(word: 5 << 32 | 0x8000_0000).nanoseconds(ntp) == 5_500_000_000)
        #expect(STAMPTimestamp(word: 5 << 32 | 0xffff_ffff).nanoseconds(ntp) == 5_999_999_999)
        #expect(STAMPTimestamp(word: 5 << 32 | 999_999_999).nanoseconds(.ours) == 5_999_999_999)
        #expect(STAMPTimestamp(word: 5 << 32 | 1_000_000_000).nanoseconds(.ours) == nil)
    }

    @Test func `a reflector that answered before it received has no time of its own`() {
        let impossible = STAMPReply(
            to: Self.request, receivedAt: STAMPTimestamp(realtimeNanoseconds: 2_000), sentAt: STAMPTimestamp(realtimeNanoseconds: 1_999),
            timeToLive: nil)
        #expect(impossible.reflectorNanoseconds == nil)
        #expect(impossible.senderTimeToLive == 255)
    }
}
