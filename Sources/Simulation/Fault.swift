public import Quantities

/// What may go wrong in a simulated fleet.
public enum FaultKind: String, Sendable, CaseIterable {
    /// A process dies between two of its effects; what its disk had not synced is gone.
    case crash
    /// A coordinator stands still, with what it decided in its hands, past the end of its lease; then it goes on.
    case pause
    /// Neither requests nor answers pass between one process and the log.
    case partition
    /// Requests are lost on their way.
    case requestsLost = "requests-lost"
    /// The log carries requests out, and its answers are lost.
    case answersLost = "answers-lost"
    case delay
    /// Each message is lost by chance.
    case loss
    /// Requests arrive twice, the second time later.
    case duplication
    /// Requests arrive so late that others have overtaken them.
    case reorder
    /// The database does not answer anybody.
    case logDown = "log-down"
    /// The database comes back as it was some time ago.
    case logRestored = "log-restored"
    case clockJump = "clock-jump"
    case clockDrift = "clock-drift"
    /// The API server takes long.
    case apiSlow = "api-slow"
    /// The API server answers 409 to writes.
    case apiConflict = "api-409"
    /// The API server answers 422 to writes: a `test` failed.
    case apiInvalid = "api-422"
    case apiThrottled = "api-429"
    /// The API server answers 500, having done what was asked or not.
    case apiError = "api-500"
    /// The API server gives no answer, having done what was asked or not.
    case apiSilent = "api-silent"
    case podReplaced = "pod-replaced"
    case scaled
    /// Somebody else writes our annotation.
    case foreignPatch = "foreign-patch"
    case diskFull = "disk-full"
    /// A crash after which records on the disk cannot be read.
    case spoolTorn = "spool-torn"
    /// The spool's file is damaged beyond use.
    case spoolRuined = "spool-ruined"
    /// The source that measures a cluster's flows answers little, old things, or nothing.
    case sourcePoor = "source-poor"

    /// An alerter is a process with a clock and a way to the log, and nothing else.
    var strikesAlerters: Bool {
        switch reach {
        case .writer, .coordinator, .clock: true
        case .shipper, .log, .cluster: false
        }
    }

    /// Whom it befalls.
    enum Reach { case shipper, coordinator, writer, log, clock, cluster }
    var reach: Reach {
        switch self {
        case .crash, .partition, .requestsLost, .answersLost, .delay, .loss, .duplication, .reorder: .writer
        case .pause: .coordinator
        case .logDown, .logRestored: .log
        case .clockJump, .clockDrift: .clock
        case .apiSlow, .apiConflict, .apiInvalid, .apiThrottled, .apiError, .apiSilent, .podReplaced, .scaled, .foreignPatch: .cluster
        case .diskFull, .spoolTorn, .spoolRuined, .sourcePoor: .shipper
        }
    }
}

/// Where a fault strikes: by index into the fleet's clusters, the coordinators, or the alerters.
public enum FaultPlace: Hashable, Sendable, CustomStringConvertible {
    case cluster(Int)
    case coordinator(Int)
    case alerter(Int)
    case log

    public var description: String {
        switch self {
        case .cluster(let index): "cluster \(index)"
        case .coordinator(let index): "coordinator \(index)"
        case .alerter(let index): "alerter \(index)"
        case .log: "log"
        }
    }
}

/// One fault of a run: drawn before it, so that a run is its seed and this list, and can be cut down.
public struct Fault: Hashable, Sendable, CustomStringConvertible {
    public var kind: FaultKind
    public var place: FaultPlace
    /// Since the run began.
    public var begins: Nanoseconds
    public var lasts: Nanoseconds
    /// How hard, for the kind to read: which effect, how far, which object.
    public var strength: UInt32

    public init(_ kind: FaultKind, at place: FaultPlace, begins: Nanoseconds, lasts: Nanoseconds, strength: UInt32) {
        self.kind = kind
        self.place = place
        self.begins = begins
        self.lasts = lasts
        self.strength = strength
    }

    public var description: String {
        "\(kind.rawValue) at \(place), from \(Nanoseconds.milliseconds(begins.milliseconds)) for \(Nanoseconds.milliseconds(lasts.milliseconds))"
            + ", strength \(strength)"
    }
}
