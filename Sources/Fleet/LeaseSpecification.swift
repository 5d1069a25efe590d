public import Quantities

/// How long a leader may believe in itself, and how often it says so. The local trust ends before the shared record does.
public struct LeaseSpecification: Hashable, Sendable {
    /// Default 15 s.
    public var duration: Nanoseconds
    /// Default 5 s; at most a third of `duration`, so that one lost renewal deposes nobody.
    public var renewEvery: Nanoseconds

    public init(duration: Nanoseconds = .seconds(15), renewEvery: Nanoseconds = .seconds(5)) {
        self.duration = duration
        self.renewEvery = renewEvery
    }
}
