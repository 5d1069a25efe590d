import Adapters
import ArgumentParser
import Cryptography
import EventStore
import Events
import JSONDocument
import PostgreSQL
import Quantities

/// `fairlead log`: the event log itself.
struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "The event log: verify it.", subcommands: [Verify.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Recompute every stream's hash chain and look for gaps; exit 1 where something is wrong.",
            discussion: """
                Every digest is computed here, from the stored columns; the database's own functions are not asked.

                Examples:
                  fairlead log verify
                  fairlead log verify -o json
                """)
        @OptionGroup var options: ReadOptions

        func run() async throws {
            try await reportingFailures {
                let connection = PostgresConnection(.fairlead(options.database))
                try await DatabaseSchema(connection).requireCompatible()
                let reports = try await LogVerifier(connection, hash: .libcrypto).verify()
                switch options.output {
                case .json: print(LogCommand.json(reports).indentedText)
                case .table:
                    for report in reports {
                        print("\(report.stream)  \(report.entries) entries  \(report.findings.isEmpty ? "verified" : "NOT VERIFIED")")
                        for finding in report.findings { print("  \(finding)") }
                    }
                    let gaps = reports.reduce(0) { $0 + $1.gaps }
                    print("\(reports.count) streams, \(gaps) gaps, \(reports.reduce(0) { $0 + $1.duplicates }) duplicates")
                }
                if reports.contains(where: { !$0.findings.isEmpty }) { throw FairleadExit.different }
            }
        }
    }

    static func json(_ reports: [LogVerifier.StreamReport]) -> JSONValue {
        [
            "verified": .bool(reports.allSatisfy(\.findings.isEmpty)),
            "gaps": .integer(reports.reduce(0) { $0 + $1.gaps }),
            "duplicates": .integer(reports.reduce(0) { $0 + $1.duplicates }),
            "streams": .array(
                reports.map { report in
                    [
                        "stream": .string(report.stream.text), "entries": .integer(report.entries),
                        "findings": .array(report.findings.map { .string("\($0)") }),
                    ]
                }),
        ]
    }
}
