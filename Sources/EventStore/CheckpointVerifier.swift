public import Events
public import PostgreSQL
public import Quantities

/// Holds a log against its signed checkpoints: those that stand on it, and those that were kept elsewhere.
///
/// A chain that was rewritten up to its head verifies by itself; a checkpoint from before the rewriting does not agree with it. Nothing
/// that the database says about keys is believed: the trusted ones come from outside.
public struct CheckpointVerifier: Sendable {
    public enum Finding: Equatable, Sendable, CustomStringConvertible {
        /// There is nothing to hold the log against: none was made, or all were taken away.
        case none
        /// Not a checkpoint at all. `place`: the line of the file, or the place on the log, from 1.
        case unreadable(String, place: Int)
        /// Signed by no trusted key, or not by the one it names, or over something else.
        case unsigned(String, number: Int64)
        /// It does not follow the checkpoint before it.
        case outOfChain(String, number: Int64)
        /// Kept outside, and not on the log as it is.
        case notOnLog(number: Int64)
        /// The stream no longer holds what it held.
        case streamDiffers(number: Int64, stream: StreamName, sequence: Int64)

        public var description: String {
            switch self {
            case .none: "there is no checkpoint to hold the log against: none was made, or all were taken away"
            case .unreadable(let place, let line): "\(place): entry \(line) is no checkpoint"
            case .unsigned(let place, let number): "\(place): checkpoint \(number) carries no signature of a trusted key over its content"
            case .outOfChain(let place, let number): "\(place): checkpoint \(number) does not follow the one before it"
            case .notOnLog(let number): "checkpoint \(number) was kept outside and stands no more, or otherwise, on the log"
            case .streamDiffers(let number, let stream, let sequence):
                "the stream \(stream) was rewritten or cut: checkpoint \(number) saw another entry at \(sequence)"
            }
        }
    }

    private let log: CheckpointLog
    private let hash: HashFunction
    private let accepts: @Sendable (_ checkpoint: Checkpoint) -> Bool

    /// - Parameter accepts: whether a trusted key of the checkpoint's name made its signature over its message.
    public init(_ connection: PostgresConnection, hash: HashFunction, accepts: @escaping @Sendable (Checkpoint) -> Bool) {
        self.log = CheckpointLog(connection, hash: hash)
        self.hash = hash
        self.accepts = accepts
    }

    /// - Parameter kept: the lines of a file of exported checkpoints, in their order.
    /// - Returns: how many checkpoints were good, and what was found.
    public func verify(kept: [String] = []) async throws(PostgresError) -> (verified: Int, findings: [Finding]) {
        var findings: [Finding] = []
        let stored = read(try await log.bodies(), "the log", &findings)
        let outside = read(kept, "the file", &findings)
        let onLog = Dictionary(stored.map { ($0.number, $0) }) { first, _ in first }
        for checkpoint in outside where onLog[checkpoint.number] != checkpoint { findings.append(.notOnLog(number: checkpoint.number)) }
        // What agrees on both sides is looked at once.
        let all = stored + outside.filter { onLog[$0.number] != $0 }
        for checkpoint in all {
            for head in try await log.differences(checkpoint) {
                findings.append(.streamDiffers(number: checkpoint.number, stream: head.stream, sequence: head.head.sequence))
            }
        }
        if all.isEmpty && findings.isEmpty { findings.append(.none) }
        return (all.count, findings)
    }

    /// The good ones among them.
    private func read(_ texts: [String], _ place: String, _ findings: inout [Finding]) -> [Checkpoint] {
        var good: [Checkpoint] = []
        var before: Checkpoint?
        for (line, text) in texts.enumerated() {
            guard let checkpoint = Checkpoint(text: text) else {
                findings.append(.unreadable(place, place: line + 1))
                continue
            }
            guard accepts(checkpoint), checkpoint.root == Checkpoint.root(of: checkpoint.heads, hash: hash) else {
                findings.append(.unsigned(place, number: checkpoint.number))
                continue
            }
            let follows = before.map { $0.number + 1 == checkpoint.number && hash.digest($0.message) == checkpoint.previous }
            if follows == false { findings.append(.outOfChain(place, number: checkpoint.number)) }
            before = checkpoint
            good.append(checkpoint)
        }
        return good
    }
}
