import DequeModule
import Events
import Quantities
import Shipper

/// A spool's disk: what it holds durably, and what a full disk or damage do to it. It answers as `SQLiteSpool` does: a batch is there when
/// it is durable, and not before.
struct SimulatedSpool: Sendable {
    private(set) var stream: StreamName
    private let chain: HashChain
    /// Before the oldest entry that it still has.
    private(set) var tail: StreamHead
    /// The end of what is durable.
    private(set) var head: StreamHead
    private var entries: Deque<Shipper.SpoolBatch.Entry> = []
    private var damaged: Set<Int64> = []
    /// Where dropped entries ended, if some were dropped unsent.
    private var droppedThrough: Int64?
    private(set) var acknowledged: Int64 = 0
    private(set) var highestEpochSeen: Int64 = 0
    private var keyValues: [String: [UInt8]] = [:]

    /// So many entries fit; so many acknowledged ones are kept, for a log that is restored.
    static let maximumEntries = 12_000
    static let keptEntries = 3_000

    init(stream: StreamName, hash: HashFunction, highestEpochSeen: Int64 = 0) {
        self.stream = stream
        chain = HashChain(hash)
        head = StreamHead(sequence: 0, digest: chain.genesis(of: stream))
        tail = head
        self.highestEpochSeen = highestEpochSeen
    }

    /// What a shipper goes on from after a start.
    var resumption: ShipperResumption {
        ShipperResumption(stream: stream, head: head, acknowledged: acknowledged, highestEpochSeen: highestEpochSeen, keyValues: keyValues)
    }

    /// The batch is durable. Returns what had to be dropped to make room for it.
    mutating func sync(_ batch: Shipper.SpoolBatch) -> ClosedRange<Int64>? {
        for entry in batch.entries {
            precondition(entry.sequence == head.sequence + 1, "a spool takes what continues its chain")
            entries.append(entry)
            head = StreamHead(sequence: entry.sequence, digest: entry.digest)
        }
        keyValues.merge(batch.keyValues) { $1 }
        let spare = entries.count - SimulatedSpool.maximumEntries
        guard spare > 0 else { return nil }
        forget(spare)
        guard tail.sequence > acknowledged else { return nil }
        let first = max(acknowledged, droppedThrough ?? 0) + 1
        droppedThrough = tail.sequence
        return first...tail.sequence
    }

    mutating func acknowledge(upTo sequence: Int64) {
        acknowledged = sequence
        if let droppedThrough, droppedThrough <= sequence { self.droppedThrough = nil }
        let spare = Int(min(acknowledged, head.sequence) - tail.sequence) - SimulatedSpool.keptEntries
        // In steps, so that few calls move the rest.
        if spare > 256 { forget(spare) }
    }
    mutating func remember(epoch: Int64) { highestEpochSeen = max(highestEpochSeen, epoch) }

    /// Some of the newest records cannot be read any more.
    mutating func tear(_ count: Int) {
        for entry in entries.suffix(count) { damaged.insert(entry.sequence) }
    }

    func read(after sequence: Int64) -> SpoolReading {
        guard sequence < head.sequence else { return SpoolReading(previousDigest: digest(at: sequence), entries: [], digests: []) }
        guard sequence >= tail.sequence else {
            let cause = droppedThrough == tail.sequence ? "full" : "forgotten"
            return reading(SpoolReading.Hole(last: tail.sequence, digestBefore: digest(at: sequence), digestAfter: tail.digest, cause: cause))
        }
        if damaged.contains(sequence + 1) {
            var last = sequence + 1
            while damaged.contains(last + 1) { last += 1 }
            guard let after = digest(at: last) else { return .nothing }
            return reading(SpoolReading.Hole(last: last, digestBefore: digest(at: sequence), digestAfter: after, cause: "damaged"))
        }
        let from = Int(sequence - tail.sequence)
        var run: [Shipper.SpoolBatch.Entry] = []
        if from < entries.count { run = Array(entries[from..<min(entries.count, from + AppendRequest.maximumEntries)]) }
        if let gap = run.firstIndex(where: { damaged.contains($0.sequence) }) {
            run.removeSubrange(gap...)
        }
        return SpoolReading(previousDigest: digest(at: sequence), entries: run.map(\.entry), digests: run.map(\.digest))
    }

    private func reading(_ hole: SpoolReading.Hole) -> SpoolReading {
        SpoolReading(previousDigest: hole.digestBefore, entries: [], digests: [], hole: hole)
    }

    func digest(at sequence: Int64) -> Digest? {
        if sequence == tail.sequence { return tail.digest }
        if sequence == 0 { return chain.genesis(of: stream) }
        let place = Int(sequence - tail.sequence) - 1
        return entries.indices.contains(place) ? entries[place].digest : nil
    }

    private mutating func forget(_ count: Int) {
        let last = entries[count - 1]
        tail = StreamHead(sequence: last.sequence, digest: last.digest)
        entries.removeFirst(count)
        if !damaged.isEmpty { damaged = damaged.filter { $0 > tail.sequence } }
    }
}
