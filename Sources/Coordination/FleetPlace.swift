public import Events

/// Where the folding of the fleet may begin, short of the log's beginning: behind it stands all that holds now.
///
/// A log of weeks takes minutes to fold, and its oldest days are dropped; nothing may be raised meanwhile, nor be forgotten because
/// of it. So the newest allocation states anew what each link is known to carry and what unheard clusters may still use, and
/// the rosters and the newest grants are kept by the log itself.
public struct FleetPlace: Sendable {
    /// How far each stream counts as read. A stream that is not named is read from its beginning.
    public var cursors: [StreamName: Int64]
    /// The roster in force there, by where it stands.
    public var rosters: [LogPosition: Roster]
    /// The newest grant of each cluster, however old.
    public var grants: [Grant]

    public init(cursors: [StreamName: Int64] = [:], rosters: [LogPosition: Roster] = [:], grants: [Grant] = []) {
        self.cursors = cursors
        self.rosters = rosters
        self.grants = grants
    }
}
