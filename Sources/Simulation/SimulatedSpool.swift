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
    /// By sequence number less one; the oldest are forgotten.
    private var entries = EntryList()
    /// The digest of each entry that it still has.
    private var digests: Deque<Digest> = []
    private var damaged: Set<Int64> = []
    /// Where dropped entries ended, if some were dropped unsent.
    private var droppedThrough: Int64?
    private(set) var acknowledged: Int64 = 0
    private(set) var highestEpochSeen: Int64 = 0
    private var keyValues: [String: [UInt8]] = [:]

    /// So many entries fit; so many acknowledged ones are kept, for a log that is restored.
    static let maximumEntries = 12_000
    static let keptEntries = 1_000

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
            entries.append(entry.entry)
            digests.append(entry.digest)
            head = StreamHead(sequence: entry.sequence, digest: entry.digest)
        }
        keyValues.merge(batch.keyValues) { $1 }
        let spare = digests.count - SimulatedSpool.maximumEntries
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
        for sequence in max(tail.sequence, head.sequence - Int64(count))..<head.sequence { damaged.insert(sequence + 1) }
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
        var last = min(head.sequence, sequence + Int64(AppendRequest.maximumEntries))
        if !damaged.isEmpty, let gap = (sequence + 1...last).first(where: damaged.contains) { last = gap - 1 }
        let run = sequence + 1...last
        return SpoolReading(
            previousDigest: digest(at: sequence), entries: run.compactMap { entries[Int($0) - 1] }, digests: run.compactMap { digest(at: $0) })
    }

    private func reading(_ hole: SpoolReading.Hole) -> SpoolReading {
        SpoolReading(previousDigest: hole.digestBefore, entries: [], digests: [], hole: hole)
    }

    func digest(at sequence: Int64) -> Digest? {
        if sequence == tail.sequence { return tail.digest }
        if sequence == 0 { return chain.genesis(of: stream) }
        let place = Int(sequence - tail.sequence) - 1
        return digests.indices.contains(place) ? digests[place] : nil
    }

    private mutating func forget(_ count: Int) {
        tail = StreamHead(sequence: tail.sequence + Int64(count), digest: digests[count - 1])
        digests.removeFirst(count)
        entries.forget(before: Int(tail.sequence))
        if !damaged.isEmpty { damaged = damaged.filter { $0 > tail.sequence } }
    }
}
