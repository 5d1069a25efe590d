public import Quantities

/// What a loop does while its flow is not measured. It holds for `afterTicks` ticks, then does `action`; it never raises.
public struct MissingMeasurementPolicy: Hashable, Sendable {
    public enum Action: String, Hashable, Sendable, CaseIterable {
        /// Leave the limit where it is.
        case hold
        /// Lower it by one step of the law per tick.
        case stepDown
        /// Lower it to the floor at once.
        case floor
    }
    /// Default: step down.
    public var action: Action
    /// Default 3.
    public var afterTicks: Int
    /// A value to put in the place of a missing one, for parity with an older controller: its samples say `synthetic`, hold or
    /// lower only, and raise an alert. Default none, and that is the advice.
    public var fallbackJitter: Delay?

    public init(action: Action = .stepDown, afterTicks: Int = 3, fallbackJitter: Delay? = nil) {
        self.action = action
        self.afterTicks = afterTicks
        self.fallbackJitter = fallbackJitter
    }
}
