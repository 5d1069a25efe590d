import Allocation
import AllocationDocument
import ArgumentParser
import Glibc
import JSONDocument
import SystemPackage

/// `fairlead allocate`: shares an instance out, or checks somebody's answer to it. No server, no clock but for the time taken.
struct AllocateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "allocate",
        abstract: "Share capacities among demands, exactly, or check an answer.",
        discussion: """
            Reads an instance in the format wan-alloc/1 and prints the one answer:
            minimums first, tier by tier, then weighted max-min fair shares of what is
            left. Every rate is a whole number of bits per second and every answer carries
            a certificate. Minimums that do not fit are an answer too: feasible is false,
            and what is missing is told.

            With --certify, checks an answer against the instance by its certificate, in
            linear time. With --set, says who would gain and who would lose if capacities
            were others, reservations taken off. With --explain, says why one demand has
            its rate.

            Examples:
              fairlead allocate instance.json -o json > result.json
              fairlead allocate instance.json --certify result.json
              fairlead allocate instance.json --set link.wan-a=0 --set link.wan-b=400M
              fairlead allocate instance.json --explain plant-a/telemetry

            Exit codes: 0 answered (also when infeasible), or the answer is right, or
            nothing would change; 1 a file is malformed, or the answer is wrong, or shares
            would change; 2 a file could not be read, or it has no such link, budget or
            demand; 64 wrong usage.
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable {
        case table, json
    }

    @Argument(help: "The instance, a JSON file in the format wan-alloc/1.")
    var instance: String

    @Option(name: .shortAndLong, help: "How to print the result: table or json.")
    var output: Output = .table

    @Option(help: ArgumentHelp("Check this answer instead of making one.", valueName: "result.json"))
    var certify: String?

    @Option(name: .customLong("set"), help: ArgumentHelp("Say what would change with this capacity; may stand several times.", valueName: "link.id=rate"), transform: CapacitySetting.init(parsing:))
    var settings: [CapacitySetting] = []

    @Option(help: ArgumentHelp("Explain the rate of this demand.", valueName: "demand"))
    var explain: String?

    func validate() throws {
        guard [certify != nil, !settings.isEmpty, explain != nil].count(where: { $0 }) <= 1 else {
            throw ValidationError("--certify, --set and --explain ask different questions; ask one at a time")
        }
    }

    func run() throws {
        let document = try AllocateCommand.read(instance) { bytes throws(AllocationDocumentError) in
            try InstanceDocument(parsing: bytes)
        }
        if let certify {
            try check(certify, document)
        } else if !settings.isEmpty {
            try compare(document)
        } else if let explain {
            try tell(explain, document)
        } else {
            solve(document)
        }
    }

    private func solve(_ document: InstanceDocument) {
        var solver = AllocationSolver()
        let start = ContinuousClock.now
        let result = solver.solve(document.instance)
        let taken = start.duration(to: .now).components
        let microseconds = taken.seconds * 1_000_000 + taken.attoseconds / 1_000_000_000_000
        let answer = ResultDocument(document, result, solveMicroseconds: microseconds)
        switch output {
        case .json: print(answer.json)
        case .table: print(answer.table, terminator: "")
        }
    }

    private func compare(_ document: InstanceDocument) throws {
        do throws(AllocateWhatIf.UnknownResource) {
            let comparison = try AllocateWhatIf(document.instance, settings)
            print(output == .json ? comparison.json(document.unit).indentedText + "\n" : comparison.table, terminator: "")
            if comparison.rows.isEmpty { return }
        } catch {
            AllocateCommand.say("\(instance): there is no \(error.kind.rawValue) \"\(error.id)\" in it")
            throw ExitCode(2)
        }
        throw ExitCode(1)
    }

    private func tell(_ id: String, _ document: InstanceDocument) throws {
        guard let explanation = AllocateExplanation(id, document) else {
            AllocateCommand.say("\(instance): there is no demand \"\(id)\" in it")
            throw ExitCode(2)
        }
        print(output == .json ? explanation.json.indentedText : explanation.lines.joined(separator: "\n"))
    }

    private func check(_ path: String, _ document: InstanceDocument) throws {
        let answer = try AllocateCommand.read(path) { bytes throws(AllocationDocumentError) in
            try ResultDocument(parsing: bytes, of: document)
        }
        var violation: CertificateViolation?
        do throws(CertificateViolation) {
            try AllocationCertificate.verify(document.instance, answer.result)
        } catch {
            violation = error
        }
        switch output {
        case .json:
            let value: JSONValue = [
                "certified": .bool(violation == nil), "demands": .integer(document.instance.demands.count),
                "code": .optional(violation?.code.rawValue), "problem": .optional(violation?.problem),
            ]
            print(value.indentedText)
        case .table where violation == nil:
            print("certified: the \(document.instance.demands.count) rates are the answer to the instance")
        case .table: break
        }
        if let violation {
            AllocateCommand.say("\(path): not the answer: \(violation.problem)")
            throw ExitCode(1)
        }
    }

    /// The longest file that is read: 1 GiB, some millions of demands.
    private static let maximumBytes = 1 << 30

    private static func read<Document>(
        _ path: String, _ parse: ([UInt8]) throws(AllocationDocumentError) -> Document
    ) throws -> Document {
        let bytes: [UInt8]
        do {
            bytes = try contents(of: path)
        } catch {
            say("\(path): \(error)")
            throw ExitCode(2)
        }
        do throws(AllocationDocumentError) {
            return try parse(bytes)
        } catch {
            let isJSON = bytes.first { !" \n\r\t".utf8.contains($0) } == UInt8(ascii: "{")
            say("\(path):\(error)\(isJSON ? "" : "; the file is no JSON object: write an instance in the format wan-alloc/1")")
            throw ExitCode(1)
        }
    }

    private static func contents(of path: String) throws -> [UInt8] {
        let file = try FileDescriptor.open(FilePath(path), .readOnly)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 1 << 20)
            while true {
                let count = try chunk.withUnsafeMutableBytes { try file.read(into: $0) }
                guard count > 0 else { return bytes }
                guard bytes.count + count <= maximumBytes else { throw Errno.fileTooLarge }
                bytes += chunk[..<count]
            }
        }
    }

    private static func say(_ line: String) {
        // Best effort: where standard error is closed, the exit code still tells.
        let bytes = Array("\(line)\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
