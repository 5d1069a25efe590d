internal import Clocks
internal import Quantities
internal import Sockets

/// One UDP target on the prober's thread.
///
/// Its socket is connected, so the kernel itself drops what strangers send, and a port where nobody listens is heard of.
/// Answers carry the kernel's time of arrival, so the thread need not wake for them: they are read when the next probe is due,
/// which halves the cost of a probe.
final class UDPProbe: PollParticipant {
    /// Answers taken per wake, so that a flood cannot keep the thread from its other targets.
    static let receiveBound = 64
    /// With a longer interval than this the thread does wake for an answer, so that no result is older than this when drained.
    static let longestLazyInterval = Nanoseconds.milliseconds(100)

    private final class Channel {
        let socket: Socket
        let endpoint: Endpoint
        /// Where it stands in the poll set, once it has been put there.
        var pollIndex: Int?
        init(socket: consuming Socket, endpoint: Endpoint) {
            self.socket = socket
            self.endpoint = endpoint
        }
    }

    private let target: ProbeTarget
    private let hosts: HostDirectory
    /// Where the host was given as an address, so that the directory need not be asked for each probe.
    private let fixedAddress: IPAddress?
    private let journal: ProbeJournal
    private var session: ProbeSession
    private var pacing: SendPacing
    private var channel: Channel?
    private var buffer = [UInt8](repeating: 0, count: 256)

    init(target: ProbeTarget, hosts: HostDirectory, journal: ProbeJournal, session: ProbeSession, firstProbe: MonotonicTime) {
        self.target = target
        self.hosts = hosts
        fixedAddress = IPAddress(target.host)
        self.journal = journal
        self.session = session
        pacing = SendPacing(first: firstProbe, interval: target.interval)
    }

    var deadline: MonotonicTime? { pacing.next }
    private var isLazy: Bool { target.interval <= UDPProbe.longestLazyInterval }

    func watch(in set: inout PollSet) {
        guard let channel, !isLazy else { return }
        channel.pollIndex = set.count
        set.insert(channel.socket.descriptor, for: .readable)
    }

    func advance(after set: PollSet, now: MonotonicTime) {
        if !isLazy, let channel, let index = channel.pollIndex, !set.readiness(at: index).isEmpty { receive(from: channel) }
        let slot = pacing.isDue(at: now)
        guard slot.isDue else { return }
        if isLazy, let channel { receive(from: channel) }
        if slot.missed > 0 { journal.count { $0.skippedSlots += slot.missed } }
        journal.record(session.expire(at: now))
        sendOne()
    }

    private func sendOne() {
        let channel = openChannel()
        let (request, displaced) = session.send(at: ClockReading.now())
        if let displaced { journal.record([displaced]) }
        guard let channel else { return withdraw(request) }
        let packet = request.sealed(with: target.key)
        // A refusal was caused by an earlier probe (ICMP), is reported once, and stopped this one from leaving: it goes again.
        for _ in 0..<2 {
            do {
                guard try channel.socket.send(packet) == packet.count else { return withdraw(request) }
                return journal.count { $0.sent += 1 }
            } catch {
                guard error.code == .refused else {
                    close(because: error)
                    break
                }
                journal.count { $0.refused += 1 }
            }
        }
        withdraw(request)
    }

    private func withdraw(_ request: STAMPRequest) {
        session.withdraw(request.sequence)
        journal.count { $0.unsent += 1 }
    }

    /// The socket to the target's present address, opened where there is none or the name has moved. Nil where that fails; the
    /// next slot tries again.
    private func openChannel() -> Channel? {
        if let channel, fixedAddress != nil { return channel }
        let endpoint: Endpoint
        switch hosts.address(of: target.host) {
        case .success(let address): endpoint = Endpoint(address, port: target.port)
        case .failure(let unresolved):
            journal.set(trouble: unresolved.sentence)
            return channel
        }
        if let channel, channel.endpoint == endpoint { return channel }
        do {
            let socket = try Socket.udp(isIPv6: endpoint.address.isIPv6)
            try socket.prepare(for: target)
            try socket.connect(endpoint)
            channel = Channel(socket: socket, endpoint: endpoint)
            journal.set(trouble: nil)
        } catch {
            close(because: error)
        }
        return channel
    }

    private func close(because error: SocketError) {
        channel = nil
        journal.set(trouble: error.description)
    }

    private func receive(from channel: Channel) {
        for _ in 0..<UDPProbe.receiveBound {
            do {
                guard let receipt = try channel.socket.receive(into: &buffer) else { return }
                accept(receipt)
            } catch {
                if error.code == .refused {
                    journal.count { $0.refused += 1 }
                } else {
                    return close(because: error)
                }
            }
        }
    }

    private func accept(_ receipt: Receipt) {
        guard receipt.count == STAMPLayout.octets else { return journal.count { $0.malformed += 1 } }
        judge(Array(buffer[0..<receipt.count]), receivedRealtime: receipt.realtimeNanoseconds, key: target.key, session: &session, journal: journal)
    }
}

/// Checks an answer and writes down what it is worth: the same for both transports.
func judge(
    _ packet: [UInt8], receivedRealtime: Int64?, key: ProbeKey, session: inout ProbeSession, journal: ProbeJournal
) {
    guard key.authenticates(packet) else { return journal.count { $0.forged += 1 } }
    let reading = ClockReading.now()
    if receivedRealtime == nil { journal.count { $0.withoutKernelTimestamp += 1 } }
    let verdict = session.accept(
        STAMPReply(authenticated: packet), receivedRealtime: receivedRealtime ?? reading.realtimeNanoseconds, reading: reading)
    switch verdict {
    case .result(let result): journal.record([result])
    case .stranger: journal.count { $0.stranger += 1 }
    case .late: journal.count { $0.late += 1 }
    case .duplicate: journal.count { $0.duplicate += 1 }
    case .implausible: journal.count { $0.implausible += 1 }
    case .clockStepped: journal.count { $0.clockStepped += 1 }
    }
}

extension Socket {
    /// The options a target asks for; before connecting.
    func prepare(for target: ProbeTarget) throws(SocketError) {
        if let interface = target.sourceInterface { try bind(toInterface: interface) }
        if let address = target.sourceAddress { try bind(Endpoint(address, port: 0)) }
        if let code = target.differentiatedServicesCodePoint { try setDifferentiatedServicesCodePoint(code) }
    }
}
