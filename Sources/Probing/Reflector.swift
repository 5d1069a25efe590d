internal import Clocks
public import Sockets

/// Answers the probes of its endpoints from one thread of ours (Session-Reflector of RFC 8762, stateless, authenticated mode).
public final class Reflector: Sendable {
    /// The most endpoints of one reflector.
    public static let endpointBound = 256

    /// Where each endpoint listens, in the order given, with the port that the system chose where 0 was asked for.
    public let listening: [Endpoint]
    private let tallies: [ReflectorTally]
    private let stopSignal: EventSignal
    private let thread: OwnedThread

    /// Starts answering. Throws where an endpoint is misconfigured or its port cannot be had.
    /// `networkNamespace` is the path of a namespace to listen in, such as `/run/netns/receiver`.
    public init(endpoints: [ReflectorEndpoint], networkNamespace: String? = nil) throws(ProbingError) {
        if endpoints.isEmpty || endpoints.count > Reflector.endpointBound {
            throw .misconfigured("a reflector has 1 to \(Reflector.endpointBound) endpoints, not \(endpoints.count)")
        }
        for endpoint in endpoints {
            if let problem = endpoint.problem { throw .misconfigured(problem) }
        }
        let tallies = endpoints.map { _ in ReflectorTally() }
        do {
            let stop = try EventSignal()
            let bound = BoundEndpoints()
            thread = try OwnedThread.start(name: "reflect", networkNamespace: networkNamespace) { started in
                do throws(SocketError) {
                    var participants: [any PollParticipant] = []
                    for (endpoint, tally) in zip(endpoints, tallies) {
                        participants.append(try Reflector.open(endpoint, tally: tally, bound: bound))
                    }
                    started(nil)
                    runPollLoop(participants, until: stop)
                } catch {
                    started(error)
                }
            }
            stopSignal = stop
            listening = bound.all
        } catch {
            throw .system(error, "the reflector cannot start")
        }
        self.tallies = tallies
    }

    deinit { stop() }

    /// In the order of the endpoints.
    public var counters: [ReflectorCounters] { tallies.map(\.current) }

    /// Ends the thread and closes every socket. Later calls do nothing.
    public func stop() {
        stopSignal.raise()
        thread.join()
    }

    private static func open(
        _ endpoint: ReflectorEndpoint, tally: ReflectorTally, bound: BoundEndpoints
    ) throws(SocketError) -> any PollParticipant {
        switch endpoint.transport {
        case .udp:
            let socket = try Socket.udp(isIPv6: endpoint.listen.address.isIPv6)
            try socket.bind(endpoint.listen)
            bound.append(socket.localEndpoint ?? endpoint.listen)
            return UDPReflector(socket: socket, endpoint: endpoint, tally: tally)
        case .tcp:
            let socket = try Socket.tcp(isIPv6: endpoint.listen.address.isIPv6)
            try socket.bind(endpoint.listen, reusingAddress: true)
            try socket.listen(backlog: 64)
            bound.append(socket.localEndpoint ?? endpoint.listen)
            return TCPReflector(listener: socket, endpoint: endpoint, tally: tally)
        }
    }
}
