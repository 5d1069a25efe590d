public import Quantities
public import Sockets

public enum ProbeTransport: String, Sendable, Hashable, CaseIterable {
    case udp, tcp
}

/// Where one flow's probes go, and how.
public struct ProbeTarget: Sendable {
    public var flow: FlowID
    public var transport: ProbeTransport
    /// A name or a numeric address. Names are looked up every 30 s on a thread of their own.
    public var host: String
    public var port: UInt16
    public var key: ProbeKey
    /// From one probe to the next. 5 ms … 60 s.
    public var interval: Nanoseconds
    /// An answer that takes longer is a loss. At least one interval, at most 60 s.
    public var timeout: Nanoseconds
    /// The six bits of RFC 2474 that the flow itself carries, so that its probes queue where it does.
    public var differentiatedServicesCodePoint: UInt8?
    public var sourceAddress: IPAddress?
    public var sourceInterface: String?

    public init(
        flow: FlowID, transport: ProbeTransport, host: String, port: UInt16, key: ProbeKey, interval: Nanoseconds = .milliseconds(50),
        timeout: Nanoseconds = .seconds(1), differentiatedServicesCodePoint: UInt8? = nil, sourceAddress: IPAddress? = nil,
        sourceInterface: String? = nil
    ) {
        self.flow = flow
        self.transport = transport
        self.host = host
        self.port = port
        self.key = key
        self.interval = interval
        self.timeout = timeout
        self.differentiatedServicesCodePoint = differentiatedServicesCodePoint
        self.sourceAddress = sourceAddress
        self.sourceInterface = sourceInterface
    }

    /// What is wrong with the target, in a sentence; nil where nothing is.
    var problem: String? {
        if interval < .milliseconds(5) || interval > .seconds(60) { return "\(flow): a probe interval lies between 5ms and 60s, not \(interval)" }
        if timeout < interval || timeout > .seconds(60) { return "\(flow): a probe timeout lies between its interval and 60s, not \(timeout)" }
        if port == 0 { return "\(flow): a probe needs a port" }
        if host.isEmpty { return "\(flow): a probe needs a host" }
        if let code = differentiatedServicesCodePoint, code > 63 { return "\(flow): a DSCP has six bits, 0 to 63, not \(code)" }
        return nil
    }
}

/// A prober or reflector that cannot start.
public struct ProbingError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// The configuration is wrong; nothing was started.
        case misconfigured
        /// The system refused a socket, a port, a thread or a namespace.
        case system
    }
    public let code: Code
    /// The system's own error, where there is one.
    public let underlying: SocketError?
    public let context: String
    public var isRetriable: Bool { underlying?.isRetriable ?? false }

    public var description: String { underlying.map { "\(context): \($0)" } ?? context }

    static func misconfigured(_ sentence: String) -> ProbingError {
        ProbingError(code: .misconfigured, underlying: nil, context: sentence)
    }
    static func system(_ error: SocketError, _ context: String) -> ProbingError {
        ProbingError(code: .system, underlying: error, context: context)
    }
}
