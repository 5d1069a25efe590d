public import Quantities

/// What holds a device's sending back.
public enum DeviceLimit: Hashable, Sendable {
    /// No queueing discipline of ours: the device sends as fast as it can.
    case unlimited
    case limited(BitRate)
    /// Someone else's queueing discipline, by its kind.
    case foreign(kind: String)
}

/// A device as the kernel shows it.
public struct DeviceState: Hashable, Sendable {
    public let limit: DeviceLimit
    /// Bytes that the device has sent since it exists, link headers included. It goes on through every change of the limit.
    public let sentBytes: Int64
    /// Our discipline's queue; nil without a limit of ours.
    public let queue: Queue?
    /// Between the two readings of the clock that enclose the counter's.
    public let readAt: MonotonicTime

    public struct Queue: Hashable, Sendable {
        /// Waiting now. Above zero, the workload offers more than its limit.
        public let backlogBytes: Int64
        /// Packets dropped since the discipline was set up.
        public let drops: Int64
        /// How often a packet had to wait since the discipline was set up.
        public let overlimits: Int64
    }

    public init(limit: DeviceLimit, sentBytes: Int64, queue: Queue?, readAt: MonotonicTime) {
        self.limit = limit
        self.sentBytes = sentBytes
        self.queue = queue
        self.readAt = readAt
    }
}
