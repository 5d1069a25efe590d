// Aim: only the answer to an outstanding probe counts, once, and is worth the network's time alone.
// Method: the session is a value; clocks are numbers that the test makes up.
import Clocks
import Quantities
import Testing

@testable import Probing

/// Civil time stands 1 s beyond monotonic time, unless stepped.
private func clocks(_ milliseconds: Double, stepped step: Double = 0) -> ClockReading {
    ClockReading(
        monotonic: MonotonicTime(nanoseconds: Int64(milliseconds * 1e6)), realtimeNanoseconds: Int64((milliseconds + step + 1_000) * 1e6))
}

private func civil(_ milliseconds: Double) -> Int64 { Int64((milliseconds + 1_000) * 1e6) }

/// An answer of a reflector whose clock runs an hour ahead and that takes `inside` milliseconds.
private func answer(_ request: STAMPRequest, inside: Double = 0) -> STAMPReply {
    let arrived: Int64 = 3_600_000_000_000
    return STAMPReply(
        to: request, receivedAt: STAMPTimestamp(realtimeNanoseconds: arrived),
        sentAt: STAMPTimestamp(realtimeNanoseconds: arrived + Int64(inside * 1e6)), timeToLive: 64)
}

private func session(first: UInt32 = 7, interval: Nanoseconds = .milliseconds(50), timeout: Nanoseconds = .seconds(1)) -> ProbeSession {
    ProbeSession(session: 42, firstSequence: first, interval: interval, timeout: timeout)
}

private func roundTrip(_ sequence: UInt32, sentAt: Double, _ milliseconds: Double) -> ProbeSession.Verdict {
    .result(
        ProbeResult(
            sequence: sequence, sentAt: MonotonicTime(nanoseconds: Int64(sentAt * 1e6)),
            outcome: .roundTrip(Nanoseconds(Int64(milliseconds * 1e6)))))
}

@Suite struct ProbeSessionTests {
    @Test func `a round trip is the time away less the reflector's own, whatever the reflector's clock says`() {
        var session = session()
        let (request, _) = session.send(at: clocks(100))
        let verdict = session.accept(answer(request, inside: 0.5), receivedRealtime: civil(102), reading: clocks(109))
        #expect(verdict == roundTrip(7, sentAt: 100, 1.5))
    }

    @Test func `a second answer to one probe is a duplicate`() {
        var session = session()
        let (request, _) = session.send(at: clocks(100))
        _ = session.accept(answer(request), receivedRealtime: civil(101), reading: clocks(101))
        #expect(session.accept(answer(request), receivedRealtime: civil(102), reading: clocks(102)) == .duplicate)
    }

    @Test func `another session, sequence or time is a stranger`() {
        var session = session()
        let (request, _) = session.send(at: clocks(100))
        let impostors = [
            STAMPRequest(sequence: 7, timestamp: request.timestamp, session: 43),
            STAMPRequest(sequence: 8, timestamp: request.timestamp, session: 42),
            STAMPRequest(sequence: 7, timestamp: STAMPTimestamp(word: request.timestamp.word + 1), session: 42),
        ]
        for impostor in impostors {
            #expect(session.accept(answer(impostor), receivedRealtime: civil(101), reading: clocks(101)) == .stranger)
        }
        #expect(session.accept(answer(request), receivedRealtime: civil(101), reading: clocks(101)) == roundTrip(7, sentAt: 100, 1))
    }

    @Test func `a probe without an answer is lost after its timeout and its answer is late`() {
        var session = session()
        let (request, _) = session.send(at: clocks(100))
        #expect(session.expire(at: clocks(1_100).monotonic) == [])
        #expect(
            session.expire(at: clocks(1_100.001).monotonic)
                == [ProbeResult(sequence: 7, sentAt: clocks(100).monotonic, outcome: .lost)])
        #expect(session.accept(answer(request), receivedRealtime: civil(1_101), reading: clocks(1_101)) == .late)
        #expect(session.expire(at: clocks(9_000).monotonic) == [])
    }

    @Test func `an answer in time that is read late counts, one that came late does not, even before expiry`() {
        var session = session()
        let (early, _) = session.send(at: clocks(100))
        let (tardy, _) = session.send(at: clocks(150))
        #expect(session.accept(answer(early), receivedRealtime: civil(1_099), reading: clocks(1_200)) == roundTrip(7, sentAt: 100, 999))
        #expect(session.accept(answer(tardy), receivedRealtime: civil(1_151), reading: clocks(1_200)) == .late)
        #expect(session.expire(at: clocks(1_200).monotonic).map(\.sequence) == [8])
    }

    @Test func `a probe in flight while the civil clock is stepped is dropped, and is neither lost nor answered`() {
        var session = session()
        let (request, _) = session.send(at: clocks(100))
        #expect(
            session.accept(answer(request), receivedRealtime: civil(101) + 3_000_000, reading: clocks(101, stepped: 3)) == .clockStepped)
        #expect(session.expire(at: clocks(5_000).monotonic) == [])
    }

    @Test func `a reflector that claims to have taken longer than the whole way is not believed`() {
        var session = session()
        let (request, _) = session.send(at: clocks(100))
        #expect(session.accept(answer(request, inside: 2.1), receivedRealtime: civil(102), reading: clocks(102)) == .implausible)
    }

    @Test func `a probe that did not leave is taken back and has no result, not even when somebody answers it`() {
        var session = session()
        let (request, _) = session.send(at: clocks(100))
        session.withdraw(request.sequence)
        #expect(session.accept(answer(request), receivedRealtime: civil(101), reading: clocks(101)) == .stranger)
        #expect(session.expire(at: clocks(9_000).monotonic) == [])
    }

    @Test func `sequences wrap without losing a probe`() {
        var session = session(first: .max)
        let (last, _) = session.send(at: clocks(0))
        let (first, _) = session.send(at: clocks(50))
        #expect(last.sequence == .max && first.sequence == 0)
        #expect(session.accept(answer(first), receivedRealtime: civil(51), reading: clocks(51)) == roundTrip(0, sentAt: 50, 1))
        #expect(session.expire(at: clocks(2_000).monotonic).map(\.sequence) == [.max])
    }

    @Test func `every probe ends exactly once, whatever is answered, lost, repeated or late`() {
        var random = SeededGenerator(seed: 20_261)
        var session = session(first: 4_294_967_000, interval: .milliseconds(10), timeout: .milliseconds(80))
        var waiting: [(request: STAMPRequest, at: Double)] = []
        var ends: [UInt32: Int] = [:]
        var sent: [UInt32] = []
        for step in 0..<5_000 {
            let now = Double(step) * 10
            for result in session.expire(at: clocks(now).monotonic) { ends[result.sequence, default: 0] += 1 }
            let (request, displaced) = session.send(at: clocks(now))
            if let displaced { ends[displaced.sequence, default: 0] += 1 }
            sent.append(request.sequence)
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                waiting.append((request, now + Double.random(in: 0...160, using: &random)))
            }
            for (request, at) in waiting where at < now + 10 {
                let reading = clocks(max(at, now))
                if case .result(let result) = session.accept(answer(request), receivedRealtime: civil(at), reading: reading) {
                    ends[result.sequence, default: 0] += 1
                }
            }
            waiting.removeAll { $0.at < now + 10 }
        }
        for result in session.expire(at: clocks(1e6).monotonic) { ends[result.sequence, default: 0] += 1 }
        #expect(sent.allSatisfy { ends[$0] == 1 })
        #expect(ends.count == sent.count)
    }

    @Test func `pacing passes over missed slots and never sends a burst`() {
        var pacing = SendPacing(first: MonotonicTime(nanoseconds: 1_000), interval: Nanoseconds(100))
        #expect(pacing.isDue(at: MonotonicTime(nanoseconds: 999)) == (false, 0))
        #expect(pacing.isDue(at: MonotonicTime(nanoseconds: 1_000)) == (true, 0))
        #expect(pacing.isDue(at: MonotonicTime(nanoseconds: 1_450)) == (true, 3))
        #expect(pacing.isDue(at: MonotonicTime(nanoseconds: 1_460)) == (false, 0))
        #expect(pacing.next == MonotonicTime(nanoseconds: 1_500))
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, the same everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
