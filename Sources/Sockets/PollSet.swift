internal import CLinux
internal import Glibc

/// The descriptors that one thread waits on, and what became ready. Rebuilt for each wait: with the tens of descriptors that
/// one of our threads serves, that costs less than keeping it in step.
public struct PollSet {
    /// What a descriptor is waited on for, and what it was found ready for.
    public struct Readiness: OptionSet, Sendable {
        public let rawValue: Int16
        public init(rawValue: Int16) { self.rawValue = rawValue }
        public static let readable = Readiness(rawValue: Int16(POLLIN))
        public static let writable = Readiness(rawValue: Int16(POLLOUT))
        /// Closed or failed; always reported.
        public static let broken = Readiness(rawValue: Int16(POLLERR | POLLHUP | POLLNVAL))
    }

    private var descriptors: [pollfd] = []

    public init() {}

    public var count: Int { descriptors.count }
    public mutating func removeAll() { descriptors.removeAll(keepingCapacity: true) }
    public mutating func insert(_ descriptor: CInt, for readiness: Readiness) {
        descriptors.append(pollfd(fd: descriptor, events: readiness.rawValue, revents: 0))
    }
    /// In order of insertion.
    public func readiness(at index: Int) -> Readiness { Readiness(rawValue: descriptors[index].revents) }

    /// Waits until something is ready or `nanoseconds` have passed (nil: for ever). Whether anything is ready.
    public mutating func wait(nanoseconds: Int64?) -> Bool {
        let result = unsafe descriptors.withUnsafeMutableBufferPointer { list in
            unsafe linux_ppoll(list.baseAddress, list.count, nanoseconds.map { max(0, $0) } ?? -1)
        }
        // A signal that interrupted the wait is a wait that ended early: the caller looks at its deadlines and waits again.
        guard result > 0 else {
            for index in descriptors.indices { descriptors[index].revents = 0 }
            precondition(result == 0 || result == -EINTR, "ppoll refused our own descriptors: \(errorText(-result))")
            return false
        }
        return true
    }
}
