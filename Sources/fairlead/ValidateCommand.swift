import Adapters
import ArgumentParser
import ConfigurationFiles
import Cryptography
import Fleet
import JSONDocument
import Quantities

/// `fairlead validate`: says everything that is wrong in the files of a fleet, offline.
struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check the files of a fleet and tell everything that is wrong in them.",
        discussion: """
            Reads the files, or all .yaml files of a directory, as one fleet. Nothing is
            started and nothing is contacted. Each problem stands on a line of its own on
            standard error: file:line:column: path: what is wrong, and what to write.

            Exit codes: 0 the files are right, 1 they are wrong, 2 they could not be read,
            64 wrong usage.
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable {
        case table, json
    }

    @Argument(help: "A directory of .yaml files, or single files.")
    var paths: [String]

    @Option(name: .shortAndLong, help: "How to print the result: table or json.")
    var output: Output = .table

    func run() throws {
        let files: [(name: String, text: String)]
        do {
            files = try FleetFiles.load(paths)
        } catch {
            say(error.description)
            throw ExitCode(error.code == .notText ? 1 : 2)
        }
        let (fleet, problems) = FleetDocument.read(files)
        switch output {
        case .json:
            print(ValidateCommand.json(fleet, problems).indentedText)
        case .table:
            if let fleet { print(FleetSummary.table(of: fleet), terminator: "") } else { standardError(problems) }
        }
        if fleet == nil { throw ExitCode(1) }
    }

    private static func json(_ fleet: FleetConfiguration?, _ problems: [ConfigurationProblem]) -> JSONValue {
        [
            "valid": .bool(fleet != nil),
            "fleet": .optional(fleet?.name),
            "configuration_sha256": .optional(fleet?.hash(.libcrypto).description),
            "clusters": .array((fleet?.clusters ?? []).map { .string($0.id.text) }),
            "problems": .array(
                problems.map { problem in
                    [
                        "file": .string(problem.file), "line": .integer(problem.line), "column": .integer(problem.column),
                        "path": .string(problem.path), "message": .string(problem.message),
                    ]
                }),
        ]
    }
}
