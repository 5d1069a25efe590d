// Aim: probes and scrapes are answered, and nothing a client sends takes more than its bound.
// Method: real sockets on loopback, octet by octet where it matters.
import HealthServer
import Sockets
import Testing

private func listener() throws -> HealthListener {
    try HealthListener(
        listen: Endpoint(.loopback, port: 0),
        handlers: [
            "/livez": { .ok() }, "/readyz": { .unavailable("no measurement yet") },
            "/metrics": { HealthResponse(status: 200, contentType: "text/plain; version=0.0.4", body: String(repeating: "x", count: 300_000)) },
        ])
}

private struct Client: ~Copyable {
    let socket: Socket
    init(port: UInt16) throws {
        let socket = try Socket.tcp(isIPv6: false)
        try socket.connect(Endpoint(.loopback, port: port))
        self.socket = socket
    }
    private func wait(_ readiness: PollSet.Readiness) -> Bool {
        var set = PollSet()
        set.insert(socket.descriptor, for: readiness)
        return set.wait(nanoseconds: 5_000_000_000)
    }
    func send(_ text: String) throws {
        guard wait(.writable) else { return }
        _ = try socket.send(Array(text.utf8))
    }
    /// All until the other side closes, or nothing came for five seconds.
    func receiveAll() throws -> String {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while wait(.readable), let receipt = try socket.receive(into: &buffer), receipt.count > 0 { all += buffer[0..<receipt.count] }
        return String(decoding: all, as: UTF8.self)
    }
}

private func exchange(_ request: String) throws -> String {
    let listener = try listener()
    let client = try Client(port: listener.port)
    try client.send(request)
    return try client.receiveAll()
}

@Suite struct HealthListenerTests {
    @Test func `a path answers with its status, type and body`() throws {
        let live = try exchange("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(live.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(live.hasSuffix("\r\n\r\nok\n"))
        let ready = try exchange("GET /readyz?verbose HTTP/1.1\r\n\r\n")
        #expect(ready.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n") && ready.hasSuffix("no measurement yet\n"))
    }

    @Test func `a long body arrives whole`() throws {
        let answer = try exchange("GET /metrics HTTP/1.1\r\n\r\n")
        #expect(answer.contains("Content-Length: 300000\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n" + String(repeating: "x", count: 300_000)))
    }

    @Test func `HEAD has no body, other methods and paths are refused`() throws {
        #expect(try exchange("HEAD /livez HTTP/1.1\r\n\r\n").hasSuffix("Content-Length: 3\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"))
        #expect(try exchange("POST /livez HTTP/1.1\r\n\r\n").hasPrefix("HTTP/1.1 405 "))
        #expect(try exchange("GET /nowhere HTTP/1.1\r\n\r\n").hasPrefix("HTTP/1.1 404 "))
        #expect(try exchange("GARBAGE\r\n\r\n").hasPrefix("HTTP/1.1 400 "))
        #expect(try exchange("GET http://elsewhere/ HTTP/1.1\r\n\r\n").hasPrefix("HTTP/1.1 400 "))
        #expect(try exchange("GET / " + String(repeating: "y", count: 2_000) + "\r\n\r\n").hasPrefix("HTTP/1.1 400 "))
    }

    @Test func `a head without end is cut off at its bound`() throws {
        let listener = try listener()
        let client = try Client(port: listener.port)
        try client.send("GET /livez HTTP/1.1\r\nX: " + String(repeating: "y", count: 9_000))
        #expect(try client.receiveAll().hasPrefix("HTTP/1.1 431 "))
    }

    @Test func `a request in pieces is answered when it is whole, and others meanwhile`() throws {
        let listener = try listener()
        let slow = try Client(port: listener.port)
        try slow.send("GET /li")
        let quick = try Client(port: listener.port)
        try quick.send("GET /livez HTTP/1.1\n\n")
        #expect(try quick.receiveAll().hasSuffix("ok\n"))
        try slow.send("vez HTTP/1.1\r\n\r")
        try slow.send("\n")
        #expect(try slow.receiveAll().hasSuffix("ok\n"))
    }

    @Test func `silent connections up to the bound do not hinder others beyond it once one ends`() throws {
        let listener = try listener()
        var silent: [SocketBox] = []
        for _ in 0..<HealthListener.connectionBound { silent.append(try SocketBox(port: listener.port)) }
        let waiting = try Client(port: listener.port)
        try waiting.send("GET /livez HTTP/1.1\r\n\r\n")
        silent.removeFirst()
        #expect(try waiting.receiveAll().hasSuffix("ok\n"))
    }
}

private final class SocketBox {
    private let client: Client
    init(port: UInt16) throws { client = try Client(port: port) }
}
