internal import Clocks
internal import Quantities
internal import Sockets

/// One TCP endpoint on the reflector's thread: the same packets, framed, over connections that stay open.
final class TCPReflector: PollParticipant {
    private final class Connection {
        let socket: Socket
        let peer: Endpoint
        var reader = FrameReader()
        var output = PendingOutput()
        var lastHeard: MonotonicTime
        var isOpen = true
        var pollIndex: Int?
        init(socket: consuming Socket, peer: Endpoint, now: MonotonicTime) {
            self.socket = socket
            self.peer = peer
            lastHeard = now
        }
    }
    private struct Packet {
        let reflection: Reflection
        let connection: Connection
    }

    /// The most connections open at once; one more is closed as soon as it is accepted.
    static let connectionBound = 256
    /// A connection that sends nothing for so long is closed. Probes come at least once a minute.
    static let idleBound = Nanoseconds.seconds(150)
    /// Frames taken per connection and wake.
    static let receiveBound = 64

    private let listener: Socket
    private let endpoint: ReflectorEndpoint
    private let tally: ReflectorTally
    private var gate: RequestGate
    private var queue: SegmentQueue<Packet>
    private var connections: [Connection] = []
    private var pollIndex = 0

    init(listener: consuming Socket, endpoint: ReflectorEndpoint, tally: ReflectorTally) {
        self.listener = listener
        self.endpoint = endpoint
        self.tally = tally
        gate = RequestGate(endpoint: endpoint, tally: tally)
        queue = SegmentQueue(segment: endpoint.segment)
    }

    var deadline: MonotonicTime? {
        let idle = connections.map { $0.lastHeard + TCPReflector.idleBound }.min()
        guard let release = queue.nextRelease else { return idle }
        return min(release, idle ?? release)
    }

    func watch(in set: inout PollSet) {
        pollIndex = set.count
        set.insert(listener.descriptor, for: .readable)
        for connection in connections {
            connection.pollIndex = set.count
            set.insert(connection.socket.descriptor, for: connection.output.bytes.isEmpty ? .readable : [.readable, .writable])
        }
    }

    func advance(after set: PollSet, now: MonotonicTime) {
        for connection in connections {
            guard let index = connection.pollIndex else { continue }
            let ready = set.readiness(at: index)
            if ready.contains(.writable) { flush(connection) }
            if !ready.intersection([.readable, .broken]).isEmpty { receive(from: connection, now) }
            if now - connection.lastHeard >= TCPReflector.idleBound { drop(connection) }
        }
        if !set.readiness(at: pollIndex).isEmpty { accept(now) }
        while let held = queue.release(at: SystemClocks.monotonic()) { answer(held.packet, heldFor: held.delay) }
        connections.removeAll { !$0.isOpen }
    }

    private func accept(_ now: MonotonicTime) {
        for _ in 0..<TCPReflector.connectionBound {
            do {
                guard let accepted = try listener.accept() else { return }
                let peer = accepted.peer
                let socket = accepted.takeSocket()
                guard endpoint.allows(peer.address) else {
                    tally.count { $0.stranger += 1 }
                    continue
                }
                guard connections.count < TCPReflector.connectionBound else {
                    tally.count { $0.connectionsRefused += 1 }
                    continue
                }
                try socket.setNoDelay()
                connections.append(Connection(socket: socket, peer: peer, now: now))
                tally.count { $0.connections += 1 }
            } catch {
                // Out of descriptors, or a connection that went away meanwhile: the others matter more.
                tally.count { $0.connectionsRefused += 1 }
                return
            }
        }
    }

    private func receive(from connection: Connection, _ now: MonotonicTime) {
        for _ in 0..<TCPReflector.receiveBound where connection.isOpen {
            do {
                let receipt = try connection.reader.fill { (buffer: inout [UInt8], offset: Int) throws(SocketError) -> Receipt? in
                    try connection.socket.receive(into: &buffer, from: offset)
                }
                guard let receipt else { return }
                guard receipt.count > 0 else { return connection.isOpen = false }
                connection.lastHeard = now
                take(connection.reader.advance(by: receipt.count), of: connection, receipt: receipt)
            } catch {
                connection.isOpen = false
            }
        }
    }

    private func take(_ progress: FrameReader.Progress, of connection: Connection, receipt: Receipt) {
        switch progress {
        case .incomplete: return
        case .malformed:
            tally.count {
                $0.received += 1
                $0.malformed += 1
            }
            connection.isOpen = false
        case .packet(let packet):
            guard let reflection = gate.admit(packet, from: connection.peer, receipt: receipt) else {
                // Who cannot make our authenticator has no business on this connection.
                connection.isOpen = false
                return
            }
            let isOnItsWay = queue.insert(Packet(reflection: reflection, connection: connection), arrivedAt: reflection.arrivedAt)
            if !isOnItsWay { tally.count { $0.dropped += 1 } }
        }
    }

    private func answer(_ packet: Packet, heldFor hold: Nanoseconds) {
        guard packet.connection.isOpen else { return }
        guard let octets = packet.reflection.answer(heldFor: hold) else { return tally.count { $0.clockStepped += 1 } }
        guard packet.connection.output.append(TCPFraming.frame(octets)) else { return drop(packet.connection) }
        tally.count { $0.replied += 1 }
        flush(packet.connection)
    }

    private func flush(_ connection: Connection) {
        guard connection.isOpen, !connection.output.bytes.isEmpty else { return }
        do {
            connection.output.removeFirst(try connection.socket.send(connection.output.bytes))
        } catch {
            connection.isOpen = false
        }
    }

    private func drop(_ connection: Connection) {
        connection.isOpen = false
        tally.count { $0.connectionsDropped += 1 }
    }
}
