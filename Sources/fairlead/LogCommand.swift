import Adapters
import ArgumentParser
import Cryptography
import EventStore
import Events
import Glibc
import JSONDocument
import PostgreSQL
import Quantities

/// `fairlead log`: the event log itself.
struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "The event log: verify it, look for gaps, take it out and in.",
        subcommands: [Verify.self, Gaps.self, Keygen.self, Export.self, Import.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Recompute every stream's hash chain and look for gaps; exit 1 where something is wrong.",
            discussion: """
                Every digest is computed here, from the stored columns; the database's own
                functions are not asked.

                Examples:
                  fairlead log verify
                  fairlead log verify -o json
                  fairlead log verify --since 2026-11-01
                  fairlead log verify --trust trusted-keys --checkpoints checkpoints.ndjson

                A chain that was rewritten up to its head verifies by itself. --trust holds
                the log against its signed checkpoints, with keys from a file that was kept
                elsewhere; --checkpoints against those that were kept elsewhere too.
                """)
        @OptionGroup var options: ReadOptions
        @Option(help: ArgumentHelp("Only what was received on that day (UTC) or later; the digest before it is taken as stored.", valueName: "YYYY-MM-DD"))
        var since: String?

        @Option(help: ArgumentHelp("The public keys that are trusted, one line each, as fairlead log keygen prints them.", valueName: "file"))
        var trust: String?
        @Option(help: ArgumentHelp("Checkpoints that were kept outside the database: the file of serve --checkpoints.", valueName: "file"))
        var checkpoints: String?

        func validate() throws {
            if checkpoints != nil && trust == nil { throw ValidationError("--checkpoints: they prove nothing without a trusted key; give --trust as well") }
            if let since, !LogCommand.isDay(since) { throw ValidationError("--since: write a day as 2026-11-23, not '\(since)'") }
        }

        func run() async throws {
            try await reportingFailures {
                let connection = PostgresConnection(.fairlead(options.database))
                try await DatabaseSchema(connection).requireCompatible()
                let reports = try await LogVerifier(connection, hash: .libcrypto).verify(since: since)
                let signed = try await LogCommand.checkpoints(connection, trust: trust, file: checkpoints)
                switch options.output {
                case .json: print(LogCommand.json(reports, signed).indentedText)
                case .table:
                    var table = TextTable([.init("STREAM"), .init("ENTRIES", .right), .init("CHAIN")])
                    for report in reports {
                        table.add([report.stream.text, "\(report.entries)", report.findings.isEmpty ? "verified" : "NOT VERIFIED"])
                    }
                    print(table.text(), terminator: "")
                    for report in reports { for finding in report.findings { print("\(report.stream): \(finding)") } }
                    let gaps = reports.reduce(0) { $0 + $1.gaps }
                    print("\(counted(reports.count, "stream")), \(counted(gaps, "gap")), \(counted(reports.reduce(0) { $0 + $1.duplicates }, "duplicate"))")
                    if let signed {
                        for finding in signed.findings { print("  \(finding)") }
                        print("\(counted(signed.verified, "checkpoint")), \(signed.findings.isEmpty ? "verified" : "NOT VERIFIED")")
                    }
                }
                if reports.contains(where: { !$0.findings.isEmpty }) || signed?.findings.isEmpty == false { throw FairleadExit.different }
            }
        }
    }

    struct Gaps: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the sequence numbers at which nothing stands, and what was refused; exit 1 where there are gaps.",
            discussion: """
                What a seal covers is no gap. The whole chain is read on the way: log verify
                says more in the same time. Appends that the log refused left no gap, since
                their writers keep them or declare them lost; how often, and why, stands
                below.

                Examples:
                  fairlead log gaps
                  fairlead log gaps -o json
                """)
        @OptionGroup var options: ReadOptions

        func run() async throws {
            try await reportingFailures {
                let connection = PostgresConnection(.fairlead(options.database))
                try await DatabaseSchema(connection).requireCompatible()
                let reports = try await LogVerifier(connection, hash: .libcrypto).verify()
                let gaps = reports.flatMap { report in
                    report.findings.compactMap { finding -> (StreamName, ClosedRange<Int64>)? in
                        if case .missing(let range) = finding { (report.stream, range) } else { nil }
                    }
                }
                let refusals = try await RefusalCount.all(connection)
                switch options.output {
                case .json:
                    let rows: [JSONValue] = gaps.map { stream, range in
                        ["stream": .string(stream.text), "first_seq": .integer(range.lowerBound), "last_seq": .integer(range.upperBound)]
                    }
                    print((["gaps": .array(rows), "refused": .array(refusals.map(LogCommand.json))] as JSONValue).indentedText)
                case .table:
                    for (stream, range) in gaps { print("\(stream)  \(range.lowerBound) to \(range.upperBound)") }
                    for refusal in refusals {
                        print("\(refusal.who)  \(refusal.word) \(counted(refusal.times, "time")), last \(refusal.last): \(refusal.sentence)")
                    }
                    let refused = refusals.reduce(0) { $0 + $1.times }
                    print("\(counted(reports.count, "stream")), \(counted(gaps.count, "gap")), \(counted(refused, "append")) refused")
                }
                if !gaps.isEmpty { throw FairleadExit.different }
            }
        }
    }

    private static func json(_ refusal: RefusalCount) -> JSONValue {
        [
            "who": .string(refusal.who), "word": .string(refusal.word), "times": .integer(refusal.times), "last": .string("\(refusal.last)"),
            "sentence": .string(refusal.sentence),
        ]
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write the whole log to standard output, one line of JSON per entry.",
            discussion: """
                Stream by stream, in order. The canonical bytes and the chain's digests are in
                it, so that it can be verified and imported elsewhere, and read by any program
                (schema/README.md has the format).

                Examples:
                  fairlead log export > log.ndjson
                """)
        @OptionGroup var options: ReadOptions

        func run() async throws {
            try await reportingFailures {
                let connection = PostgresConnection(.fairlead(options.database))
                try await DatabaseSchema(connection).requireCompatible()
                try await LogTransfer(connection, hash: .libcrypto).export { piece in
                    var rest = piece[...]
                    while !rest.isEmpty {
                        let written = unsafe rest.withUnsafeBytes { unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
                        if written < 0 && errno == EINTR { continue }
                        guard written > 0 else { Glibc.exit(2) }  // the reader went away, or the disk is full: half an export is none
                        rest = rest.dropFirst(written)
                    }
                }
            }
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read an exported log from standard input and append it.",
            discussion: """
                Each entry is held against the chain, here and by the log. What is on the log
                already is passed over; what differs is an error. The log stores its own time
                of receipt. The role must be allowed to write the streams.

                Examples:
                  fairlead log import --database 'host=db dbname=fairlead user=postgres' < log.ndjson
                """)
        @OptionGroup var options: ReadOptions

        func run() async throws {
            try await reportingFailures {
                let connection = PostgresConnection(.fairlead(options.database))
                try await DatabaseSchema(connection).requireCompatible()
                let count = try await LogTransfer(connection, hash: .libcrypto).import { readLine() }
                print("\(counted(count, "entry is", "entries are")) on the log")
            }
        }
    }

    /// Whether a text has the form of a day; the database judges whether there is such a day.
    static func isDay(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.count) == [4, 2, 2] && parts.allSatisfy { $0.allSatisfy { $0.isASCII && $0.isNumber } }
    }

    struct Keygen: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key that signs checkpoints; print the line that trusts it.",
            discussion: """
                The private half goes to a new file, mode 0400, and nowhere else. Keep the
                line that is printed where no administrator of the database can change it:
                fairlead log verify --trust reads it. With --successor-of the line says that
                the old key trusts the new one, and is appended to the same file.

                Examples:
                  fairlead log keygen /etc/fairlead/checkpoint.key >> trusted-keys
                  fairlead log keygen /etc/fairlead/checkpoint-2.key --successor-of /etc/fairlead/checkpoint.key >> trusted-keys
                """)
        @Argument(help: ArgumentHelp("The file to make.", valueName: "path"))
        var file: String
        @Option(help: ArgumentHelp("The key that is replaced.", valueName: "path"))
        var successorOf: String?

        func run() async throws {
            try await reportingFailures {
                let old = try successorOf.map { try CheckpointKey(file: $0) }
                let key = try CheckpointKey.make(file: file)
                print(old?.successionLine(to: key) ?? key.trustLine)
            }
        }
    }

    typealias CheckpointReport = (verified: Int, findings: [CheckpointVerifier.Finding])

    /// Nil where no key is trusted: then nothing is said about checkpoints.
    static func checkpoints(_ connection: PostgresConnection, trust: String?, file: String?) async throws -> CheckpointReport? {
        guard let trust else { return nil }
        let keys = try TrustedKeys(file: trust)
        let kept = try file.map { try LogCommand.lines(ofFile: $0) } ?? []
        return try await CheckpointVerifier(connection, hash: .libcrypto, accepts: { keys.accepts($0) }).verify(kept: kept)
    }

    /// Lines of a file that may be long; throws where it cannot be read.
    static func lines(ofFile path: String) throws -> [String] {
        guard let file = unsafe fopen(path, "re") else { throw AssemblyError("\(path) cannot be read") }
        defer { unsafe fclose(file) }
        var lines: [String] = []
        var buffer: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { unsafe free(buffer) }
        while true {
            let count = unsafe getline(&buffer, &capacity, file)
            guard count > 0, let start = unsafe buffer else { return lines }
            let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count)
            lines.append(unsafe String(decoding: bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...], as: UTF8.self))
        }
    }

    static func json(_ reports: [LogVerifier.StreamReport], _ signed: CheckpointReport? = nil) -> JSONValue {
        [
            "verified": .bool(reports.allSatisfy(\.findings.isEmpty) && signed?.findings.isEmpty ?? true),
            "checkpoints": .optional(signed?.verified),
            "checkpoint_findings": .array((signed?.findings ?? []).map { .string($0.description) }),
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
