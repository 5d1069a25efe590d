public import ControlLaw
public import Events
public import Fleet
public import Quantities

/// What a shipper is made from: its cluster's part of the configuration, its laws, and what it goes on from.
public struct ShipperSettings: Sendable {
    public var cluster: ClusterSpecification
    public var tick: Nanoseconds
    public var settle: Nanoseconds
    public var serviceLevels: [ServiceLevelClass]
    public var configuration: Digest
    public var law: Law
    public var shadows: [Law]
    public var hash: HashFunction
    /// Who this process is, for the log: the Pod's name.
    public var holder: String
    public var version: String
    public var seed: UInt64

    public init(
        cluster: ClusterSpecification, tick: Nanoseconds, settle: Nanoseconds, serviceLevels: [ServiceLevelClass],
        configuration: Digest, law: Law, shadows: [Law] = [], hash: HashFunction, holder: String, version: String, seed: UInt64
    ) {
        self.cluster = cluster
        self.tick = tick
        self.settle = settle
        self.serviceLevels = serviceLevels
        self.configuration = configuration
        self.law = law
        self.shadows = shadows
        self.hash = hash
        self.holder = holder
        self.version = version
        self.seed = seed
    }
}

/// What a spool held when the shipper started.
public struct ShipperResumption: Sendable {
    public var stream: StreamName
    public var head: StreamHead
    public var acknowledged: Int64
    public var highestEpochSeen: Int64
    public var keyValues: [String: [UInt8]]

    /// A spool with entries, or an empty one with sequence 0 and the genesis digest.
    public init(
        stream: StreamName, head: StreamHead, acknowledged: Int64, highestEpochSeen: Int64, keyValues: [String: [UInt8]]
    ) {
        self.stream = stream
        self.head = head
        self.acknowledged = acknowledged
        self.highestEpochSeen = highestEpochSeen
        self.keyValues = keyValues
    }
    /// A spool that holds nothing yet.
    public init(emptyStream stream: StreamName, hash: HashFunction) {
        self.init(
            stream: stream, head: StreamHead(sequence: 0, digest: HashChain(hash).genesis(of: stream)), acknowledged: 0,
            highestEpochSeen: 0, keyValues: [:])
    }
}
