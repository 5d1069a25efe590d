import Adapters
import Glibc
import JSONDocument
import Quantities
import Synchronization
import Webhook

/// What a receiver of webhooks does with a message: believes it or not, and writes it down.
final class WebhookInbox: Sendable {
    private struct State {
        var failuresLeft: Int
        var known: Set<String> = []
    }
    private let secrets: [WebhookSecret]
    private let record: WebhookRecord
    private let state: Mutex<State>
    private let onAnswer: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - failFirst: so many messages are answered with 503, believed or not.
    ///   - onAnswer: told of each status, when the message is written down and before it is answered.
    init(secrets: [WebhookSecret], record: WebhookRecord, failFirst: Int, onAnswer: @escaping @Sendable (Int) -> Void = { _ in }) {
        self.secrets = secrets
        self.record = record
        self.onAnswer = onAnswer
        state = Mutex(State(failuresLeft: failFirst))
    }

    /// The status to answer with: 204 written down, 400 no JSON, 401 not to be believed, 500 not written, 503 as it was told to.
    /// A message that came before is written down again and marked as a repetition: delivery is at least once.
    func take(id: String?, timestamp: String?, signature: String?, body: [UInt8], now: WallTime) -> Int {
        let status = judge(id: id, timestamp: timestamp, signature: signature, body: body, now: now)
        onAnswer(status)
        return status
    }

    private func judge(id: String?, timestamp: String?, signature: String?, body: [UInt8], now: WallTime) -> Int {
        state.withLock { state in
            if state.failuresLeft > 0 {
                state.failuresLeft -= 1
                return 503
            }
            let verdict = WebhookSignature.verify(
                id: id, timestamp: timestamp, signature: signature, body: body, secrets: secrets, now: now)
            guard case .success = verdict, let id else { return 401 }
            guard let payload = try? JSONValue(parsing: body) else { return 400 }
            let isRepetition = state.known.contains(id)
            guard record.append(WebhookRecord.Line(id: id, receivedAt: now, isRepetition: isRepetition, payload: payload)) else { return 500 }
            state.known.insert(id)
            return 204
        }
    }
}

/// The file in which a receiver writes down what it believed: one line of JSON per message.
final class WebhookRecord: Sendable {
    struct Line {
        var id: String
        var receivedAt: WallTime
        /// Whether a message of this id was written down before, by the same process.
        var isRepetition: Bool
        var payload: JSONValue

        var text: String {
            let document: JSONValue = [
                "webhook_id": .string(id), "received_at": .string(receivedAt.description), "is_repetition": .bool(isRepetition),
                "payload": payload,
            ]
            return document.text
        }
    }

    private let descriptor: CInt

    /// Appends to what there is. Throws a sentence.
    init(path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw AssemblyError("\(path) cannot be written: \(String(cString: strerror(errno)))") }
    }
    deinit { close(descriptor) }

    /// Whether the whole line is in the file.
    func append(_ line: Line) -> Bool {
        let bytes = Array((line.text + "\n").utf8)
        return write(descriptor, bytes, bytes.count) == bytes.count
    }

    /// How many messages stand in the file, each counted once however often it came; 0 where there is none yet.
    static func count(at path: String) -> Int {
        Set(lines(at: path).compactMap { $0["webhook_id"]?.string }).count
    }

    static func lines(at path: String) -> [JSONValue] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += piece[..<count]
        }
        // A line that was torn by a kill is no message that anybody acknowledged.
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { try? JSONValue(parsing: Array($0)) }
    }
}
