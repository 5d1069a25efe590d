import Events

/// A place between two effects at which a process test kills this process. Nothing is decided by it.
public enum ShipperPlace: String, CaseIterable, Sendable {
    case beforeSpool = "shipper.before-spool"
    /// The batch is durable, and nobody knows yet.
    case afterSpool = "shipper.after-spool"
    case beforePatch = "shipper.before-patch"
    case beforeOpen = "shipper.before-open"
    case beforeAppend = "shipper.before-append"
    case beforeDeclaringLost = "shipper.before-declaring-lost"
    /// The log has stored, and its answer is here and not acted upon.
    case afterAnswer = "shipper.after-answer"
    case beforeRead = "shipper.before-read"
    case beforeAcknowledge = "shipper.before-acknowledge"
    case beforeEpoch = "shipper.before-epoch"
    case beforeRenewal = "shipper.before-renewal"

    /// The place right before an effect; nil where there is none.
    init?(before effect: ShipperEffect) {
        switch effect {
        case .spool: self = .beforeSpool
        case .patch: self = .beforePatch
        case .send(.open): self = .beforeOpen
        case .send(.append): self = .beforeAppend
        case .send(.declareLost): self = .beforeDeclaringLost
        case .readSpool: self = .beforeRead
        case .acknowledge: self = .beforeAcknowledge
        case .rememberEpoch: self = .beforeEpoch
        case .renewSpool: self = .beforeRenewal
        case .wake, .note: return nil
        }
    }
}
