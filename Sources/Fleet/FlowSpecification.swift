public import Quantities

/// A critical flow: what is measured, against which promise, on which links.
public struct FlowSpecification: Hashable, Sendable {
    public enum TransportProtocol: String, Hashable, Sendable, CaseIterable {
        case udp, tcp
    }
    public var id: FlowID
    public var transport: TransportProtocol
    /// The flow's own port. 1 … 65535.
    public var port: UInt16
    public var source: MeasurementSourceSpecification
    /// The name of a `ServiceLevelClass`.
    public var slaClass: String
    public var links: [LinkID]
    /// What each of its links keeps free for it.
    public var reserve: BitRate

    public init(
        id: FlowID, transport: TransportProtocol, port: UInt16, source: MeasurementSourceSpecification, slaClass: String,
        links: [LinkID], reserve: BitRate = .zero
    ) {
        self.id = id
        self.transport = transport
        self.port = port
        self.source = source
        self.slaClass = slaClass
        self.links = links
        self.reserve = reserve
    }
}

/// Where a flow's samples come from.
public enum MeasurementSourceSpecification: Hashable, Sendable {
    case probe(ProbeSpecification)
    case prometheus(PrometheusSourceSpecification)
    /// A recorded trace.
    case trace(path: String)
}

/// Our own packets to our reflector, over the flow's transport.
public struct ProbeSpecification: Hashable, Sendable {
    /// Name or address of the reflector.
    public var host: String
    public var port: UInt16
    /// Time between two packets. Default 50 ms.
    public var interval: Nanoseconds
    /// After this a packet counts as lost. Default 1 s.
    public var timeout: Nanoseconds
    /// The file that holds the HMAC key shared with the reflector.
    public var keyFile: String?
    /// From where it is measured; a part of each sample, because a base delay belongs to a pair of places.
    public var vantage: String

    public init(
        host: String, port: UInt16, interval: Nanoseconds = .milliseconds(50), timeout: Nanoseconds = .seconds(1),
        keyFile: String? = nil, vantage: String
    ) {
        self.host = host
        self.port = port
        self.interval = interval
        self.timeout = timeout
        self.keyFile = keyFile
        self.vantage = vantage
    }
}

/// A PromQL query that answers one number per flow, in seconds of delay above the base delay.
public struct PrometheusSourceSpecification: Hashable, Sendable {
    public var url: String
    public var query: String
    /// A second query, over `timestamp(…)`: `rate` goes on answering its last value after a target died, stamped *now*.
    /// Answers when the newest measurement was scraped, in seconds since 1970. May be left out where `query` reads a range.
    public var ageQuery: String?
    /// Answers how many measurements stand behind the number. May be left out where `query` reads a range of a histogram's buckets.
    public var countQuery: String?

    public init(url: String, query: String, ageQuery: String?, countQuery: String? = nil) {
        self.url = url
        self.query = query
        self.ageQuery = ageQuery
        self.countQuery = countQuery
    }
}
