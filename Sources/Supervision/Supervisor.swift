public import ChildProcesses
import Clocks
public import Quantities
import Synchronization

/// One program that the supervisor keeps running.
public struct SupervisedProgram: Sendable {
    /// What it is for, as the process table shows it: `shipper plant-a`.
    public var role: String
    public var command: [String]
    /// All of its environment.
    public var environment: [String]
    /// Where its standard output and error are appended.
    public var log: String

    public init(role: String, command: [String], environment: [String], log: String) {
        self.role = role
        self.command = command
        self.environment = environment
        self.log = log
    }
}

/// Starts programs, starts again what dies, and ends them all. Each child also ends by itself when this process does, kill -9
/// included: the kernel sends it a signal when the thread that keeps it goes.
public final class Supervisor: Sendable {
    /// Pause before the n-th restart in a row: doubles up to this. One that lasted ten seconds starts from the beginning.
    public static let longestPause = Nanoseconds.seconds(5)

    public struct Standing: Sendable {
        public var role: String
        public var processIdentifier: Int32?
        public var starts: Int
    }

    private struct Entry {
        var program: SupervisedProgram
        var child: ChildProcess?
        var starts = 0
        var startedAt = MonotonicTime(nanoseconds: 0)
        var failuresInARow = 0
        var dueAt = MonotonicTime(nanoseconds: 0)
    }
    private let entries = Mutex<[Entry]>([])
    private let isEnding = Atomic<Bool>(false)

    public init() {}

    /// Starts a program and keeps it. Throws where it cannot be started at all.
    public func start(_ program: SupervisedProgram) throws(ChildProcessError) {
        var entry = Entry(program: program)
        try Supervisor.launch(&entry)
        let started = entry
        entries.withLock { $0.append(started) }
    }

    /// Starts again what has died and whose pause is over. Called by its owner, a few times a second.
    /// Returns the roles that were found dead.
    public func keep() -> [String] {
        guard !isEnding.load(ordering: .relaxed) else { return [] }
        return entries.withLock { entries in
            var died: [String] = []
            let now = SystemClocks.monotonic()
            for index in entries.indices {
                if let child = entries[index].child, child.hasEnded {
                    died.append(entries[index].program.role)
                    let lasted = now - entries[index].startedAt
                    entries[index].failuresInARow = lasted > .seconds(10) ? 0 : entries[index].failuresInARow + 1
                    entries[index].child = nil
                    entries[index].dueAt = now + Supervisor.pause(after: entries[index].failuresInARow)
                }
                // A start that fails now is tried again at the next call.
                if entries[index].child == nil, now >= entries[index].dueAt { try? Supervisor.launch(&entries[index]) }
            }
            return died
        }
    }

    /// The process table.
    public var table: [Standing] {
        entries.withLock { $0.map { Standing(role: $0.program.role, processIdentifier: $0.child?.identifier, starts: $0.starts) } }
    }

    /// Ends all, the last started first: a polite signal, then, after the patience, kill.
    public func end(patience: Nanoseconds = .seconds(8)) {
        isEnding.store(true, ordering: .relaxed)
        let children = entries.withLock { $0.reversed().compactMap(\.child) }
        for child in children { child.signal(15) }
        let deadline = SystemClocks.monotonic() + patience
        for child in children {
            let left = max(0, (deadline - SystemClocks.monotonic()).milliseconds)
            if !child.awaitEnd(milliseconds: Int32(clamping: left)) {
                child.signal(9)
                _ = child.awaitEnd(milliseconds: 2_000)
            }
        }
    }

    private static func launch(_ entry: inout Entry) throws(ChildProcessError) {
        // `setpriv` execs, so the child keeps its number; `--pdeathsig` is bound to the thread that keeps it.
        entry.child = try ChildProcess(
            ["setpriv", "--pdeathsig", "KILL"] + entry.program.command, log: entry.program.log, environment: entry.program.environment)
        entry.starts += 1
        entry.startedAt = SystemClocks.monotonic()
    }

    private static func pause(after failures: Int) -> Nanoseconds {
        guard failures > 0 else { return .zero }
        return min(longestPause, Nanoseconds.milliseconds(200 << Int64(min(failures, 10))))
    }
}
