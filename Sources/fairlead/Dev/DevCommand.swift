import Adapters
import ArgumentParser
import Clocks
import Cryptography
import EventStore
import Fleet
import Glibc
import HTTPTransport
import JSONDocument
import PostgreSQL
import PrivatePostgres
import Quantities
import Supervision
import Synchronization

/// `fairlead dev`: everything on this machine.
struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev", abstract: "Run everything on this machine, with three simulated plants and a story.",
        discussion: """
            A private PostgreSQL, two central services, three shippers, a webhook receiver
            and a world of simulated plants, each a process of its own under one
            supervisor that restarts what dies. Not for production: it listens on
            127.0.0.1 only.

            Examples:
              fairlead dev
              fairlead dev --for 60s -o json      ends by itself and prints a summary
              fairlead dev --persist ./dev-data   keeps its data
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable { case table, json }

    @Option(name: .customLong("for"), help: ArgumentHelp("End by itself after this time, such as 60s.", valueName: "time"))
    var duration: String?

    @Option(name: .shortAndLong, help: "How to print the summary at the end: table or json.")
    var output: Output = .table

    @Option(help: ArgumentHelp("Keep the data in this directory. Without it, a temporary one is removed at the end.", valueName: "directory"))
    var persist: String?

    func validate() throws { _ = try length() }

    private func length() throws -> Nanoseconds? {
        guard let duration else { return nil }
        let length: Nanoseconds
        do { length = try Nanoseconds(parsing: duration) } catch { throw ValidationError("--for: \(error)") }
        guard length >= .seconds(1) else { throw ValidationError("--for \(duration): at least 1s; leave it out to run until Ctrl-C") }
        return length
    }

    func run() async throws {
        let length = try length()
        try await reportingFailures {
            let stopping = SignalWatch([SIGINT, SIGTERM])
            let stage = try DevStage(directory: persist)
            do {
                let summary = try await DevRun(stage: stage, stopping: stopping, length: length).run()
                stage.strike()
                switch output {
                case .json: print(summary.json.indentedText)
                case .table: print(summary.table)
                }
                if !summary.isWhole { throw FairleadExit.different }
            } catch {
                stage.strike()
                throw error
            }
        }
    }
}

/// Where a development fleet lives: its directory and its PostgreSQL.
final class DevStage: Sendable {
    let directory: String
    let isKept: Bool
    let server: PrivateServer
    let supervisor = Supervisor()
    let fleet: DevFleet
    private let starts = Mutex(0)
    /// How often the server was started, the first time included.
    var serverStarts: Int { starts.withLock { $0 } }

    init(directory given: String?) throws {
        isKept = given != nil
        directory = try given ?? PrivateDirectory.make(prefix: "fairlead-dev")
        if let given, unsafe mkdir(given, 0o711) != 0, errno != EEXIST {
            throw AssemblyError("the directory \(given) cannot be made: \(unsafe String(cString: strerror(errno)))")
        }
        server = try PrivateServer(directory: "\(directory)/postgres")
        fleet = try DevFleet(directory: directory)
        try PrivateDirectory.write("\(directory)/probe.key", hexadecimal(secureRandomBytes(count: 32)) + "\n", mode: 0o600)
        try PrivateDirectory.write("\(directory)/webhook.secret", "whsec_" + Base64.encode(secureRandomBytes(count: 32)) + "\n", mode: 0o600)
        try PrivateDirectory.write("\(directory)/fleet.yaml", fleet.text, mode: 0o644)
    }

    /// Starts the server where it does not run. One that was killed may leave children that hold its memory for a moment, or be killed
    /// again while it recovers, so a start that fails is tried again, five times in all.
    func startServer() async throws {
        for attempt in 1... {
            starts.withLock { $0 += 1 }
            do { return try server.start() } catch {
                guard attempt < 5 else { throw error }
                standardError("PostgreSQL did not start (\(error)); trying again")
                try await ContinuousClock().sleep(for: .milliseconds(200))
            }
        }
    }

    func connection(role: String) -> String { "host=\(server.socketDirectory) user=\(role) dbname=fairlead" }
    var ownerConnection: String { connection(role: server.superuser) }

    /// The directory for the central spools of one `serve`, made where it is missing.
    func spoolDirectory(ofServe number: Int) throws -> String {
        let path = "\(directory)/serve-\(number)-spool"
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw AssemblyError("the directory \(path) cannot be made: \(unsafe String(cString: strerror(errno)))")
        }
        return path
    }

    /// Ends every process, and removes what is not to be kept.
    func strike() {
        supervisor.end()
        server.stop()
        guard !isKept else { return }
        PrivateDirectory.remove(directory)
    }
}

/// Signals turned into a flag that is looked at: the command ends in order, not in a handler.
final class SignalWatch: Sendable {
    private static nonisolated(unsafe) var received: sig_atomic_t = 0  // written by the handler alone, read by the command

    init(_ signals: [Int32]) {
        for number in signals { signal(number) { _ in unsafe SignalWatch.received = 1 } }
    }
    var hasCome: Bool { unsafe SignalWatch.received != 0 }
}
