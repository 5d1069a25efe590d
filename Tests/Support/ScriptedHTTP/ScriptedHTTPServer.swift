internal import Glibc
internal import Synchronization

/// What a client sent, as it stood on the wire.
public struct ScriptedRequest: Sendable {
    public let method: String
    /// Path and query, still percent-encoded.
    public let target: String
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]
    /// Counts the connections of this server from 1, so that a test sees which were shared.
    public let connection: Int

    public var path: String { String(target.prefix { $0 != "?" }) }
    public var bodyText: String { String(decoding: body, as: UTF8.self) }
    public func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }

    /// The decoded values of one query parameter.
    public func query(_ name: String) -> String? { parameter(name, in: target.drop { $0 != "?" }.dropFirst()) }
    /// The same of a body in the form of a query.
    public func form(_ name: String) -> String? { parameter(name, in: bodyText[...]) }

    private func parameter(_ name: String, in text: Substring) -> String? {
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts[0] == name { return percentDecoded(parts.count > 1 ? parts[1] : "") }
        }
        return nil
    }
}

/// What the server does with a request.
public enum ScriptedAnswer: Sendable {
    case respond(status: Int, reason: String = "Scripted", headers: [(String, String)] = [], body: [UInt8] = [])
    /// These bytes, then the end of the connection.
    case raw([UInt8])
    /// The head of a chunked answer, then whatever the closure sends; true ends the body properly, false cuts it off.
    case stream(status: Int, headers: [(String, String)], @Sendable (ScriptedStream) -> Bool)
    /// No answer for as long as the client keeps the connection.
    case hang
    /// The connection ends without a byte.
    case close

    public static func text(_ status: Int, _ body: String, type: String = "text/plain", headers: [(String, String)] = []) -> ScriptedAnswer {
        .respond(status: status, headers: [("Content-Type", type)] + headers, body: Array(body.utf8))
    }
    public static func json(_ status: Int, _ body: String, headers: [(String, String)] = []) -> ScriptedAnswer {
        .text(status, body, type: "application/json", headers: headers)
    }
}

/// The open body of a streamed answer.
public struct ScriptedStream: Sendable {
    fileprivate let socket: Int32
    /// Sends one chunk. False once the client is gone.
    public func send(_ bytes: [UInt8]) -> Bool {
        writeAll(socket, Array(String(bytes.count, radix: 16).utf8) + [13, 10] + bytes + [13, 10])
    }
    public func send(_ text: String) -> Bool { send(Array(text.utf8)) }
}

/// An HTTP/1.1 server on plain sockets, one thread per connection, that answers as its script says.
public final class ScriptedHTTPServer: Sendable {
    public typealias Script = @Sendable (ScriptedRequest) -> ScriptedAnswer

    private struct State {
        var sockets: Set<Int32> = []
        var connections = 0
        var requests: [ScriptedRequest] = []
        var isStopped = false
    }
    private let state = Mutex(State())
    private let listener: Int32
    private let script: Script
    /// 0 on a Unix socket.
    public let port: UInt16

    /// Listens on a free port of 127.0.0.1 (or on `port`), or on a Unix socket.
    public init(port wanted: UInt16 = 0, unixSocketPath: String? = nil, script: @escaping Script) {
        self.script = script
        if let unixSocketPath {
            listener = listenOnUnixSocket(unixSocketPath)
            port = 0
        } else {
            (listener, port) = listenOnLoopback(wanted)
        }
        startThread { [self] in acceptLoop() }
    }
    deinit { close(listener) }

    public var url: String { "http://127.0.0.1:\(port)" }
    /// All requests so far, in order of arrival.
    public var requests: [ScriptedRequest] { state.withLock { $0.requests } }
    public var connectionCount: Int { state.withLock { $0.connections } }

    /// Ends the listener and every connection.
    public func stop() {
        // Under the lock, as the closing is: a number that was closed meanwhile may be another's socket by now.
        state.withLock { state in
            state.isStopped = true
            for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func acceptLoop() {
        while true {
            let socket = accept(listener, nil, nil)
            guard socket >= 0 else {
                if errno == EINTR || errno == ECONNABORTED { continue }
                return
            }
            let number = state.withLock { state -> Int? in
                guard !state.isStopped else { return nil }
                state.sockets.insert(socket)
                state.connections += 1
                return state.connections
            }
            guard let number else {
                close(socket)
                return
            }
            var on: Int32 = 1
            setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            startThread { [self] in
                serve(socket, number: number)
                state.withLock { state in
                    state.sockets.remove(socket)
                    close(socket)
                }
            }
        }
    }

    private func serve(_ socket: Int32, number: Int) {
        var reader = RequestReader(socket: socket, connection: number)
        while let request = reader.next() {
            state.withLock { $0.requests.append(request) }
            guard answer(request, on: socket) else { return }
        }
    }

    /// True where the connection goes on.
    private func answer(_ request: ScriptedRequest, on socket: Int32) -> Bool {
        switch script(request) {
        case .respond(let status, let reason, let headers, let body):
            var head = "HTTP/1.1 \(status) \(reason)\r\n"
            for (name, value) in headers { head += "\(name): \(value)\r\n" }
            head += "Content-Length: \(body.count)\r\n\r\n"
            return writeAll(socket, Array(head.utf8) + (request.method == "HEAD" ? [] : body))
        case .raw(let bytes):
            _ = writeAll(socket, bytes)
            return false
        case .stream(let status, let headers, let write):
            var head = "HTTP/1.1 \(status) Scripted\r\n"
            for (name, value) in headers { head += "\(name): \(value)\r\n" }
            guard writeAll(socket, Array((head + "Transfer-Encoding: chunked\r\n\r\n").utf8)) else { return false }
            guard write(ScriptedStream(socket: socket)) else { return false }
            return writeAll(socket, Array("0\r\n\r\n".utf8))
        case .hang:
            var byte: UInt8 = 0
            while recv(socket, &byte, 1, 0) > 0 {}
            return false
        case .close: return false
        }
    }
}

/// Reads requests with a Content-Length body off a socket.
private struct RequestReader {
    let socket: Int32
    let connection: Int
    var buffer: [UInt8] = []

    init(socket: Int32, connection: Int) {
        self.socket = socket
        self.connection = connection
    }

    mutating func next() -> ScriptedRequest? {
        var headEnd = endOfHead()
        while headEnd == nil {
            guard fill() else { return nil }
            headEnd = endOfHead()
        }
        guard let headEnd else { return nil }
        let lines = String(decoding: buffer[..<headEnd], as: UTF8.self).split(separator: "\r\n")
        buffer.removeFirst(headEnd + 4)
        guard let first = lines.first?.split(separator: " "), first.count == 3 else { return nil }
        let headers = lines.dropFirst().map { line -> (name: String, value: String) in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (String(parts[0]), parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
        }
        let length = headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
        while buffer.count < length { guard fill() else { return nil } }
        let body = Array(buffer[..<length])
        buffer.removeFirst(length)
        return ScriptedRequest(
            method: String(first[0]), target: String(first[1]), headers: headers, body: body, connection: connection)
    }

    private func endOfHead() -> Int? {
        guard buffer.count >= 4 else { return nil }
        return (0...buffer.count - 4).first { buffer[$0] == 13 && buffer[$0 + 1] == 10 && buffer[$0 + 2] == 13 && buffer[$0 + 3] == 10 }
    }

    private mutating func fill() -> Bool {
        var piece = [UInt8](repeating: 0, count: 16_384)
        let count = recv(socket, &piece, piece.count, 0)
        guard count > 0 else { return false }
        buffer += piece[..<count]
        return true
    }
}
