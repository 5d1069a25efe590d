internal import CLinux
internal import Glibc

/// One UDP or TCP socket, non-blocking, closed when its owner lets go of it.
@safe public struct Socket: ~Copyable, Sendable {
    /// For waiting on it with `PollSet`; owned here.
    public let descriptor: CInt
    private let isIPv6: Bool

    private init(descriptor: CInt, isIPv6: Bool) {
        self.descriptor = descriptor
        self.isIPv6 = isIPv6
    }
    deinit { _ = linux_close(descriptor) }

    public static func udp(isIPv6: Bool) throws(SocketError) -> Socket {
        Socket(descriptor: try check(linux_udp_socket(isIPv6), "open a UDP socket"), isIPv6: isIPv6)
    }
    public static func tcp(isIPv6: Bool) throws(SocketError) -> Socket {
        Socket(descriptor: try check(linux_tcp_socket(isIPv6), "open a TCP socket"), isIPv6: isIPv6)
    }

    /// `reusingAddress` lets a restarted listener take its port back at once.
    public func bind(_ endpoint: Endpoint, reusingAddress: Bool = false) throws(SocketError) {
        var native = endpoint.native
        _ = unsafe try check(linux_bind(descriptor, &native, reusingAddress), "bind \(endpoint)")
    }
    /// For TCP the connection is complete when the socket polls writable and `pendingError` is nil.
    public func connect(_ endpoint: Endpoint) throws(SocketError) {
        var native = endpoint.native
        let result = unsafe linux_connect(descriptor, &native)
        if result == -EINPROGRESS { return }
        _ = try check(result, "connect to \(endpoint)")
    }
    public func listen(backlog: CInt) throws(SocketError) { _ = try check(linux_listen(descriptor, backlog), "listen") }

    /// The next connection and who it is from, or nil where none waits. Throws only where the listener itself is in trouble.
    public func accept() throws(SocketError) -> Accepted? {
        var peer = linux_endpoint()
        let result = unsafe linux_accept(descriptor, &peer)
        if result == -EAGAIN || result == -ECONNABORTED || result == -EINTR { return nil }
        let accepted = try check(result, "accept a connection")
        return Accepted(socket: Socket(descriptor: accepted, isIPv6: isIPv6), peer: Endpoint(peer))
    }

    public struct Accepted: ~Copyable {
        public let socket: Socket
        public let peer: Endpoint
        public consuming func takeSocket() -> Socket { socket }
    }

    public var localEndpoint: Endpoint? {
        var native = linux_endpoint()
        return unsafe linux_local_endpoint(descriptor, &native) == 0 ? Endpoint(native) : nil
    }
    /// The error that arrived by itself, such as a refused connection. Reading clears it.
    public func takePendingError(context: String) -> SocketError? {
        let result = linux_socket_error(descriptor)
        return result == 0 ? nil : SocketError(errno: -result, context: context)
    }

    /// Tells the other side that nothing more comes; what it still sends can be received.
    public func finishSending() throws(SocketError) { _ = try check(linux_shutdown_sending(descriptor), "finish sending") }

    /// The six bits of RFC 2474 in every packet sent. 0…63.
    public func setDifferentiatedServicesCodePoint(_ value: UInt8) throws(SocketError) {
        _ = try check(linux_set_dscp(descriptor, isIPv6, CInt(value)), "set DSCP \(value)")
    }
    public func bind(toInterface name: String) throws(SocketError) {
        _ = unsafe try check(linux_bind_to_device(descriptor, name), "bind to interface \(name)")
    }
    public func setNoDelay() throws(SocketError) { _ = try check(linux_set_tcp_no_delay(descriptor), "set TCP_NODELAY") }
    /// How long sent data may stay unacknowledged before the kernel gives the connection up (RFC 5482).
    public func setUserTimeout(milliseconds: CInt) throws(SocketError) {
        _ = try check(linux_set_tcp_user_timeout(descriptor, milliseconds), "set TCP_USER_TIMEOUT")
    }
}

/// The result of a call, or its negative errno as an error.
func check(_ result: CInt, _ context: @autoclosure () -> String) throws(SocketError) -> CInt {
    guard result >= 0 else { throw SocketError(errno: -result, context: context()) }
    return result
}
