// Aim: probes and reflectors work on real sockets, and what is short, forged, replayed or from a stranger is counted and dropped.
// Method: loopback, with a hand-held socket where the other side must misbehave. Waiting is on sockets, with a deadline.
import Clocks
import Quantities
import Sockets
import Synchronization
import Testing

@testable import Probing

private let key = ProbeKey([UInt8](repeating: 0x5a, count: 32))!
private let everybody = [AddressPrefix("127.0.0.0/8")!]

private func reflector(
    _ transport: ProbeTransport, allowed: [AddressPrefix] = everybody, keys: [ProbeKey] = [key], segment: SimulatedSegment? = nil
) throws -> Reflector {
    try Reflector(endpoints: [
        ReflectorEndpoint(transport: transport, listen: Endpoint(.loopback, port: 0), keys: keys, allowed: allowed, segment: segment)
    ])
}

private func target(_ transport: ProbeTransport, port: UInt16, host: String = "127.0.0.1", timeout: Nanoseconds = .milliseconds(200)) -> ProbeTarget {
    ProbeTarget(flow: "robot", transport: transport, host: host, port: port, key: key, interval: .milliseconds(5), timeout: timeout)
}

/// Drains until the condition holds for all that came, or ten seconds have passed.
private func collect(_ prober: Prober, until isEnough: ([ProbeResult], ProbeCounters) -> Bool) -> ([ProbeResult], ProbeCounters, String?) {
    var results: [ProbeResult] = []
    var latest = ProbeCounters()
    var trouble: String?
    poll {
        guard let batch = prober.drain()["robot"] else { return false }
        results += batch.results
        latest = batch.counters
        trouble = batch.trouble
        return isEnough(results, latest)
    }
    return (results, latest, trouble)
}

private func poll(_ condition: () -> Bool) {
    let deadline = SystemClocks.monotonic() + .seconds(10)
    var nothing = PollSet()
    while !condition(), SystemClocks.monotonic() < deadline { _ = nothing.wait(nanoseconds: 2_000_000) }
}

private func roundTrips(_ results: [ProbeResult]) -> [Nanoseconds] {
    results.compactMap { if case .roundTrip(let time) = $0.outcome { time } else { nil } }
}

/// A plain socket, for packets that our own code would not send.
private struct Hand: ~Copyable {
    let socket: Socket
    init(to endpoint: Endpoint) throws {
        let socket = try Socket.udp(isIPv6: false)
        try socket.connect(endpoint)
        self.socket = socket
    }
    func send(_ packet: [UInt8]) throws { _ = try socket.send(packet) }
    /// The next datagram, or nil where none comes in time.
    func receive(within wait: Nanoseconds = .seconds(5)) throws -> [UInt8]? {
        var set = PollSet()
        set.insert(socket.descriptor, for: .readable)
        guard set.wait(nanoseconds: wait.count) else { return nil }
        var buffer = [UInt8](repeating: 0, count: 2_048)
        guard let receipt = try socket.receive(into: &buffer) else { return nil }
        return Array(buffer[0..<receipt.count])
    }
}

@Suite(.serialized) struct LoopbackTests {
    @Test(arguments: ProbeTransport.allCases)
    func `probes come back over real sockets in order, with kernel timestamps`(transport: ProbeTransport) throws {
        let reflector = try reflector(transport)
        let prober = try Prober(targets: [target(transport, port: reflector.listening[0].port)])
        let (results, counters, trouble) = collect(prober) { results, _ in roundTrips(results).count >= 100 }
        let times = roundTrips(results)
        #expect(times.count >= 100)
        #expect(times.allSatisfy { $0 > .zero && $0 < .milliseconds(200) })
        // One that a busy machine let pass its timeout is settled later than those sent after it; answers keep their order.
        let answered = results.filter { if case .roundTrip = $0.outcome { true } else { false } }
        #expect(zip(answered, answered.dropFirst()).allSatisfy { (1..<1 << 31).contains($1.sequence &- $0.sequence) })
        #expect(zip(answered, answered.dropFirst()).allSatisfy { $0.sentAt < $1.sentAt })
        #expect(Set(results.map(\.sequence)).count == results.count, "each probe has one result")
        #expect(counters.withoutKernelTimestamp == 0 && counters.implausible == 0 && counters.stranger == 0)
        #expect(trouble == nil)
        #expect(reflector.counters[0].replied >= 100)
    }

    @Test(arguments: ProbeTransport.allCases)
    func `a simulated segment's delay counts as the network's, and its silence as loss`(transport: ProbeTransport) throws {
        let delay = Mutex<Nanoseconds?>(Nanoseconds.milliseconds(7))
        let segment = SimulatedSegment { _ in delay.withLock { $0 }.map { .delayed($0) } ?? .lost }
        let reflector = try reflector(transport, segment: segment)
        let prober = try Prober(targets: [target(transport, port: reflector.listening[0].port)])
        let (delayed, _, _) = collect(prober) { results, _ in roundTrips(results).count >= 50 }
        let times = roundTrips(delayed).sorted()
        // The hold is stamped exactly, so half of the packets see hardly more than it.
        #expect(times.count >= 50)
        #expect(times.allSatisfy { $0 >= .milliseconds(7) })
        #expect(times[times.count / 2] < .milliseconds(9))
        delay.withLock { $0 = nil }
        let (silenced, counters, _) = collect(prober) { results, _ in results.filter { $0.outcome == .lost }.count >= 20 }
        #expect(silenced.contains { $0.outcome == .lost })
        #expect(counters.lost >= 20)
        #expect(reflector.counters[0].dropped >= 20)
    }

    @Test(arguments: ProbeTransport.allCases)
    func `a reflector that comes back is found again`(transport: ProbeTransport) throws {
        let first = try reflector(transport)
        let listening = first.listening[0]
        let prober = try Prober(targets: [target(transport, port: listening.port)])
        _ = collect(prober) { results, _ in roundTrips(results).count >= 5 }
        first.stop()
        let (_, gone, _) = collect(prober) { _, counters in
            counters.lost + counters.unsent >= 10 && counters.refused >= 1
        }
        #expect(gone.lost + gone.unsent >= 10 && gone.refused >= 1)
        let second = try Reflector(endpoints: [
            ReflectorEndpoint(transport: transport, listen: listening, keys: [key], allowed: everybody)
        ])
        let before = gone.roundTrips
        let (_, back, trouble) = collect(prober) { _, counters in counters.roundTrips >= before + 10 }
        #expect(back.roundTrips >= before + 10)
        #expect(trouble == nil)
        #expect(second.counters[0].replied > 0)
    }

    @Test func `short, long, forged, replayed and foreign datagrams are counted and get no answer`() throws {
        let reflector = try reflector(.udp)
        let hand = try Hand(to: reflector.listening[0])
        let request = STAMPRequest(
            sequence: 1, timestamp: STAMPTimestamp(realtimeNanoseconds: ClockReading.now().realtimeNanoseconds), session: 5)
        let packet = request.sealed(with: key)
        var forged = packet
        forged[3] ^= 1
        try hand.send(Array(packet.prefix(111)))
        try hand.send(packet + [0])
        try hand.send([UInt8](repeating: 1, count: 1_400))
        try hand.send(forged)
        try hand.send(packet)
        try hand.send(packet)
        let answer = try #require(try hand.receive())
        #expect(answer.count == packet.count)
        #expect(key.authenticates(answer))
        #expect(STAMPReply(authenticated: answer).request == request)
        poll { reflector.counters[0].received == 6 }
        #expect(try hand.receive(within: .milliseconds(1)) == nil)
        var expected = ReflectorCounters()
        expected.received = 6
        expected.replied = 1
        expected.malformed = 3
        expected.forged = 1
        expected.replayed = 1
        #expect(reflector.counters[0] == expected)
    }

    @Test func `a stranger's datagram gets no answer even with the right key, and its connection is closed`() throws {
        let nobodyHere = [AddressPrefix("192.0.2.0/24")!]
        let udp = try reflector(.udp, allowed: nobodyHere)
        let hand = try Hand(to: udp.listening[0])
        try hand.send(STAMPRequest(sequence: 1, timestamp: STAMPTimestamp(word: 1), session: 1).sealed(with: key))
        poll { udp.counters[0].received == 1 }
        #expect(udp.counters[0].stranger == 1 && udp.counters[0].replied == 0)
        let tcp = try reflector(.tcp, allowed: nobodyHere)
        let prober = try Prober(targets: [target(.tcp, port: tcp.listening[0].port)])
        let (_, counters, _) = collect(prober) { _, counters in counters.unsent >= 5 && counters.refused >= 1 }
        #expect(counters.roundTrips == 0 && counters.unsent >= 5 && counters.refused >= 1)
        #expect(tcp.counters[0].stranger >= 1 && tcp.counters[0].connections == 0)
    }

    @Test func `answers that are forged, of another session or too short are counted by the prober and teach it nothing`() throws {
        let fake = try Socket.udp(isIPv6: false)
        try fake.bind(Endpoint(.loopback, port: 0))
        let port = try #require(fake.localEndpoint?.port)
        let prober = try Prober(targets: [target(.udp, port: port)])
        var set = PollSet()
        set.insert(fake.descriptor, for: .readable)
        let isAsked = set.wait(nanoseconds: 5_000_000_000)
        #expect(isAsked)
        var buffer = [UInt8](repeating: 0, count: 256)
        let receipt = try #require(try fake.receive(into: &buffer))
        let request = STAMPRequest(authenticated: Array(buffer[0..<receipt.count]))
        let stamp = STAMPTimestamp(realtimeNanoseconds: 1_000)
        func reply(to request: STAMPRequest) -> [UInt8] {
            STAMPReply(to: request, receivedAt: stamp, sentAt: stamp, timeToLive: nil).sealed(with: key)
        }
        var forged = reply(to: request)
        forged[90] ^= 4
        let foreign = STAMPRequest(sequence: request.sequence, timestamp: request.timestamp, session: request.session &+ 1)
        for answer in [forged, reply(to: foreign), [1, 2, 3], reply(to: request), reply(to: request)] {
            _ = try fake.send(answer, to: receipt.source)
        }
        let (_, counters, _) = collect(prober) { _, counters in counters.duplicate == 1 }
        #expect(counters.forged == 1 && counters.stranger == 1 && counters.malformed == 1)
        #expect(counters.roundTrips == 1 && counters.duplicate == 1)
    }

    @Test func `the old key is still answered while keys are changed`() throws {
        let reflector = try reflector(.udp, keys: [ProbeKey.random(), key])
        let prober = try Prober(targets: [target(.udp, port: reflector.listening[0].port)])
        let (_, counters, _) = collect(prober) { _, counters in counters.roundTrips >= 3 }
        #expect(counters.roundTrips >= 3 && counters.forged == 0)
    }

    @Test func `a host is also found by its name, and one that has no address is our trouble and not loss`() throws {
        let reflector = try reflector(.udp)
        let named = try Prober(targets: [target(.udp, port: reflector.listening[0].port, host: "localhost")])
        let (_, found, _) = collect(named) { _, counters in counters.roundTrips + counters.refused >= 3 }
        #expect(found.roundTrips >= 3)
        let nameless = try Prober(targets: [target(.udp, port: 9, host: "no-such-host.invalid")])
        let (results, counters, trouble) = collect(nameless) { _, counters in counters.unsent >= 3 }
        #expect(results.isEmpty && counters.lost == 0 && counters.sent == 0 && counters.unsent >= 3)
        #expect(trouble?.contains("no-such-host.invalid") == true)
    }

    @Test(arguments: ProbeTransport.allCases)
    func `probes leave from the address, interface and with the code point that the target names`(transport: ProbeTransport) throws {
        let source = try #require(AddressPrefix("127.0.0.9/32"))
        let reflector = try reflector(transport, allowed: [source])
        var named = target(transport, port: reflector.listening[0].port)
        named.sourceAddress = source.address
        named.differentiatedServicesCodePoint = 46
        let prober = try Prober(targets: [named])
        let (_, counters, _) = collect(prober) { _, counters in counters.roundTrips >= 3 }
        #expect(counters.roundTrips >= 3)
        #expect(reflector.counters[0].stranger == 0)
        var nowhere = named
        nowhere.sourceInterface = "no-such-device"
        let lost = try Prober(targets: [nowhere])
        let (results, failed, trouble) = collect(lost) { _, counters in counters.unsent >= 3 }
        #expect(results.isEmpty && failed.unsent >= 3)
        #expect(trouble?.contains("no-such-device") == true)
    }

    @Test(arguments: ProbeTransport.allCases)
    func `a reflector on every address answers IPv6 and IPv4 alike, each by its own allow-list entry`(transport: ProbeTransport) throws {
        let both = try Reflector(endpoints: [
            ReflectorEndpoint(
                transport: transport, listen: Endpoint(.any, port: 0), keys: [key],
                allowed: [try #require(AddressPrefix("::1")), try #require(AddressPrefix("127.0.0.1"))])
        ])
        for host in ["::1", "127.0.0.1"] {
            let prober = try Prober(targets: [target(transport, port: both.listening[0].port, host: host)])
            let (_, counters, trouble) = collect(prober) { _, counters in counters.roundTrips >= 3 }
            #expect(counters.roundTrips >= 3, "\(host): \(trouble ?? "no trouble")")
            #expect(counters.withoutKernelTimestamp == 0)
        }
        #expect(both.counters[0].stranger == 0)
    }

    @Test func `misconfiguration is refused before anything starts`() throws {
        var slow = target(.udp, port: 9)
        slow.interval = .milliseconds(1)
        #expect(throws: ProbingError.self) { try Prober(targets: [slow]) }
        #expect(throws: ProbingError.self) { try Prober(targets: [target(.udp, port: 0)]) }
        #expect(throws: ProbingError.self) { try Prober(targets: [target(.udp, port: 9), target(.tcp, port: 9)]) }
        #expect(throws: ProbingError.self) { try reflector(.udp, allowed: []) }
        #expect(throws: ProbingError.self) { try reflector(.udp, keys: []) }
        let taken = try reflector(.tcp)
        #expect(throws: ProbingError.self) {
            try Reflector(endpoints: [
                ReflectorEndpoint(transport: .tcp, listen: taken.listening[0], keys: [key], allowed: everybody)
            ])
        }
        #expect(throws: ProbingError.self) { try Prober(targets: [], networkNamespace: "/run/netns/there-is-none") }
    }

    @Test func `what nobody drains is bounded and counted`() {
        let journal = ProbeJournal()
        for number in 0..<10_000 {
            journal.record([ProbeResult(sequence: UInt32(number), sentAt: MonotonicTime(nanoseconds: 0), outcome: .lost)])
        }
        let batch = journal.drain()
        #expect(batch.results.count <= ProbeJournal.bound)
        #expect(batch.results.last?.sequence == 9_999)
        #expect(UInt64(batch.results.count) + batch.counters.overflowed == 10_000)
        #expect(journal.drain().results.isEmpty)
    }
}
