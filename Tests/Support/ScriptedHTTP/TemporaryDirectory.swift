internal import Glibc

/// A directory of a test's own, removed with what is in it when it is let go.
public final class TemporaryDirectory: Sendable {
    public let path: String

    public init() {
        path = "/tmp/fairlead-test-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        precondition(mkdir(path, 0o700) == 0, "the temporary directory cannot be made")
    }
    deinit {
        // What is left behind in the temporary directory harms no later run.
        _ = try? ChildProcess.run(["rm", "-rf", path])
    }

    public func file(_ name: String) -> String { "\(path)/\(name)" }
    /// Writes a small file, and answers its path.
    @discardableResult
    public func write(_ text: String, to name: String) -> String {
        guard let file = fopen(file(name), "w") else { preconditionFailure("\(name) cannot be written") }
        fputs(text, file)
        fclose(file)
        return self.file(name)
    }
}
