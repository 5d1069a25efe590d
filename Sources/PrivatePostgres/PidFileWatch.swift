internal import ChildProcesses
internal import Glibc

/// Waits until a starting server says `ready` in its `postmaster.pid` (eighth line; PostgreSQL, `miscadmin.h`), by inotify.
struct PidFileWatch: ~Copyable {
    private let descriptor: Int32
    private let file: String

    /// Watches from now on, so it is made before the server is started.
    init(dataDirectory: String) {
        descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        file = "\(dataDirectory)/postmaster.pid"
        _ = unsafe inotify_add_watch(descriptor, dataDirectory, UInt32(IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE))
    }
    deinit { _ = close(descriptor) }

    /// False where the process ended or the time passed first.
    func awaitReady(_ process: ChildProcess, milliseconds: Int32) -> Bool {
        var entries = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: process.endedDescriptor, events: Int16(POLLIN), revents: 0),
        ]
        var left = milliseconds
        while left > 0 {
            if saysReady(process.identifier) { return true }
            let before = monotonicMilliseconds()
            _ = unsafe poll(&entries, 2, left)
            left -= Int32(clamping: max(1, monotonicMilliseconds() - before))
            if entries[1].revents != 0 { return false }
            discardEvents()
        }
        return saysReady(process.identifier)
    }

    /// The file of a server that was killed is still there, so the first line must be this process.
    private func saysReady(_ process: pid_t) -> Bool {
        let lines = (readFile(file) ?? "").split(separator: "\n", omittingEmptySubsequences: false)
        return lines.count >= 8 && lines[0] == "\(process)" && lines[7].hasPrefix("ready")
    }

    private func discardEvents() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while unsafe read(descriptor, &buffer, buffer.count) > 0 {}
    }
}

private func monotonicMilliseconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
}

/// The whole file as text; nil where it cannot be read.
func readFile(_ path: String) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { _ = close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = unsafe read(descriptor, &buffer, buffer.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { break }
        bytes += buffer[0..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
}

/// Overwrites an existing file, keeping its owner and mode.
func writeFile(_ path: String, _ text: String) -> Bool {
    let descriptor = unsafe open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { _ = close(descriptor) }
    let bytes = Array(text.utf8)
    return unsafe write(descriptor, bytes, bytes.count) == bytes.count
}
