internal import Clocks
internal import Quantities
internal import Sockets
internal import Synchronization

/// A request on its way through a reflector: authenticated, new, and not yet answered.
struct Reflection {
    let request: STAMPRequest
    let key: ProbeKey
    /// When the kernel received it, in civil nanoseconds.
    let receivedRealtime: Int64
    /// The clocks when it was taken from the socket.
    let reading: ClockReading
    let timeToLive: UInt8?

    /// The sealed answer, stamped T2 = arrival + hold and T3 = now. Nil where the civil clock was stepped in between, so that
    /// T3 − T2 would be a lie.
    func answer(heldFor hold: Nanoseconds) -> [UInt8]? {
        let now = ClockReading.now()
        guard now.step(since: reading) <= ProbeSession.stepTolerance else { return nil }
        let arrival = receivedRealtime + hold.count
        let reply = STAMPReply(
            to: request, receivedAt: STAMPTimestamp(realtimeNanoseconds: arrival),
            sentAt: STAMPTimestamp(realtimeNanoseconds: max(arrival, now.realtimeNanoseconds)), timeToLive: timeToLive)
        return reply.sealed(with: key)
    }

    /// When it arrived, on the monotonic clock; never in the future, whatever the civil clock did.
    var arrivedAt: MonotonicTime { min(reading.monotonic(ofRealtime: receivedRealtime), reading.monotonic) }
}

/// The checks that every request passes, over UDP and TCP alike.
struct RequestGate {
    let endpoint: ReflectorEndpoint
    let tally: ReflectorTally
    private var replays = ReplayGuard()

    init(endpoint: ReflectorEndpoint, tally: ReflectorTally) {
        self.endpoint = endpoint
        self.tally = tally
    }

    /// The request in these octets, or nil where it gets no answer; the reason is counted. The authenticator is looked at only
    /// for addresses on the list, so that strangers cost next to nothing.
    mutating func admit(_ packet: [UInt8], from source: Endpoint, receipt: Receipt) -> Reflection? {
        tally.count { $0.received += 1 }
        guard endpoint.allows(source.address) else { return refuse { $0.stranger += 1 } }
        guard packet.count == STAMPLayout.octets, !receipt.isTruncated else { return refuse { $0.malformed += 1 } }
        guard let key = endpoint.key(authenticating: packet) else { return refuse { $0.forged += 1 } }
        let reading = ClockReading.now()
        let request = STAMPRequest(authenticated: packet)
        guard replays.admits(request, of: ReplayGuard.Session(source: source, identifier: request.session), at: reading.monotonic)
        else { return refuse { $0.replayed += 1 } }
        return Reflection(
            request: request, key: key, receivedRealtime: receipt.realtimeNanoseconds ?? reading.realtimeNanoseconds, reading: reading,
            timeToLive: receipt.timeToLive)
    }

    private func refuse(_ change: (inout ReflectorCounters) -> Void) -> Reflection? {
        tally.count(change)
        return nil
    }
}

/// The counters of one endpoint, written by its thread and read by anybody.
final class ReflectorTally: Sendable {
    private let counters = Mutex(ReflectorCounters())
    func count(_ change: (inout ReflectorCounters) -> Void) { counters.withLock { change(&$0) } }
    var current: ReflectorCounters { counters.withLock { $0 } }
}
