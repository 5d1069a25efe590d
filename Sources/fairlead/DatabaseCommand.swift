import Adapters
import ArgumentParser
import EventStore
import PostgreSQL

/// `fairlead db`: the schema of the log's database.
struct DatabaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "db", abstract: "The schema of the event log's database.",
        subcommands: [Migrate.self, Status.self, Verify.self])

    struct Options: ParsableArguments {
        @Option(help: ArgumentHelp("The database of the event log. Default: the PG* environment variables.", valueName: "connection-string"))
        var database: String?

        func schema() -> DatabaseSchema {
            var settings = ConnectionSettings.fairlead(database)
            // A migration may rewrite a table.
            settings.statementTimeout = .seconds(600)
            return DatabaseSchema(PostgresConnection(settings))
        }
    }

    struct Migrate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Bring the database forward to this binary's schema.",
            discussion: """
                Each migration is one transaction, under a lock, so that two may be started at once.

                Examples:
                  fairlead db migrate --database 'host=db dbname=fairlead'
                  PGHOST=db PGDATABASE=fairlead fairlead db migrate
                """)
        @OptionGroup var options: Options
        func run() async throws {
            try await reportingFailures {
                let applied = try await options.schema().migrate()
                print(applied.isEmpty ? "nothing to do" : applied.map { "applied \($0)" }.joined(separator: "\n"))
            }
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Say which schema the database has; exit 1 where migrations are pending.")
        @OptionGroup var options: Options
        func run() async throws {
            try await reportingFailures {
                let status = try await options.schema().status()
                print("\(status.database) at \(status.address): \(DatabaseCommand.sentence(status.standing))")
                for name in status.pending { print("pending \(name)") }
                if !status.pending.isEmpty { throw FairleadExit.different }
            }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare the applied migrations with this binary's; exit 1 where one differs.")
        @OptionGroup var options: Options
        func run() async throws {
            try await reportingFailures {
                let differences = try await options.schema().verify()
                for difference in differences { print("\(difference)") }
                guard differences.isEmpty else { throw FairleadExit.different }
                print("every applied migration is this binary's")
            }
        }
    }

    private static func sentence(_ standing: DatabaseSchema.Standing) -> String {
        switch standing {
        case .current(let number): "schema \(number), current"
        case .ahead(let number): "schema \(number), newer than this binary, which works with it"
        case .tooNew(let number): "schema \(number), too new for this binary: install a newer one"
        case .foreign(let reason): "not a database of Fairlead's: \(reason)"
        default: "\(standing)"
        }
    }
}
