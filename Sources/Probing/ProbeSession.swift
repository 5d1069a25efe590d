internal import Clocks
internal import Quantities

/// One target's probes under way: which answers are believed, and what each is worth. A value without clock or socket.
///
/// An answer counts only where session, sequence and time of sending are those of a probe that is still outstanding. The first two
/// start at random, and the time has nanoseconds, so nobody who cannot read our packets makes one up, key or no key.
struct ProbeSession {
    private struct Flight {
        enum State { case empty, outstanding, answered, lost }
        var state = State.empty
        var sequence: UInt32 = 0
        var sent = ClockReading(monotonic: MonotonicTime(nanoseconds: 0), realtimeNanoseconds: 0)
    }

    /// What became of a reply.
    enum Verdict: Equatable {
        case result(ProbeResult)
        case stranger, late, duplicate, implausible, clockStepped
    }

    /// The civil clock may seem to move by this much between two readings that each lie within 5 µs.
    static let stepTolerance = Nanoseconds.microseconds(50)
    /// The most probes kept in mind at once; with a shorter interval the timeout is in effect shortened.
    static let outstandingBound = 8_192

    private let session: UInt16
    private let timeout: Nanoseconds
    private var nextSequence: UInt32
    /// The oldest sequence that may still be outstanding.
    private var oldest: UInt32
    /// By sequence modulo their number, twice what can be outstanding, so that a late answer is known as such for as long again.
    private var flights: [Flight]

    init(session: UInt16, firstSequence: UInt32, interval: Nanoseconds, timeout: Nanoseconds) {
        let needed = 2 * (timeout.count / max(1, interval.count) + 2)
        var size = 8
        while size < needed && size < ProbeSession.outstandingBound { size *= 2 }
        self.session = session
        self.timeout = timeout
        nextSequence = firstSequence
        oldest = firstSequence
        flights = Array(repeating: Flight(), count: size)
    }

    /// The next probe. Where its place is still taken (the bound above), the old probe there is given up for lost.
    mutating func send(at reading: ClockReading) -> (request: STAMPRequest, displaced: ProbeResult?) {
        let index = place(of: nextSequence)
        var displaced: ProbeResult?
        if flights[index].state == .outstanding {
            displaced = ProbeResult(sequence: flights[index].sequence, sentAt: flights[index].sent.monotonic, outcome: .lost)
        }
        if Int(nextSequence &- oldest) >= flights.count { oldest = nextSequence &- UInt32(flights.count - 1) }
        let request = STAMPRequest(
            sequence: nextSequence, timestamp: STAMPTimestamp(realtimeNanoseconds: reading.realtimeNanoseconds), session: session)
        flights[index] = Flight(state: .outstanding, sequence: nextSequence, sent: reading)
        nextSequence &+= 1
        return (request, displaced)
    }

    /// Judges an authentic reply that came at `received`, the kernel's civil time where it gave one; `reading` is taken after it.
    mutating func accept(_ reply: STAMPReply, receivedRealtime received: Int64, reading: ClockReading) -> Verdict {
        let index = place(of: reply.request.sequence)
        let flight = flights[index]
        guard flight.state != .empty, flight.sequence == reply.request.sequence, reply.request.session == session,
            reply.request.timestamp == STAMPTimestamp(realtimeNanoseconds: flight.sent.realtimeNanoseconds)
        else { return .stranger }
        switch flight.state {
        case .empty: return .stranger
        case .lost: return .late
        case .answered: return .duplicate
        case .outstanding: break
        }
        flights[index].state = .answered
        guard reading.step(since: flight.sent) <= ProbeSession.stepTolerance else { return .clockStepped }
        let away = reading.monotonic(ofRealtime: received) - flight.sent.monotonic
        guard let inside = reply.reflectorNanoseconds, away.count >= inside else { return .implausible }
        // An answer can lie in the socket until after its timeout and before its expiry; the timeout decides, not our waking.
        guard away <= timeout else {
            flights[index].state = .outstanding
            return .late
        }
        let roundTrip = Nanoseconds(away.count - inside)
        return .result(ProbeResult(sequence: flight.sequence, sentAt: flight.sent.monotonic, outcome: .roundTrip(roundTrip)))
    }

    /// Takes back a probe that did not leave after all. It has no result: what was not sent measured nothing.
    mutating func withdraw(_ sequence: UInt32) {
        let index = place(of: sequence)
        precondition(flights[index].state == .outstanding && flights[index].sequence == sequence, "only what was just made is taken back")
        flights[index].state = .empty
    }

    /// The probes whose time is over, oldest first.
    mutating func expire(at now: MonotonicTime) -> [ProbeResult] {
        var lost: [ProbeResult] = []
        while oldest != nextSequence {
            let flight = flights[place(of: oldest)]
            if flight.state == .outstanding && flight.sequence == oldest {
                guard now - flight.sent.monotonic > timeout else { break }
                flights[place(of: oldest)].state = .lost
                lost.append(ProbeResult(sequence: oldest, sentAt: flight.sent.monotonic, outcome: .lost))
            }
            oldest &+= 1
        }
        return lost
    }

    private func place(of sequence: UInt32) -> Int { Int(sequence) & (flights.count - 1) }
}
