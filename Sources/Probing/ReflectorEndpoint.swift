public import Sockets

/// Where a reflector listens, whom it answers, and with which keys.
public struct ReflectorEndpoint: Sendable {
    public var transport: ProbeTransport
    /// Port 0 takes a free one; `Reflector.listening` says which.
    public var listen: Endpoint
    /// Tried in order: the new key and the old one while keys are changed. 1…4.
    public var keys: [ProbeKey]
    /// Who is answered at all. Never empty: a reflector for everybody is written as `0.0.0.0/0` and `::/0`.
    public var allowed: [AddressPrefix]
    /// Only for the development world.
    public var segment: SimulatedSegment?

    public init(
        transport: ProbeTransport, listen: Endpoint, keys: [ProbeKey], allowed: [AddressPrefix], segment: SimulatedSegment? = nil
    ) {
        self.transport = transport
        self.listen = listen
        self.keys = keys
        self.allowed = allowed
        self.segment = segment
    }

    var problem: String? {
        if !(1...4).contains(keys.count) { return "a reflector has 1 to 4 keys, not \(keys.count)" }
        if allowed.isEmpty { return "a reflector needs a list of allowed addresses; 0.0.0.0/0 allows every IPv4 one" }
        return nil
    }

    func allows(_ address: IPAddress) -> Bool { allowed.contains { $0.contains(address) } }
    func key(authenticating packet: [UInt8]) -> ProbeKey? { keys.first { $0.authenticates(packet) } }
}

/// What happened at one endpoint of a reflector since its start. Every number only grows.
public struct ReflectorCounters: Sendable, Equatable {
    public var received: UInt64 = 0
    public var replied: UInt64 = 0
    /// From an address that is not on the list; for TCP a connection, closed at once.
    public var stranger: UInt64 = 0
    /// Of a wrong length.
    public var malformed: UInt64 = 0
    /// No key of ours made its authenticator.
    public var forged: UInt64 = 0
    /// Its session and sequence were answered before.
    public var replayed: UInt64 = 0
    /// Dropped by the simulated segment.
    public var dropped: UInt64 = 0
    /// The kernel would not take the answer.
    public var sendFailed: UInt64 = 0
    /// Not answered, because the civil clock was stepped between arrival and answer.
    public var clockStepped: UInt64 = 0
    /// TCP: connections accepted.
    public var connections: UInt64 = 0
    /// TCP: closed because too many were open.
    public var connectionsRefused: UInt64 = 0
    /// TCP: closed because the other side was silent, or did not read.
    public var connectionsDropped: UInt64 = 0

    public init() {}
}
