import Quantities

/// Who writes a stream, as its name tells. The database lets each login role write its own streams only; this says what may stand there.
public enum Producer: String, Sendable, CaseIterable {
    /// A spool of a cluster: `plant-a/4f21c09a`.
    case shipper
    case coordinator
    case alerter
    /// A person with the operator's role.
    case `operator`
    /// The coordinator's signed checkpoints.
    case checkpoint

    /// Who may tell each kind of event. The database has the same table (`fairlead.may_tell`), and a test holds the two together.
    private static let tellers: [String: Set<Producer>] = [
        "roster_declared": [.shipper],
        "base_changed": [.shipper],
        "leadership_changed": [.shipper],
        "grant_received": [.shipper],
        "grant_expired": [.shipper],
        // The coordinator patches where it delivers by push.
        "patch_settled": [.shipper, .coordinator],
        "capacity_estimated": [.coordinator],
        "allocation_decided": [.coordinator],
        "grant_issued": [.coordinator],
        "alert_changed": [.alerter],
        "notification_settled": [.alerter],
        "capacity_overridden": [.operator],
        Checkpoint.kind: [.checkpoint],
    ]

    /// Every kind that one producer alone, or some, may tell. What any spool may tell of itself (`entries_lost`, `spool_set_aside`,
    /// `process_started`) is not among them.
    public static var reservedKinds: [String] { tellers.keys.sorted() }

    /// Whether an event of this kind may stand in the stream, as a reader asks. A kind that this version does not know is a later one's,
    /// stored by a later schema, and folded by nobody here: it may. (The log itself takes none that it does not know.)
    public static func mayTell(_ kind: String, in stream: StreamName) -> Bool { mayTell(kind, by: stream.producer) }

    static func mayTell(_ kind: String, by producer: Producer?) -> Bool {
        guard let tellers = tellers[kind] else { return true }
        return producer.map { tellers.contains($0) } ?? false
    }
}

extension StreamName {
    public static let `operator` = StreamName("operator")

    /// Whether this entry may stand here at all: only shippers tick, and each kind of event has its tellers.
    public func admits(_ entry: DecodedEntry) -> Bool {
        switch entry {
        case .tick: producer == .shipper
        case .event(let envelope): Producer.mayTell(envelope.kind, in: self)
        }
    }

    /// Why the log does not take these entries in this stream; nil where it does.
    /// - Parameter sizes: of each, in canonical bytes.
    func refusal(of entries: [ReadEntry], sizes: [Int]) -> LogRefusal? {
        let producer = producer
        let events = entries.compactMap { if case .event(let envelope) = $0.entry { (kind: envelope.kind, version: envelope.version) } else { nil } }
        if events.contains(where: { Fact.newestVersion(ofKind: $0.kind) == nil }) { return .unknownKind }
        if events.count < entries.count && producer != .shipper { return .foreignKind }
        if !events.allSatisfy({ Producer.mayTell($0.kind, by: producer) }) { return .foreignKind }
        if events.contains(where: { $0.version > Fact.newestVersion(ofKind: $0.kind) ?? .max }) { return .futureVersion }
        if !entries.allSatisfy({ WallTime.plausible.contains($0.entry.at) }) { return .absurdTime }
        if producer == .shipper, sizes.contains(where: { $0 > AppendRequest.maximumEntryBytesOfCluster }) { return .entryTooLarge }
        return events.contains { $0.version < 1 } || entries.contains { !$0.isJSON } ? .malformedEntry : nil
    }
}

extension DecodedEntry {
    /// The writer's civil time.
    var at: WallTime {
        switch self {
        case .tick(let tick): tick.at
        case .event(let envelope): envelope.at
        }
    }
}
