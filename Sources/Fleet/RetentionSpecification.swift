/// How many days before today are kept, by kind, on the server's clock; nil: for ever. `serve` drops what is older, as far as nothing is in
/// the way.
///
/// A day of the log goes whole, ticks and events together, because one chain runs through both: an event whose neighbours are gone could
/// not be verified any more. What lasts longer is what was rolled up from it.
public struct RetentionSpecification: Hashable, Sendable {
    public var log: Int32?
    /// Roll-ups per minute: at least as long as the log, from which a rebuild would make them again.
    public var minuteRollups: Int32?
    /// Roll-ups per hour: at least as long as those per minute.
    public var hourRollups: Int32?

    /// Of any kind. Unit: days.
    public static let possible: ClosedRange<Int32> = 1...36_500

    public init(log: Int32? = nil, minuteRollups: Int32? = nil, hourRollups: Int32? = nil) {
        self.log = log
        self.minuteRollups = minuteRollups
        self.hourRollups = hourRollups
    }
}
