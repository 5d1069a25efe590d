internal import Glibc

/// An instant on the monotonic clock by which a wait must end.
struct Deadline {
    private let nanoseconds: Int64

    init(after duration: Duration) { nanoseconds = Deadline.now() + duration.milliseconds * 1_000_000 }

    /// For `poll`: 0 when the instant has passed, rounded up otherwise.
    var remainingMilliseconds: Int32 { Int32(clamping: max(0, (nanoseconds - Deadline.now() + 999_999) / 1_000_000)) }
    var hasPassed: Bool { Deadline.now() >= nanoseconds }

    private static func now() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// Waits until the socket can be read (or written, when `writing`), or the deadline passes; false means that it passed.
func waitForSocket(_ descriptor: Int32, writing: Bool, reading: Bool = true, until deadline: Deadline) -> Bool {
    while true {
        var entry = pollfd(fd: descriptor, events: Int16((reading ? POLLIN : 0) | (writing ? POLLOUT : 0)), revents: 0)
        let count = unsafe poll(&entry, 1, deadline.remainingMilliseconds)
        if count > 0 { return true }
        if count == 0 { return false }
        // A closed or bad descriptor reads as ready: libpq then finds out and says what happened.
        if errno != EINTR { return true }
    }
}
