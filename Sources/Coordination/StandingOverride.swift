public import Events
public import Quantities

/// A person's word on what a link carries, with where it stands on the log and until when it holds.
public struct StandingOverride: Equatable, Sendable {
    public let override: CapacityOverride
    /// On the operator's stream.
    public let position: LogPosition
    /// By the log's clock; nil: until it is ended.
    public let endsAt: WallTime?

    init(_ override: CapacityOverride, position: LogPosition, since: WallTime) {
        self.override = override
        self.position = position
        endsAt = override.lasts.map { since + $0 }
    }

    /// - Parameter time: of the log's clock. It is known from the entries that it stored, so an end is seen with the next entry of
    ///   anybody; no machine's own clock ends an override.
    func isInForce(at time: WallTime) -> Bool { override.capacity != nil && endsAt.map { time < $0 } ?? true }
}
