import Adapters
import ArgumentParser
import EventStore
import Fleet
import JSONDocument
import PostgreSQL

/// `fairlead db`: the schema of the log's database.
struct DatabaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "db", abstract: "The schema of the event log's database.",
        subcommands: [Migrate.self, Status.self, Verify.self, Partitions.self, Consumers.self, Rebuild.self])

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
                Each migration is one transaction, under a lock, so that two may be started at
                once.

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
        static let configuration = CommandConfiguration(
            abstract: "Say which schema the database has, and which migrations are pending.",
            discussion: """
                Exit codes: 0 this binary works with it and nothing is pending, 1 migrations
                are pending, 2 the schema is too new, or the database not Fairlead's, or not
                to be reached, 64 wrong usage.
                """)
        @OptionGroup var options: Options
        func run() async throws {
            try await reportingFailures {
                let status = try await options.schema().status()
                print("\(status.database) at \(status.address): \(DatabaseCommand.sentence(status))")
                switch status.standing {
                case .foreign, .tooNew: throw FairleadExit.unavailable
                case .empty, .behind, .current, .ahead: break
                }
                for name in status.pending { print("pending \(name)") }
                if !status.pending.isEmpty { throw FairleadExit.different }
            }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare the applied migrations with this binary's; exit 1 where one differs.",
            discussion: """
                A migration that is applied and that this binary does not have differs too:
                what it did cannot be told from here. A schema that is too new for this
                binary, and a database that is not Fairlead's, end with 2.
                """)
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

    struct Partitions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the days of the log, or drop the oldest ones.",
            discussion: """
                A day is dropped when the roll-ups and every consumer are past it, the oldest
                first, each leaving a seal per stream: its range and the chain's digests
                around it. What stands in the way is said, and exit is 1. serve does so by
                itself where the fleet's file has a retention; the last line says what is in
                force.

                Examples:
                  fairlead db partitions
                  fairlead db partitions --drop --keep-days 90
                """)
        @OptionGroup var options: ReadOptions
        @Flag(help: "Drop what is older than --keep-days.")
        var drop = false
        @Option(help: "How many days before today stay, 1 to 36500. Default: the retention in force, or 90.")
        var keepDays: Int32?

        func validate() throws {
            guard let keepDays, !RetentionSpecification.possible.contains(keepDays) else { return }
            throw ValidationError("--keep-days: give 1 to 36500, not \(keepDays)")
        }

        func run() async throws {
            try await reportingFailures {
                var settings = ConnectionSettings.fairlead(options.database)
                // Sealing reads the day that goes.
                if drop { settings.statementTimeout = .seconds(600) }
                let connection = PostgresConnection(settings)
                try await DatabaseSchema(connection).requireCompatible()
                let retention = LogRetention(connection)
                var obstacles: [String] = []
                let inForce = try await retention.inForce()
                let keepDays = keepDays ?? inForce?.retention.log ?? 90
                if drop {
                    for day in try await retention.days() where day.bytes != nil {
                        obstacles = try await retention.obstacles(day: day.day, keepDays: keepDays)
                        guard obstacles.isEmpty else { break }
                        say("\(day.day) is dropped, \(try await retention.drop(day: day.day, keepDays: keepDays)) streams sealed")
                    }
                }
                let days = try await retention.days()
                let ahead = try await LogAdministration(connection).partitionDaysAhead()
                switch options.output {
                case .json:
                    let rows: [JSONValue] = days.map { day in
                        ["day": .string(day.day), "bytes": .optional(day.bytes), "sealed_streams": .integer(day.sealedStreams)]
                    }
                    let kept: JSONValue? = inForce.map { retention, since in
                        [
                            "log_days": .optional(retention.log), "minute_rollup_days": .optional(retention.minuteRollups),
                            "hour_rollup_days": .optional(retention.hourRollups), "since": .string("\(since)"),
                        ]
                    }
                    print((["days_ahead": .integer(ahead), "retention": kept ?? .null, "days": .array(rows)] as JSONValue).indentedText)
                case .table:
                    var table = TextTable([.init("DAY"), .init("BYTES", .right), .init("STATE")])
                    for day in days {
                        table.add([day.day, day.bytes.map { "\($0)" } ?? "–", day.bytes == nil ? "dropped, \(counted(day.sealedStreams, "stream")) sealed" : "kept"])
                    }
                    print(table.text(), terminator: "")
                    print("\(counted(ahead, "day")) ahead, today included")
                    print(Self.sentence(inForce?.retention))
                }
                // A day that is merely young is no obstacle to speak of.
                if let obstacle = obstacles.first, !LogRetention.isYoung(obstacle) {
                    for obstacle in obstacles { say(obstacle) }
                    throw FairleadExit.different
                }
            }
        }

        private static func sentence(_ retention: RetentionSpecification?) -> String {
            guard let retention else { return "no retention is in force: serve applies that of the fleet's file" }
            func words(_ days: Int32?) -> String { days.map { counted($0, "day") } ?? "for ever" }
            return "kept, by the fleet's file: the log \(words(retention.log)), minute roll-ups \(words(retention.minuteRollups)), hour roll-ups \(words(retention.hourRollups))"
        }
    }

    struct Consumers: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List who reads the log and how far behind, or take a dead reader off.",
            discussion: """
                A day of the log is dropped when every reader is past it. One that will not
                come back holds all days from its cursor on; take it off, and what it would
                have read is read by nobody. For a member of fairlead_owner.

                Examples:
                  fairlead db consumers
                  fairlead db consumers --remove old-alerter
                """)
        @OptionGroup var options: ReadOptions
        @Option(help: ArgumentHelp("The reader to take off, with its cursors.", valueName: "name"))
        var remove: String?

        func run() async throws {
            try await reportingFailures {
                let connection = PostgresConnection(.fairlead(options.database))
                try await DatabaseSchema(connection).requireCompatible()
                let consumers = LogConsumers(connection)
                let isUnknown = if let remove { try await !consumers.remove(remove) } else { false }
                let list = try await consumers.list()
                if let remove, isUnknown {
                    let known = list.map(\.name).joined(separator: ", ")
                    say("--remove \(remove): there is no such reader; \(known.isEmpty ? "there is none at all" : "there are \(known)")")
                    throw FairleadExit.usage
                }
                switch options.output {
                case .json:
                    let rows: [JSONValue] = list.map { consumer in
                        [
                            "consumer": .string(consumer.name), "drives": .optional(consumer.drives), "registered_on": .optional(consumer.registeredDay),
                            "streams": .integer(consumer.streams), "entries_behind": .integer(consumer.entriesBehind),
                            "last_moved": .optional(consumer.lastMoved.map { "\($0)" }),
                        ]
                    }
                    print((["consumers": .array(rows)] as JSONValue).indentedText)
                case .table:
                    var table = TextTable([.init("READER"), .init("DRIVES"), .init("BEHIND", .right), .init("STREAMS", .right)])
                    for consumer in list {
                        table.add([consumer.name, consumer.drives ?? "not registered", "\(consumer.entriesBehind)", "\(consumer.streams)"])
                    }
                    print(table.text(), terminator: "")
                    print(counted(list.count, "reader"))
                }
            }
        }
    }

    struct Rebuild: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Drop every projection and make it again from the log; exit 1 where a digest changed.",
            discussion: """
                Rosters, newest grants, alerts and the roll-ups. Windows whose ticks were
                dropped are sealed and stay as they are. One transaction: appends wait
                meanwhile. For a member of fairlead_owner.

                Examples:
                  fairlead db rebuild
                """)
        @OptionGroup var options: ReadOptions

        func run() async throws {
            try await reportingFailures {
                var settings = ConnectionSettings.fairlead(options.database)
                settings.statementTimeout = .seconds(3_600)
                let connection = PostgresConnection(settings)
                try await DatabaseSchema(connection).requireCompatible()
                let projections = Projections(connection)
                // The roll-ups stand at the heads first, or else a rebuild would find more than there was.
                while try await projections.fold() > 0 {}
                let before = try await projections.digests()
                let entries = try await projections.rebuild()
                let after = try await projections.digests()
                switch options.output {
                case .json:
                    let rows: [JSONValue] = zip(before, after).map { old, new in
                        [
                            "projection": .string(new.projection), "rows": .integer(new.rows), "digest": .string(new.digest),
                            "is_identical": .bool(old == new),
                        ]
                    }
                    print((["entries": .integer(entries), "is_identical": .bool(before == after), "projections": .array(rows)] as JSONValue).indentedText)
                case .table:
                    for (old, new) in zip(before, after) {
                        print("\(new.projection)  \(new.rows) rows  \(new.digest.prefix(16))  \(old == new ? "identical" : "CHANGED")")
                    }
                    print("\(counted(entries, "entry", "entries")) folded")
                }
                guard before == after else { throw FairleadExit.different }
            }
        }
    }

    private static func sentence(_ status: DatabaseSchema.Status) -> String {
        switch status.standing {
        case .current(let number): "schema \(number), current"
        case .ahead(let number): "schema \(number), newer than this binary, which works with it"
        case .tooNew(let number): "schema \(number), too new for this binary: install a newer Fairlead"
        case .foreign(let reason): "not a database of Fairlead's: \(reason)"
        case .behind(let number): "schema \(number), older than this binary; run: fairlead db migrate"
        case .empty: "no schema of Fairlead's yet; run: fairlead db migrate"
        }
    }
}
