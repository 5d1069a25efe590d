import Events
import Quantities
import Shipper

/// I1 to I6 and I8: what disks and log hold, against each other.
struct LogInvariants: Sendable {
    private struct Stream: Sendable {
        /// What was synced, by sequence number.
        var durable: [Digest] = []
        /// The log's head, as its answers told.
        var head: Int64 = 0
        var epoch: Int64 = 0
        var acknowledged: Int64 = 0
        /// Losses mentioned in the chain, and those closed on the log.
        var mentions: Set<LostRange> = []
        var closed: [LostRange] = []
        /// Its spool is written no more.
        var isSetAside = false
    }
    private let chain: HashChain
    private var streams: [StreamName: Stream] = [:]
    /// By reader, how far it has read each stream.
    private var readers: [[StreamName: Int64]]
    /// The same before a reader began anew, and when it did: what it decided then may still be carried out.
    private var readersBefore: [Int: (cursors: [StreamName: Int64], until: MonotonicTime)] = [:]
    private var lastRestore: MonotonicTime?

    init(_ hash: HashFunction, readers: Int) {
        chain = HashChain(hash)
        self.readers = Array(repeating: [:], count: readers)
    }

    func durableCount(of stream: StreamName) -> Int64 { Int64(streams[stream]?.durable.count ?? 0) }
    func cursors(of reader: Int, at now: MonotonicTime) -> [StreamName: Int64] {
        guard let before = readersBefore[reader], now <= before.until else { return readers[reader] }
        return readers[reader].merging(before.cursors) { max($0, $1) }
    }

    // MARK: - Disks

    mutating func spooled(_ batch: Shipper.SpoolBatch, in name: StreamName) -> (Invariant, String)? {
        for entry in batch.entries {
            let count = durableCount(of: name)
            if entry.sequence <= count {
                return (.once, "\(name)/\(entry.sequence) is written a second time")
            }
            guard entry.sequence == count + 1 else { return (.contiguous, "\(name)/\(entry.sequence) is written after \(count)") }
            let before = streams[name]?.durable.last ?? chain.genesis(of: name)
            guard chain.digest(after: before, sequence: entry.sequence, entry: entry.entry) == entry.digest else {
                return (.chained, "the digest of \(name)/\(entry.sequence) does not follow from the one before")
            }
            streams[name, default: Stream()].durable.append(entry.digest)
        }
        return nil
    }

    /// A loss is mentioned inside the chain of a stream.
    mutating func mentioned(_ lost: LostRange, in name: StreamName) { streams[name]?.mentions.insert(lost) }

    mutating func setAside(_ name: StreamName) { streams[name, default: Stream()].isSetAside = true }

    mutating func acknowledged(_ name: StreamName, upTo sequence: Int64, at now: MonotonicTime) -> (Invariant, String)? {
        let head = streams[name]?.head ?? 0
        let before = streams[name]?.acknowledged ?? 0
        streams[name]?.acknowledged = max(before, sequence)
        // An answer that was on its way when the database was put back tells of a head that was.
        if let lastRestore, now - lastRestore < FleetSimulation.patience { return nil }
        return sequence <= head ? nil : (.durable, "\(name)/\(sequence) is acknowledged, and the log ends at \(head)")
    }

    // MARK: - The log

    mutating func judge(_ log: LogMachine, _ request: LogRequest, _ answer: LogAnswer) -> (Invariant, String)? {
        let name = request.stream
        if streams[name] == nil { streams[name] = Stream() }
        switch (request, answer) {
        case (_, .opened(let claim, _, _)):
            let before = streams[name]?.epoch ?? 0
            streams[name]?.epoch = claim.epoch
            guard claim.epoch > before || (name.cluster == nil && claim.epoch == before) else {
                return (.fenced, "\(name) is claimed under epoch \(claim.epoch) after \(before)")
            }
            return claim.head.sequence == streams[name]?.head ? nil : (.contiguous, "\(name) is opened at \(claim.head.sequence) instead of \(streams[name]?.head ?? 0)")
        case (.append(let append), .stored(let head, _)): return stored(append, head, log)
        case (.append(let append), .duplicate):
            return append.lastSequence <= (streams[name]?.head ?? 0) ? nil : (.once, "\(name)/\(append.lastSequence) is a duplicate of nothing")
        case (.declareLost(let loss), .stored(let head, _)): return closed(loss, head)
        default: return nil
        }
    }

    private mutating func stored(_ append: AppendRequest, _ head: StreamHead, _ log: LogMachine) -> (Invariant, String)? {
        let name = append.stream
        let before = streams[name]?.head ?? 0
        streams[name]?.head = head.sequence
        guard append.epoch == streams[name]?.epoch else { return (.fenced, "\(name) is written under epoch \(append.epoch), which is not the newest") }
        guard append.firstSequence <= before + 1, head.sequence == append.lastSequence else {
            return (.contiguous, "\(name)/\(append.firstSequence) is stored after \(before)")
        }
        guard let cluster = name.cluster else { return nil }
        let durable = streams[name]?.durable ?? []
        guard head.sequence <= Int64(durable.count) else {
            return (.durable, "the log holds \(name)/\(head.sequence), and the disk of \(cluster) ends at \(durable.count)")
        }
        // The chain carries every entry before it.
        return log.digest(of: name, at: head.sequence) == durable[Int(head.sequence) - 1]
            ? nil : (.once, "\(name)/\(head.sequence) is another entry on the log than on the disk")
    }

    private mutating func closed(_ loss: LossRequest, _ head: StreamHead) -> (Invariant, String)? {
        streams[loss.stream]?.head = head.sequence
        streams[loss.stream]?.closed.append(loss.lost)
        guard streams[loss.stream]?.mentions.contains(loss.lost) == true else {
            return (.told, "\(loss.stream)/\(loss.lost.first)–\(loss.lost.last) is closed, and nothing in the chain mentions it")
        }
        return nil
    }

    /// What the log's answers told of a stream, as a backup of the log holds it too.
    struct Kept: Sendable {
        fileprivate var epoch: Int64
        fileprivate var closed: [LostRange]
    }
    var kept: [StreamName: Kept] { streams.mapValues { Kept(epoch: $0.epoch, closed: $0.closed) } }

    /// - Parameter kept: what held when the database was as it is now again. (Backups overlap: one that is put back may be newer than the one before, and
    ///   hold what was closed as lost in between.)
    mutating func restored(_ log: LogMachine, _ kept: [StreamName: Kept], at now: MonotonicTime) {
        lastRestore = now
        for name in streams.keys {
            let head = log.head(of: name)?.sequence ?? 0
            streams[name]?.head = head
            streams[name]?.epoch = kept[name]?.epoch ?? 0
            streams[name]?.closed = kept[name]?.closed ?? []
        }
    }

    // MARK: - Readers

    mutating func read(_ records: [LogRecord], by reader: Int) -> (Invariant, String)? {
        var name = records.first?.position.stream ?? .coordinator
        var read = readers[reader][name] ?? 0
        defer { readers[reader][name] = read }
        // By place: a copy of each record would count references to all that it holds.
        for place in records.indices {
            let sequence = records[place].position.sequence
            // Readers are given one stream after the other.
            if records[place].position.stream != name {
                readers[reader][name] = read
                name = records[place].position.stream
                read = readers[reader][name] ?? 0
            }
            let before = read
            read = sequence
            guard sequence > before else { return (.readable, "a reader is given \(records[place].position) after \(before)") }
            guard sequence > before + 1 else { continue }
            // A reader that begins anew may begin inside a closed range.
            let isClosed = streams[name]?.closed.contains { $0.first <= before + 1 && $0.last == sequence } ?? false
            if !isClosed { return (.readable, "a reader is given \(records[place].position) after \(before), and nothing says what became of the rest") }
        }
        return nil
    }
    mutating func readsAnew(_ reader: Int, at now: MonotonicTime) {
        readersBefore[reader] = (readers[reader], now + FleetSimulation.apiPatience * 2)
        readers[reader] = [:]
    }
    /// A reader begins there.
    mutating func placed(_ cursors: [StreamName: Int64], reader: Int) { readers[reader] = cursors }

    // MARK: - At the end

    /// What a disk had and the log does not, though nothing says that it is lost; nil where all is told.
    func untold(_ log: LogMachine) -> String? {
        for name in streams.keys.sorted() {
            guard let stream = streams[name], name.cluster != nil, !stream.isSetAside else { continue }
            guard Int64(stream.durable.count) == log.head(of: name)?.sequence ?? 0 else {
                return "\(name) ends at \(stream.durable.count) on the disk and at \(log.head(of: name)?.sequence ?? 0) on the log"
            }
            let entries = log.entries(of: name, after: 0, limit: .max >> 1)
            let lost = stream.closed.reduce(Int64(0)) { $0 + $1.count - 1 }
            guard Int64(entries.count) + lost == Int64(stream.durable.count) else {
                return "\(name) holds \(entries.count) of \(stream.durable.count) entries, and \(lost) are declared lost"
            }
        }
        return nil
    }
}
