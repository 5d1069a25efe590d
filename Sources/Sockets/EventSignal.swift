internal import CLinux

/// A flag that another thread can raise and a waiting thread can poll (eventfd). Raising it twice is raising it once.
@safe public final class EventSignal: Sendable {
    public let descriptor: CInt

    public init() throws(SocketError) { descriptor = try check(linux_eventfd(), "open an eventfd") }
    deinit { _ = linux_close(descriptor) }

    public func raise() { _ = linux_event_signal(descriptor) }
    public func lower() { _ = linux_event_clear(descriptor) }

    /// Blocks the calling thread until the flag is up, and leaves it up. Never call it on the cooperative pool.
    public func wait() {
        var set = PollSet()
        set.insert(descriptor, for: .readable)
        while !set.wait(nanoseconds: nil) {}
    }
}
