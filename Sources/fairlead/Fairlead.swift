import Adapters
import ArgumentParser
import Clocks
import EventStore
import Glibc
import PostgreSQL
import ReadModel

/// The operator's command, the central service, and the world to try them in.
@main
struct Fairlead: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fairlead",
        abstract: "Keeps the critical flows of many Kubernetes clusters inside their jitter targets, fairly, and writes down why.",
        discussion: """
            Examples:
              fairlead dev                             everything on this machine
              fairlead validate clusters/              check a fleet's files, offline
              fairlead status                          the fleet, worst first
              fairlead alerts                          what fires, and what was resolved
              fairlead explain decision plant-a/4f21c09a/118
              fairlead lab --for 240s --seed 1         real packets, a real bottleneck (root)

            Exit codes:
            \(FairleadExit.table)
            """,
        version: FairleadVersion.text,
        subcommands: [
            DevCommand.self, LabCommand.self, ServeCommand.self, StatusCommand.self, AlertsCommand.self, ExplainCommand.self, ValidateCommand.self,
            AllocateCommand.self, AllocationCommand.self, BenchCommand.self, DatabaseCommand.self, LogCommand.self, ClusterCommand.self,
            VersionCommand.self, WorldCommand.self,
            WebhookReceiverCommand.self, ScenarioCommand.self, SimulateCommand.self, TuneCommand.self, BacktestCommand.self, ReplayCommand.self,
        ])

    /// Sets what the reading commands take from outside, then runs the command named.
    static func main() async {
        let environment = ReadEnvironment(
            connectReadModel: { conninfo in
                let connection = PostgresConnection(.fairlead(conninfo))
                do { try await DatabaseSchema(connection).requireCompatible() } catch { throw AssemblyError(plainSentence(error)) }
                return PostgresReadModel(connection)
            },
            now: { SystemClocks.wall() }, write: { text in print(text, terminator: "") },
            say: { sentence in standardError(sentence) })
        await ReadEnvironment.$current.withValue(environment) { await Fairlead.main(nil) }
    }
}

/// `fairlead version`.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")
    func run() { print("fairlead \(FairleadVersion.text)") }
}

/// Says a sentence on standard error: talk, never data.
func say(_ sentence: String) { standardError("fairlead: \(sentence)") }

/// Runs a command's body. What it throws becomes one sentence on standard error and exit code 2; usage errors stay the parser's.
func reportingFailures<Result>(_ body: () async throws -> Result) async throws -> Result {
    do { return try await body() } catch let exit as ExitCode { throw exit } catch let usage as ValidationError { throw usage } catch {
        say(plainSentence(error))
        throw FairleadExit.unavailable
    }
}
