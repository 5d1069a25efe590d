import ChildProcesses
import Glibc

/// The two binaries, from the build that these tests come from: they lie beside the test bundle.
enum Binary: String {
    case fairlead
    case shipper = "fairlead-shipper"

    var path: String {
        let bundle = ProcessTable.link("/proc/self/exe") ?? ""
        return "\(bundle[..<(bundle.lastIndex(of: "/") ?? bundle.startIndex)])/\(rawValue)"
    }
}

/// A program of ours or of somebody else, started by a test and ended with it, kill -9 of the tests included.
final class RunningProgram: Sendable {
    let identifier: Int32
    private let child: ChildProcesses.ChildProcess
    private let outputFile: String
    private let talkFile: String

    /// - Parameters:
    ///   - name: of its two files in `directory`: `NAME.out` is appended to, and `NAME.log`.
    ///   - environment: beside PATH, a home that is nobody's, and the C locale.
    init(_ command: [String], name: String, in directory: String, environment: [String] = []) throws {
        outputFile = "\(directory)/\(name).out"
        talkFile = "\(directory)/\(name).log"
        // The shell opens standard output and then becomes the program; the parent-death signal stays through both.
        let redirected = ["setpriv", "--pdeathsig", "KILL", "sh", "-c", #"exec "$@" >>"$0""#, outputFile] + command
        child = try ChildProcesses.ChildProcess(
            redirected, log: talkFile,
            environment: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/nonexistent"] + environment)
        identifier = child.identifier
    }
    convenience init(_ binary: Binary, _ arguments: [String], name: String, in directory: String, environment: [String] = []) throws {
        try self.init([binary.path] + arguments, name: name, in: directory, environment: environment)
    }
    deinit { kill() }

    var output: String { ProcessTable.read(outputFile) ?? "" }
    /// Standard error.
    var talk: String { ProcessTable.read(talkFile) ?? "" }
    var hasEnded: Bool { child.hasEnded }
    /// The exit code, or 128 and the signal; nil while it runs.
    var exitCode: Int32? {
        guard child.hasEnded, let status = child.exitStatus else { return nil }
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }

    func signal(_ number: Int32) { child.signal(number) }
    /// kill -9, and the end awaited.
    func kill() {
        child.signal(SIGKILL)
        _ = child.awaitEnd(milliseconds: 5_000)
    }
    func end(within span: Duration = .seconds(30)) async throws -> Int32 {
        try await eventually("\(outputFile) ends", within: span) { exitCode }
    }

    /// Runs a program to its end.
    static func run(
        _ binary: Binary, _ arguments: [String], environment: [String] = [], within span: Duration = .seconds(30)
    ) async throws -> (exitCode: Int32, output: String, talk: String) {
        let directory = SceneDirectory()
        let program = try RunningProgram(binary, arguments, name: "run", in: directory.path, environment: environment)
        let code = try await program.end(within: span)
        return (code, program.output, program.talk)
    }
}
