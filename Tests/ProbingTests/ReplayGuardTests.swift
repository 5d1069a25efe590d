// Aim: a recorded request is answered once. Method: against a reference that remembers every sequence of one session.
import Quantities
import Sockets
import Testing

@testable import Probing

private func request(_ sequence: UInt32, sentAt timestamp: UInt64, session: UInt16 = 1) -> STAMPRequest {
    STAMPRequest(sequence: sequence, timestamp: STAMPTimestamp(word: timestamp), session: session)
}
private func key(_ number: Int = 1) -> ReplayGuard.Session {
    ReplayGuard.Session(source: Endpoint(.loopback, port: UInt16(truncatingIfNeeded: number)), identifier: UInt16(number / 60_000))
}
private let start = MonotonicTime(nanoseconds: 0)

/// Holds the value, so that an expectation can ask it.
private final class Subject {
    private var replays = ReplayGuard()
    func admits(_ request: STAMPRequest, of session: ReplayGuard.Session = key(), at now: MonotonicTime = start) -> Bool {
        replays.admits(request, of: session, at: now)
    }
}

@Suite struct ReplayGuardTests {
    @Test func `within the window each sequence is admitted once, in whatever order it comes`() {
        var random = SeededGenerator(seed: 3)
        let replays = Subject()
        var seen: Set<UInt32> = []
        let base: UInt32 = .max - 500
        for step in 0..<2_000 {
            // Around a slowly growing middle, so that nothing leaves the window before it is judged.
            let sequence = base &+ UInt32(step / 2 + Int.random(in: 0..<30, using: &random))
            let isNew = seen.insert(sequence).inserted
            #expect(replays.admits(request(sequence, sentAt: 1_000 + UInt64(sequence &- base))) == isNew)
        }
    }

    @Test func `a sequence from far behind is refused unless its sender started again`() {
        let replays = Subject()
        #expect(replays.admits(request(1_000, sentAt: 50)))
        #expect(!replays.admits(request(900, sentAt: 40)))
        #expect(replays.admits(request(3, sentAt: 60)))
        #expect(!replays.admits(request(3, sentAt: 60)))
        #expect(replays.admits(request(4, sentAt: 61)))
    }

    @Test func `sessions do not disturb each other and their number is bounded`() {
        let replays = Subject()
        for number in 0..<3 * ReplayGuard.sessionBound {
            #expect(replays.admits(request(9, sentAt: 1), of: key(number), at: MonotonicTime(nanoseconds: Int64(number))))
        }
        // The latest are remembered.
        #expect(!replays.admits(request(9, sentAt: 1), of: key(3 * ReplayGuard.sessionBound - 1), at: start))
    }
}
