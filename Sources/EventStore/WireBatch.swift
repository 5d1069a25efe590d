import Events

/// A batch as `fairlead.append` takes it: the kinds in order, the bodies by kind.
///
/// What our own codec cannot read is not sent, since no parameter could carry it; the entries before it are, so that the answer
/// still comes in the protocol's order (fenced before malformed).
struct WireBatch {
    private(set) var kinds: [UInt8] = []
    private(set) var ticks: [[UInt8]] = []
    private(set) var events: [[UInt8]] = []
    private(set) var flaw: LogRefusal?

    /// Nothing of the batch, and why.
    init(flaw: LogRefusal) { self.flaw = flaw }

    init(_ request: AppendRequest) {
        let bytes = request.entries.reduce(0) { $0 + $1.recordBytes.count }
        guard request.entries.count <= AppendRequest.maximumEntries, bytes <= AppendRequest.maximumBytes else {
            flaw = .batchTooLarge
            return
        }
        for entry in request.entries {
            guard (try? entry.decoded()) != nil else {  // why it cannot be read does not matter: the answer is one word
                flaw = .malformedEntry
                return
            }
            kinds.append(entry.kindByte)
            switch entry {
            case .tick(let bytes): ticks.append(bytes)
            case .event(let bytes): events.append(bytes)
            }
        }
    }
}
