import Events
import JSONDocument
public import ReadModel
import Synchronization

/// Tells open pages that the log moved. It polls the heads of the streams, as every reader does, and only while somebody listens.
///
/// What it sends is state, not messages: one event per look, with the position of every stream that moved; its id is the last of
/// them. A page that missed some is right again with the next one, and after a reconnect every stream is told again but the one
/// whose head is `Last-Event-ID`.
public final class LiveEvents: Sendable {
    /// How many pages may listen at once; further ones are refused with 503 and poll by reloading.
    public static let maximumListeners = 256
    /// How many events may wait for one slow page; at the bound it is told `reset` and its connection ends.
    public static let maximumWaiting = 64
    /// After this many polls without news a comment is sent, which also finds dead peers.
    static let pollsPerHeartbeat = 30

    enum Message: Hashable, Sendable {
        /// The streams that moved, in order of name; never empty.
        case advance([StreamHeadPosition])
        /// The log cannot be read: what the page shows is of the past.
        case away
        case heartbeat
    }

    struct Listener {
        let id: Int
        let messages: AsyncStream<Message>
    }

    private struct State {
        var heads: [StreamName: Int64] = [:]
        var isAway = false
        var listeners: [Int: AsyncStream<Message>.Continuation] = [:]
        var overflowed: Set<Int> = []
        var nextID = 0
        var quietPolls = 0
    }

    private let readModel: any FleetReadModel
    private let state = Mutex(State())

    public init(readModel: any FleetReadModel) { self.readModel = readModel }

    /// One look at the heads. Does nothing while nobody listens. Never throws: a log that cannot be read is news of its own.
    public func poll() async {
        guard state.withLock({ !$0.listeners.isEmpty }) else { return }
        do {
            let heads = try await readModel.heads()
            state.withLock { state in
                let moved = heads.filter { state.heads[$0.stream] != $0.sequence }
                for head in moved { state.heads[head.stream] = head.sequence }
                state.isAway = false
                state.quietPolls = moved.isEmpty ? state.quietPolls + 1 : 0
                if !moved.isEmpty { LiveEvents.send(.advance(moved), &state) }
                if state.quietPolls >= LiveEvents.pollsPerHeartbeat {
                    state.quietPolls = 0
                    LiveEvents.send(.heartbeat, &state)
                }
            }
        } catch {
            state.withLock { state in
                if !state.isAway { LiveEvents.send(.away, &state) }
                state.isAway = true
            }
        }
    }

    /// Begins to listen; nil where too many do. The first messages tell where the log stands, less the stream that the listener
    /// names with the very position that is its head.
    func listen(after last: LogPosition?) -> Listener? {
        state.withLock { state in
            guard state.listeners.count < LiveEvents.maximumListeners else { return nil }
            // The heads may be long out of date where nobody listened: then the next poll tells everything.
            if state.listeners.isEmpty { state.heads = last.map { [$0.stream: $0.sequence] } ?? [:] }
            let (messages, continuation) = AsyncStream.makeStream(
                of: Message.self, bufferingPolicy: .bufferingOldest(LiveEvents.maximumWaiting))
            state.nextID += 1
            state.listeners[state.nextID] = continuation
            if state.isAway { continuation.yield(.away) }
            let known = state.heads.sorted { $0.key < $1.key }.filter { last != LogPosition(stream: $0.key, sequence: $0.value) }
            if !known.isEmpty { continuation.yield(.advance(known.map { StreamHeadPosition(stream: $0.key, sequence: $0.value) })) }
            return Listener(id: state.nextID, messages: messages)
        }
    }

    /// Ends the listening. Says whether the listener was too slow, and so must be told to start over.
    @discardableResult
    func leave(_ listener: Listener) -> Bool {
        state.withLock { state in
            state.listeners.removeValue(forKey: listener.id)?.finish()
            return state.overflowed.remove(listener.id) != nil
        }
    }

    var listenerCount: Int { state.withLock { $0.listeners.count } }

    private static func send(_ message: Message, _ state: inout State) {
        for (id, continuation) in state.listeners {
            guard case .dropped = continuation.yield(message) else { continue }
            state.overflowed.insert(id)
            continuation.finish()
        }
    }
}

extension LiveEvents.Message {
    /// As it goes over the wire. Source: WHATWG HTML, server-sent events: no line break may stand inside a field.
    var text: String {
        switch self {
        case .advance(let heads):
            let id = heads.last.map { "id: \(oneLine($0.stream.text))/\($0.sequence)\n" } ?? ""
            let data = JSONValue.array(heads.map { ["stream": .string($0.stream.text), "sequence": .integer($0.sequence)] })
            return "\(id)event: advance\ndata: \(data.text)\n\n"
        case .away: return "event: away\ndata: {}\n\n"
        case .heartbeat: return ": still here\n\n"
        }
    }
    static let reset = "event: reset\ndata: {}\n\n"
    /// How long a browser waits before it connects again. Unit: milliseconds.
    static let greeting = "retry: 2000\n\n"

    private func oneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != "\n" && $0 != "\r" && $0 != "\0" }))
    }
}
