internal import Quantities
internal import Sockets

/// Remembers which sequences of which session were answered, so that a recorded datagram gets no second answer.
///
/// A window of 64 sequences behind the highest lets reordered ones through (as RFC 4303 §3.4.3 does). A sequence far behind whose
/// time of sending is newer than all others belongs to a sender that started again with the same session number. After that a
/// datagram of its earlier run could be answered once more: one answer of equal size to the sender's own address, which drops it.
/// Refusing it by its time would be worse, because a sender whose clock was set back would get no answer at all.
struct ReplayGuard {
    struct Session: Hashable {
        let source: Endpoint
        let identifier: UInt16
    }
    private struct Window {
        var highest: UInt32
        var seen: UInt64
        var newestTimestamp: UInt64
        var lastUsed: MonotonicTime
    }

    /// The most sessions kept; the longest unused gives way, and a replay of it would be answered once more, to the sender's address.
    static let sessionBound = 1_024
    /// REFWAIT of RFC 5357 §4.2: a session silent for so long is over.
    static let idleBound = Nanoseconds.seconds(900)

    private var windows: [Session: Window] = [:]

    /// Whether this request is new. Only for requests that have been authenticated.
    mutating func admits(_ request: STAMPRequest, of session: Session, at now: MonotonicTime) -> Bool {
        guard var window = windows[session] else {
            makeRoom(at: now)
            windows[session] = Window(highest: request.sequence, seen: 1, newestTimestamp: request.timestamp.word, lastUsed: now)
            return true
        }
        let ahead = Int32(bitPattern: request.sequence &- window.highest)
        let isNewest = request.timestamp.word > window.newestTimestamp
        if ahead > 0 {
            window.seen = ahead < 64 ? window.seen << UInt64(ahead) | 1 : 1
            window.highest = request.sequence
        } else if ahead > -64 {
            let bit: UInt64 = 1 << UInt64(-Int64(ahead))
            guard window.seen & bit == 0 else { return false }
            window.seen |= bit
        } else {
            guard isNewest else { return false }
            window.highest = request.sequence
            window.seen = 1
        }
        if isNewest { window.newestTimestamp = request.timestamp.word }
        window.lastUsed = now
        windows[session] = window
        return true
    }

    private mutating func makeRoom(at now: MonotonicTime) {
        guard windows.count >= ReplayGuard.sessionBound else { return }
        windows = windows.filter { now - $0.value.lastUsed < ReplayGuard.idleBound }
        guard windows.count >= ReplayGuard.sessionBound, let oldest = windows.min(by: { $0.value.lastUsed < $1.value.lastUsed }) else { return }
        windows[oldest.key] = nil
    }
}
