internal import JSONDocument
internal import Quantities

/// The `spec` of a Lease (`coordination.k8s.io/v1`), as far as an election uses it.
public struct LeaseRecord: Hashable, Sendable {
    /// Empty where it was released.
    public var holder: String
    public var durationSeconds: Int64
    /// As they stand; never compared with a clock of ours.
    public var acquireTime: String
    public var renewTime: String
    /// Grows by one whenever the holder changes: the term, usable as a fence.
    public var transitions: Int64

    public init(holder: String, durationSeconds: Int64, acquireTime: String, renewTime: String, transitions: Int64) {
        self.holder = holder
        self.durationSeconds = durationSeconds
        self.acquireTime = acquireTime
        self.renewTime = renewTime
        self.transitions = transitions
    }
}

/// A Lease as the server last told: its record, its version, and the rest of the object, which an update must send back.
public struct ObservedLease: Hashable, Sendable {
    public let record: LeaseRecord
    public let resourceVersion: String
    /// The whole object as it came, JSON text.
    let object: String

    public init(record: LeaseRecord, resourceVersion: String, object: String = "{}") {
        self.record = record
        self.resourceVersion = resourceVersion
        self.object = object
    }
}

extension ObservedLease {
    /// Nil where the object is no Lease. What a foreign holder left out reads as empty or 0.
    init?(_ lease: JSONValue) {
        guard let metadata = lease["metadata"], let version = metadata["resourceVersion"]?.string else { return nil }
        let spec = lease["spec"]
        self.init(
            record: LeaseRecord(
                holder: spec?["holderIdentity"]?.string ?? "", durationSeconds: spec?["leaseDurationSeconds"]?.integer ?? 0,
                acquireTime: spec?["acquireTime"]?.string ?? "", renewTime: spec?["renewTime"]?.string ?? "",
                transitions: spec?["leaseTransitions"]?.integer ?? 0),
            resourceVersion: version, object: lease.text)
    }
}

extension LeaseRecord {
    var spec: JSONValue {
        [
            "holderIdentity": .string(holder), "leaseDurationSeconds": .integer(durationSeconds), "acquireTime": .string(acquireTime),
            "renewTime": .string(renewTime), "leaseTransitions": .integer(transitions),
        ]
    }
}

/// An instant as Kubernetes' MicroTime wants it: exactly six decimals, or the server refuses the object.
func microTime(_ instant: WallTime) -> String {
    let milliseconds = instant.description.dropLast()
    let rest = ((instant.microseconds % 1_000) + 1_000) % 1_000
    let digits = String(rest)
    return "\(milliseconds)\(String(repeating: "0", count: 3 - digits.count))\(digits)Z"
}
