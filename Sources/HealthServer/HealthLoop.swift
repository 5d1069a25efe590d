internal import Clocks
internal import Quantities
internal import Sockets

/// The listener's connections; used from its thread only.
final class HealthLoop {
    private final class Connection {
        let socket: Socket
        let deadline: MonotonicTime
        var request: [UInt8] = []
        /// What is left to send, once there is an answer.
        var answer: [UInt8]?
        /// The answer is out. What the client still sends is thrown away until it closes: closing over unread octets would reset
        /// the connection, and could take the answer with it.
        var isDraining = false
        var isOpen = true
        var interest: PollSet.Readiness { answer == nil || isDraining ? .readable : .writable }
        init(socket: consuming Socket, deadline: MonotonicTime) {
            self.socket = socket
            self.deadline = deadline
        }
    }

    private let listener: Socket
    private let handlers: [String: HealthListener.Handler]
    private var connections: [Connection] = []
    private var buffer = [UInt8](repeating: 0, count: 2_048)

    init(listener: consuming Socket, handlers: [String: HealthListener.Handler]) {
        self.listener = listener
        self.handlers = handlers
    }

    func run(until stop: EventSignal) {
        var set = PollSet()
        while true {
            set.removeAll()
            set.insert(stop.descriptor, for: .readable)
            for connection in connections { set.insert(connection.socket.descriptor, for: connection.interest) }
            let hasRoom = connections.count < HealthListener.connectionBound
            if hasRoom { set.insert(listener.descriptor, for: .readable) }
            let patience = connections.map(\.deadline).min().map { ($0 - SystemClocks.monotonic()).count }
            _ = set.wait(nanoseconds: patience)
            if !set.readiness(at: 0).isEmpty { return }
            let now = SystemClocks.monotonic()
            for (index, connection) in connections.enumerated() {
                serve(connection, ready: set.readiness(at: index + 1))
                if now >= connection.deadline { connection.isOpen = false }
            }
            if hasRoom, !set.readiness(at: connections.count + 1).isEmpty { accept(now) }
            connections.removeAll { !$0.isOpen }
        }
    }

    private func accept(_ now: MonotonicTime) {
        do {
            while connections.count < HealthListener.connectionBound, let accepted = try listener.accept() {
                connections.append(Connection(socket: accepted.takeSocket(), deadline: now + HealthListener.timeBound))
            }
        } catch {
            // Out of descriptors: the connection stays in the kernel's queue for the next round.
            return
        }
    }

    private func serve(_ connection: Connection, ready: PollSet.Readiness) {
        guard !ready.isEmpty else { return }
        do {
            if connection.isDraining { return try drain(connection) }
            if connection.answer == nil { try read(from: connection) }
            if connection.answer != nil { try write(to: connection) }
        } catch {
            connection.isOpen = false
        }
    }

    private func read(from connection: Connection) throws(SocketError) {
        guard let receipt = try connection.socket.receive(into: &buffer) else { return }
        guard receipt.count > 0 else { return connection.isOpen = false }
        connection.request += buffer[0..<receipt.count]
        switch RequestHead(connection.request) {
        case .incomplete: return
        case .refused(let status):
            connection.answer = HealthResponse(status: status, body: "refused\n").octets(withBody: true)
        case .request(let path, let isHead):
            let response = handlers[path]?() ?? HealthResponse(status: 404, body: "not found\n")
            connection.answer = response.octets(withBody: !isHead)
        }
    }

    private func write(to connection: Connection) throws(SocketError) {
        guard let answer = connection.answer else { return }
        let rest = Array(answer.dropFirst(try connection.socket.send(answer)))
        connection.answer = rest
        guard rest.isEmpty else { return }
        try connection.socket.finishSending()
        connection.isDraining = true
    }

    private func drain(_ connection: Connection) throws(SocketError) {
        guard let receipt = try connection.socket.receive(into: &buffer) else { return }
        if receipt.count == 0 { connection.isOpen = false }
    }
}
