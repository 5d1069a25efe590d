import ArgumentParser
import Quantities
import ReadModel

/// What the reading commands take from outside. The root command sets it for the time of its run; tests set another.
struct ReadEnvironment: Sendable {
    /// Connects to the log: a connection string, or nil for what `PG*` says. Throws an error whose description is one plain sentence
    /// with the next step.
    var connectReadModel: @Sendable (String?) async throws -> any FleetReadModel & LogHistory
    var now: @Sendable () -> WallTime
    /// Standard output: data only.
    var write: @Sendable (String) -> Void
    /// Standard error: talk. One line, without its line break.
    var say: @Sendable (String) -> Void

    @TaskLocal static var current: ReadEnvironment?
}

/// Where to read from, and how to print: the same for every reading command.
struct ReadOptions: ParsableArguments {
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case table, json
    }

    @Option(help: ArgumentHelp("The database of the event log. Default: the PG* environment variables.", valueName: "connection-string"))
    var database: String?

    @Option(name: .shortAndLong, help: "How to print the result: table or json.")
    var output: Output = .table

    /// Connects and asks; whatever cannot be reached or answered is said in one sentence and ends with exit code 2.
    func read<Answer>(_ ask: (any FleetReadModel & LogHistory, ReadEnvironment) async throws -> Answer) async throws -> Answer {
        guard let environment = ReadEnvironment.current else { preconditionFailure("the root command sets the read environment") }
        do {
            return try await ask(try await environment.connectReadModel(database), environment)
        } catch let exit as ExitCode {
            throw exit
        } catch {
            environment.say("fairlead: the event log cannot be read: \(error)")
            throw FairleadExit.unavailable
        }
    }
}
