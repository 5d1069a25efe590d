internal import Subprocess

/// Runs `tc` and `ip` of iproute2.
public enum NetworkTool: String, Sendable {
    case tc, ip

    /// A call takes two to three milliseconds; one that waits longer than this for the kernel's lock is given up.
    static let deadline = Duration.seconds(5)
    /// The most that is read of what a call prints.
    static let outputBound = 256 * 1024

    /// What the program printed, where it ended with 0.
    public func run(_ arguments: [String], context: String) async throws(TrafficControlError) -> String {
        let outcome: Outcome
        do {
            outcome = try await withDeadline { try await launch(arguments) }
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw TrafficControlError(.toolMissing, underlying: rawValue, context: context)
        } catch let error as TrafficControlError {
            throw TrafficControlError(error.code, context: context)
        } catch {
            throw TrafficControlError(.failed, underlying: "\(error)", context: context)
        }
        guard outcome.succeeded else {
            throw TrafficControlError(NetworkTool.code(of: outcome.complaint), underlying: firstLine(outcome.complaint), context: context)
        }
        return outcome.output
    }

    private struct Outcome: Sendable {
        let succeeded: Bool
        let output: String
        let complaint: String
    }

    private func launch(_ arguments: [String]) async throws -> Outcome {
        // An ordinary user's PATH often lacks the directories where these programs live.
        let environment = Environment.inherit.updating(["LC_ALL": "C", "PATH": "/usr/sbin:/sbin:/usr/bin:/bin"])
        let result = try await Subprocess.run(
            .name(rawValue), arguments: Arguments(arguments), environment: environment,
            output: .string(limit: NetworkTool.outputBound), error: .string(limit: NetworkTool.outputBound))
        return Outcome(succeeded: result.terminationStatus.isSuccess, output: result.standardOutput, complaint: result.standardError)
    }

    private func withDeadline(_ work: @escaping @Sendable () async throws -> Outcome) async throws -> Outcome {
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            group.addTask { try await work() }
            group.addTask {
                // The group cancels this as soon as the work is done; if it wins, cancelling the work kills the program.
                try await Task.sleep(for: NetworkTool.deadline)
                throw TrafficControlError(.timedOut, context: "")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw TrafficControlError(.failed, context: "") }
            return first
        }
    }

    /// iproute2 ends with 1, 2 or 255 whatever went wrong, so its message is all there is to tell one trouble from another. A
    /// message that we do not know is `failed`, and nothing hangs on that but the sentence and whether to try again.
    private static func code(of complaint: String) -> TrafficControlError.Code {
        if complaint.contains("Operation not permitted") { return .notPermitted }
        if complaint.contains("Cannot find device") || complaint.contains("does not exist") { return .noSuchDevice }
        if complaint.contains("Cannot open network namespace") { return .noSuchNamespace }
        return .failed
    }

    private func firstLine(_ text: String) -> String? {
        text.split(separator: "\n").first.map { String($0.prefix(200)) }
    }
}
