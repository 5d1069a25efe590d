internal import Glibc
internal import Synchronization

/// A child that a thread of ours starts and waits for. The thread lives as long as the child: the kernel's parent-death signal is
/// bound to the thread that started the process, and a pool's thread may end at any time.
public final class ChildProcess: Sendable {
    public let identifier: Int32
    private let ended: EndedSignal

    /// Runs `command` (looked up on PATH) with standard output and error appended to the file `log`.
    /// - Parameter environment: all of it, as `NAME=value`; nothing is inherited.
    public init(_ command: [String], log: String, environment: [String]) throws(ChildProcessError) {
        let start = Start(command: command, log: log, environment: environment)
        ended = start.ended
        let keeper = unsafe Unmanaged.passRetained(start)
        var thread = pthread_t()
        let status = unsafe pthread_create(&thread, nil, { context in
            unsafe Unmanaged<Start>.fromOpaque(context!).takeRetainedValue().keep()
            return nil
        }, keeper.toOpaque())
        precondition(status == 0, "a child needs a thread to keep it, and the system refuses one")
        pthread_detach(thread)
        let started = start.awaitStart()
        guard started > 0 else {
            throw ChildProcessError(command: command[0], errorNumber: -started)
        }
        identifier = started
    }

    /// A descriptor that becomes readable (end of file) when the child has ended.
    public var endedDescriptor: Int32 { ended.reading }
    public var hasEnded: Bool { ended.wait(milliseconds: 0) }
    /// Waits for the end; false where it did not come in time.
    public func awaitEnd(milliseconds: Int32) -> Bool { ended.wait(milliseconds: milliseconds) }
    /// The status of `waitpid`, after the end.
    public var exitStatus: Int32? { ended.status.withLock { $0 } }

    public func signal(_ number: Int32) { if !hasEnded { _ = Glibc.kill(identifier, number) } }

    /// A pair of sockets whose writing end is closed when the child has ended (closed on exec at birth, unlike a pipe).
    private final class EndedSignal: Sendable {
        let reading: Int32
        let writing: Int32
        let status = Mutex<Int32?>(nil)
        init() {
            var pair: [Int32] = [-1, -1]
            let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
            precondition(unsafe socketpair(AF_UNIX, type, 0, &pair) == 0, "out of file descriptors")
            reading = pair[0]
            writing = pair[1]
        }
        deinit { _ = close(reading) }
        func wait(milliseconds: Int32) -> Bool {
            var entry = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
            while true {
                let count = unsafe poll(&entry, 1, milliseconds)
                if count >= 0 || errno != EINTR { return count > 0 }
            }
        }
    }

    /// What the keeping thread needs, and where it answers with the child's id or −errno.
    private final class Start: Sendable {
        let command: [String]
        let log: String
        let environment: [String]
        let ended = EndedSignal()
        private let answer: (reading: Int32, writing: Int32)

        init(command: [String], log: String, environment: [String]) {
            self.command = command
            self.log = log
            self.environment = environment
            var pair: [Int32] = [-1, -1]
            let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
            precondition(unsafe socketpair(AF_UNIX, type, 0, &pair) == 0, "out of file descriptors")
            answer = (pair[0], pair[1])
        }
        deinit {
            _ = close(answer.reading)
            _ = close(answer.writing)
        }
        func awaitStart() -> pid_t {
            var started: pid_t = 0
            while unsafe read(answer.reading, &started, 4) < 0 && errno == EINTR {}
            return started
        }
        func keep() {
            var started = spawn()
            _ = unsafe write(answer.writing, &started, 4)
            if started > 0 {
                var status: Int32 = 0
                while unsafe waitpid(started, &status, 0) < 0 && errno == EINTR {}
                let final = status
                ended.status.withLock { $0 = final }
            }
            _ = close(ended.writing)
        }
        private func spawn() -> pid_t {
            var actions = unsafe posix_spawn_file_actions_t()
            unsafe posix_spawn_file_actions_init(&actions)
            defer { unsafe posix_spawn_file_actions_destroy(&actions) }
            unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
            unsafe posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
            unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
            var child: pid_t = 0
            let status = unsafe withTerminated(command) { arguments in
                unsafe withTerminated(environment) { unsafe posix_spawnp(&child, command[0], &actions, nil, arguments, $0) }
            }
            return status == 0 ? child : -status
        }
    }
}

/// Lends a NULL-terminated array of C strings.
private func withTerminated<T>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> T) -> T {
    let copies = unsafe strings.map { unsafe strdup($0) }
    defer { for unsafe copy in unsafe copies { unsafe free(copy) } }
    return unsafe body(copies + [nil])
}

/// A program that could not be started.
public struct ChildProcessError: Error, Equatable, Sendable, CustomStringConvertible {
    public let command: String
    /// `errno` of the attempt.
    public let errorNumber: Int32
    public var description: String { "\(command) could not be started: \(unsafe String(cString: strerror(errorNumber)))" }
}
