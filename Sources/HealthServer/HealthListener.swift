public import Quantities
public import Sockets
internal import Synchronization

/// Answers GET and HEAD on a few fixed paths, from one thread of ours: liveness, readiness and metrics of a small process that
/// carries no web framework.
///
/// Everything a client can make it do is bounded: the connections, the octets of a request, and the time a connection may take.
public final class HealthListener: Sendable {
    /// Called on the listener's thread, for one request at a time. It must not block.
    public typealias Handler = @Sendable () -> HealthResponse

    /// The most connections at once; one more waits in the kernel's queue until another ends.
    public static let connectionBound = 32
    /// From accepting a connection to its end. Then it is closed, whatever state it is in.
    public static let timeBound = Nanoseconds.seconds(10)

    /// The port that it listens on: the one asked for, or the one that the system chose for 0.
    public let port: UInt16
    private let stopSignal: EventSignal
    private let thread: OwnedThread

    /// Starts listening. A path without a handler answers 404.
    public init(listen endpoint: Endpoint, handlers: [String: Handler]) throws(SocketError) {
        let stop = try EventSignal()
        let listening = BoundPort()
        thread = try OwnedThread.start(name: "health") { started in
            do throws(SocketError) {
                let listener = try Socket.tcp(isIPv6: endpoint.address.isIPv6)
                try listener.bind(endpoint, reusingAddress: true)
                try listener.listen(backlog: 32)
                listening.port.withLock { $0 = listener.localEndpoint?.port ?? endpoint.port }
                let loop = HealthLoop(listener: listener, handlers: handlers)
                started(nil)
                loop.run(until: stop)
            } catch {
                started(error)
            }
        }
        stopSignal = stop
        port = listening.port.withLock { $0 }
    }

    deinit { stop() }

    /// Ends the thread and closes every connection. Later calls do nothing.
    public func stop() {
        stopSignal.raise()
        thread.join()
    }

    private final class BoundPort: Sendable {
        let port = Mutex<UInt16>(0)
    }
}
