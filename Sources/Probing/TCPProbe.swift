internal import Clocks
internal import Quantities
internal import Sockets

/// One TCP target on the prober's thread: probes over one long-lived connection, so that what is measured is the queue that an
/// established flow sees, retransmissions included, and not the handshake.
final class TCPProbe: PollParticipant {
    /// The first and the longest pause before a new attempt; it doubles, with jitter, so that a restarted reflector is not met
    /// by all its probers in one instant.
    static let firstPause = Nanoseconds.milliseconds(200)
    static let longestPause = Nanoseconds.seconds(10)
    /// An unanswered connection, or data unacknowledged for as long, is given up (RFC 5482): the kernel's own patience is minutes.
    static let patience = Nanoseconds.seconds(5)

    private final class Connection {
        let socket: Socket
        let startedAt: MonotonicTime
        var isEstablished = false
        var reader = FrameReader()
        var output = PendingOutput()
        /// Where it stands in the poll set, once it has been put there.
        var pollIndex: Int?
        init(socket: consuming Socket, startedAt: MonotonicTime) {
            self.socket = socket
            self.startedAt = startedAt
        }
    }

    private let target: ProbeTarget
    private let hosts: HostDirectory
    private let journal: ProbeJournal
    private var session: ProbeSession
    private var pacing: SendPacing
    private var connection: Connection?
    private var pause = TCPProbe.firstPause
    private var mayConnectFrom: MonotonicTime
    private var random = SystemRandomNumberGenerator()

    init(target: ProbeTarget, hosts: HostDirectory, journal: ProbeJournal, session: ProbeSession, firstProbe: MonotonicTime) {
        self.target = target
        self.hosts = hosts
        self.journal = journal
        self.session = session
        pacing = SendPacing(first: firstProbe, interval: target.interval)
        mayConnectFrom = firstProbe
    }

    var deadline: MonotonicTime? { connection == nil ? min(pacing.next, mayConnectFrom) : pacing.next }

    func watch(in set: inout PollSet) {
        guard let connection else { return }
        connection.pollIndex = set.count
        let wantsToWrite = !connection.isEstablished || !connection.output.bytes.isEmpty
        set.insert(connection.socket.descriptor, for: wantsToWrite ? [.readable, .writable] : .readable)
    }

    func advance(after set: PollSet, now: MonotonicTime) {
        if let connection, let index = connection.pollIndex { serve(connection, ready: set.readiness(at: index), now: now) }
        if connection == nil && now >= mayConnectFrom { connect(at: now) }
        let slot = pacing.isDue(at: now)
        guard slot.isDue else { return }
        if slot.missed > 0 { journal.count { $0.skippedSlots += slot.missed } }
        journal.record(session.expire(at: now))
        sendOne(now)
    }

    // MARK: The connection

    private func connect(at now: MonotonicTime) {
        switch hosts.address(of: target.host) {
        case .failure(let unresolved):
            journal.set(trouble: unresolved.sentence)
            backOff(from: now)
        case .success(let address):
            do {
                let socket = try Socket.tcp(isIPv6: address.isIPv6)
                try socket.prepare(for: target)
                try socket.setNoDelay()
                try socket.setUserTimeout(milliseconds: CInt(TCPProbe.patience.milliseconds))
                try socket.connect(Endpoint(address, port: target.port))
                connection = Connection(socket: socket, startedAt: now)
            } catch {
                close(because: error, at: now)
            }
        }
    }

    private func serve(_ connection: Connection, ready: PollSet.Readiness, now: MonotonicTime) {
        if !connection.isEstablished {
            if !ready.intersection([.writable, .broken]).isEmpty { establish(connection, now) }
            if !connection.isEstablished, self.connection != nil, now - connection.startedAt > TCPProbe.patience {
                close(because: SocketError(errno: timedOut, context: "connect to \(target.host):\(target.port)"), at: now)
            }
            return
        }
        if ready.contains(.writable) && !flush(connection, now) { return }
        if !ready.intersection([.readable, .broken]).isEmpty { receive(from: connection, now) }
    }

    private func establish(_ connection: Connection, _ now: MonotonicTime) {
        if let error = connection.socket.takePendingError(context: "connect to \(target.host):\(target.port)") {
            return close(because: error, at: now)
        }
        connection.isEstablished = true
        journal.count { $0.connections += 1 }
        journal.set(trouble: nil)
    }

    private func close(because error: SocketError, at now: MonotonicTime) {
        connection = nil
        if error.code == .refused { journal.count { $0.refused += 1 } }
        journal.set(trouble: error.description)
        backOff(from: now)
    }

    private func backOff(from now: MonotonicTime) {
        // Between half and the whole of the pause.
        mayConnectFrom = now + Nanoseconds(Int64.random(in: pause.count / 2...pause.count, using: &random))
        pause = min(pause * 2, TCPProbe.longestPause)
    }

    // MARK: Probes and answers

    private func sendOne(_ now: MonotonicTime) {
        let (request, displaced) = session.send(at: ClockReading.now())
        if let displaced { journal.record([displaced]) }
        guard let connection, connection.isEstablished,
            connection.output.append(TCPFraming.frame(request.sealed(with: target.key)))
        else {
            session.withdraw(request.sequence)
            return journal.count { $0.unsent += 1 }
        }
        journal.count { $0.sent += 1 }
        _ = flush(connection, now)
    }

    /// False where the connection was closed.
    private func flush(_ connection: Connection, _ now: MonotonicTime) -> Bool {
        guard !connection.output.bytes.isEmpty else { return true }
        do {
            connection.output.removeFirst(try connection.socket.send(connection.output.bytes))
            return true
        } catch {
            close(because: error, at: now)
            return false
        }
    }

    private func receive(from connection: Connection, _ now: MonotonicTime) {
        for _ in 0..<UDPProbe.receiveBound {
            do throws(SocketError) {
                let receipt = try connection.reader.fill { (buffer: inout [UInt8], offset: Int) throws(SocketError) -> Receipt? in
                    try connection.socket.receive(into: &buffer, from: offset)
                }
                guard let receipt else { return }
                guard receipt.count > 0 else { throw SocketError(errno: connectionReset, context: "the reflector closed the connection") }
                switch connection.reader.advance(by: receipt.count) {
                case .incomplete: continue
                case .malformed:
                    journal.count { $0.malformed += 1 }
                    throw SocketError(errno: connectionReset, context: "the other side does not speak the probe's protocol")
                case .packet(let packet):
                    // Only an answer proves the connection good: until then the pause keeps growing.
                    pause = TCPProbe.firstPause
                    judge(packet, receivedRealtime: receipt.realtimeNanoseconds, key: target.key, session: &session, journal: journal)
                }
            } catch {
                return close(because: error, at: now)
            }
        }
    }
}

/// ETIMEDOUT and ECONNRESET, for connections that we give up ourselves.
private let timedOut: CInt = 110
private let connectionReset: CInt = 104
