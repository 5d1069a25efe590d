internal import Glibc
internal import Synchronization

/// Carries the bytes of Unix-socket connections to another Unix socket and back, and cuts one where a test asks for it: after the
/// server has answered a message that holds certain bytes, and before the client hears of it.
public final class CutRelay: Sendable {
    private struct State {
        var cutsLeft = 0
        var cuts = 0
        var mark: [UInt8] = []
        var isStopped = false
    }
    private let state = Mutex(State())
    private let listener: Int32
    private let target: String

    /// - Parameters:
    ///   - path: where clients connect.
    ///   - target: the server's socket.
    public init(listen path: String, target: String) {
        self.target = target
        listener = listenOnUnixSocket(path)
        _ = chmod(path, 0o777)
        startThread { [self] in acceptLoop() }
    }
    deinit { close(listener) }

    /// Connections cut so far.
    public var cuts: Int { state.withLock { $0.cuts } }

    /// Swallows the answers to the next `count` messages that hold `mark`, and ends their connections.
    public func swallowAnswers(_ count: Int, to mark: [UInt8]) {
        state.withLock { ($0.cutsLeft, $0.mark) = (count, mark) }
    }

    public func stop() {
        state.withLock { $0.isStopped = true }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func acceptLoop() {
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else {
                if errno == EINTR || errno == ECONNABORTED { continue }
                return
            }
            guard !state.withLock({ $0.isStopped }), let server = connectToUnixSocket(target) else {
                close(client)
                continue
            }
            startThread { [self] in
                carry(client, server)
                close(client)
                close(server)
            }
        }
    }

    /// Lasts until one side ends, or the connection is cut.
    private func carry(_ client: Int32, _ server: Int32) {
        var isMarked = false
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            var polled = [pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: server, events: Int16(POLLIN), revents: 0)]
            guard poll(&polled, 2, -1) > 0 || errno == EINTR else { return }
            if polled[0].revents != 0 {
                let count = recv(client, &piece, piece.count, 0)
                guard count > 0 else { return }
                if state.withLock({ $0.cutsLeft > 0 && holds(piece[..<count], $0.mark) }) { isMarked = true }
                guard writeAll(server, Array(piece[..<count])) else { return }
            }
            if polled[1].revents != 0 {
                let count = recv(server, &piece, piece.count, 0)
                guard count > 0 else { return }
                if isMarked {
                    state.withLock { state in
                        state.cutsLeft -= 1
                        state.cuts += 1
                    }
                    return
                }
                guard writeAll(client, Array(piece[..<count])) else { return }
            }
        }
    }

    private func holds(_ bytes: ArraySlice<UInt8>, _ mark: [UInt8]) -> Bool {
        guard bytes.count >= mark.count else { return false }
        return (bytes.startIndex...(bytes.endIndex - mark.count)).contains { bytes[$0..<$0 + mark.count].elementsEqual(mark) }
    }
}

private func connectToUnixSocket(_ path: String) -> Int32? {
    let connection = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let failed = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(connection, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    guard failed == 0 else {
        close(connection)
        return nil
    }
    return connection
}
