internal import Synchronization

/// Between the transfer thread, which offers, and the one reader of a stream. Holds at most `capacity` unread bytes.
final class BytePipe: Sendable {
    typealias Receiver = CheckedContinuation<Result<[UInt8]?, HTTPError>, Never>

    private struct State {
        var unread: [UInt8] = []
        var receiver: Receiver?
        var end: Result<Void, HTTPError>?
        var isPaused = false
    }
    private let state = Mutex(State())
    private let capacity: Int

    init(capacity: Int) { self.capacity = max(1, capacity) }

    /// False where the piece does not fit: the transfer must pause and offer the same piece again after `resume`.
    /// A single piece larger than the capacity passes when nothing else lies unread, or it would never pass.
    func offer(_ piece: [UInt8]) -> Bool {
        let receiver: Receiver?
        switch state.withLock({ state -> Offer in
            if let waiting = state.receiver {
                state.receiver = nil
                return .handedTo(waiting)
            }
            if !state.unread.isEmpty && state.unread.count + piece.count > capacity {
                state.isPaused = true
                return .full
            }
            state.unread += piece
            return .kept
        }) {
        case .full: return false
        case .kept: return true
        case .handedTo(let waiting): receiver = waiting
        }
        receiver?.resume(returning: .success(piece))
        return true
    }
    private enum Offer {
        case full, kept
        case handedTo(Receiver)
    }

    /// No more will come. The first end counts.
    func finish(_ end: Result<Void, HTTPError>) {
        let receiver = state.withLock { state -> Receiver? in
            guard state.end == nil else { return nil }
            state.end = end
            defer { state.receiver = nil }
            return state.receiver
        }
        receiver?.resume(returning: end.map { nil })
    }

    /// Answers at once or when something comes. True where the transfer was paused and has room again.
    func receive(_ receiver: Receiver) -> Bool {
        enum Answer {
            case later
            case now(Result<[UInt8]?, HTTPError>, wakes: Bool)
        }
        let answer = state.withLock { state -> Answer in
            if !state.unread.isEmpty {
                let piece = state.unread
                state.unread = []
                defer { state.isPaused = false }
                return .now(.success(piece), wakes: state.isPaused)
            }
            if let end = state.end { return .now(end.map { nil }, wakes: false) }
            precondition(state.receiver == nil, "a streamed body has one reader")
            state.receiver = receiver
            return .later
        }
        guard case .now(let result, let wakes) = answer else { return false }
        receiver.resume(returning: result)
        return wakes
    }
}
