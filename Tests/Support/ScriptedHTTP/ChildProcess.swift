internal import Glibc
internal import Synchronization

/// A real server of somebody else's as a child of the tests, killed at the latest when it is let go.
public final class ChildProcess: Sendable {
    public struct NotStarted: Error, CustomStringConvertible {
        public let program: String
        public let code: Int32
        public var description: String { "\(program) cannot be started: \(String(cString: strerror(code)))" }
    }
    private let pid: Mutex<pid_t>
    private let output: Int32

    /// Starts a program by its path. What it prints can be read with `line(containing:)`; it waits once it
    /// has printed 64 KiB that nobody read.
    public init(_ arguments: [String]) throws {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0, "the system gives no pipe")
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        output = ends[0]
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        var vector: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in vector { free(pointer) } }
        var child = pid_t()
        let failed = posix_spawnp(&child, arguments[0], &actions, nil, &vector, environ)
        Glibc.close(ends[1])
        guard failed == 0 else {
            Glibc.close(ends[0])
            throw NotStarted(program: arguments[0], code: failed)
        }
        pid = Mutex(child)
    }
    deinit {
        kill()
        close(output)
    }

    /// Runs a program to its end; the exit code.
    public static func run(_ arguments: [String]) throws -> Int32 {
        let child = try ChildProcess(arguments)
        return child.pid.withLock { pid in
            var status: Int32 = 0
            waitpid(pid, &status, 0)
            pid = 0
            return (status >> 8) & 0xFF
        }
    }

    /// The first line printed that holds `text`; nil where the program ends without one. Blocks its thread: for the start of a test.
    public func line(containing text: String) -> String? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1 {
            guard byte == 0x0A else {
                line.append(byte)
                continue
            }
            let printed = String(decoding: line, as: UTF8.self)
            if printed.contains(text) { return printed }
            line = []
        }
        return nil
    }

    /// SIGSTOP, and waits until it stands still.
    public func pause() {
        pid.withLock { pid in
            guard pid > 0 else { return }
            var status: Int32 = 0
            _ = Glibc.kill(pid, SIGSTOP)
            waitpid(pid, &status, WUNTRACED)
        }
    }
    /// SIGKILL, and waits for the end. Once.
    public func kill() {
        pid.withLock { pid in
            guard pid > 0 else { return }
            _ = Glibc.kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            pid = 0
        }
    }
}
