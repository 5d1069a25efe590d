import Events
import FoundationEssentials
import GRDB
import Quantities
import Schema

/// The one row that says where the spool stands. Kept twice, each copy under a checksum, so that a flipped bit in one is mended
/// from the other rather than believed.
struct SpoolHeader: Equatable {
    var stream: StreamName
    var head: StreamHead
    /// The sequence number before the oldest entry kept, and the digest there.
    var tail: StreamHead
    var acknowledged: Int64 = 0
    var highestEpoch: Int64 = 0
    var highestTerm: Int64 = 0
    var entryCount: Int64 = 0
    var byteCount: Int64 = 0
    var damagedCount: Int64 = 0

    init(stream: StreamName, genesis: Digest) {
        self.stream = stream
        self.head = StreamHead(sequence: 0, digest: genesis)
        self.tail = head
    }

    func write(to database: Database, _ hash: HashFunction) throws {
        let statement = try database.cachedStatement(sql: SpoolStatement.insertHeader.text)
        for copy in [1, 2] {
            try statement.execute(arguments: [
                copy, stream.text, head.sequence, head.digest.blob, tail.sequence, tail.digest.blob, acknowledged, highestEpoch,
                highestTerm, entryCount, byteCount, damagedCount, checksum(hash),
            ])
        }
    }

    /// Reads the first copy whose checksum holds. Throws `corrupt` where neither does.
    static func read(from database: Database, _ hash: HashFunction) throws -> SpoolHeader {
        let statement = try database.cachedStatement(sql: SpoolStatement.selectHeader.text)
        for row in try Row.fetchAll(statement) {
            guard let header = SpoolHeader(row), header.checksum(hash) == row["checksum"] as Data? else { continue }
            return header
        }
        throw SpoolError(.corrupt, context: "both copies of the header are damaged")
    }

    private init?(_ row: Row) {
        guard let stream = row["stream"] as String?, let head = Digest(row["head_digest"]), let tail = Digest(row["tail_digest"])
        else { return nil }
        self.stream = StreamName(stream)
        self.head = StreamHead(sequence: row["head_sequence"], digest: head)
        self.tail = StreamHead(sequence: row["tail_sequence"], digest: tail)
        acknowledged = row["acknowledged"]
        highestEpoch = row["highest_epoch"]
        highestTerm = row["highest_term"]
        entryCount = row["entry_count"]
        byteCount = row["byte_count"]
        damagedCount = row["damaged_count"]
    }

    private func checksum(_ hash: HashFunction) -> Data {
        let fields = "\(stream) \(head.sequence) \(head.digest) \(tail.sequence) \(tail.digest) \(acknowledged) \(highestEpoch) "
            + "\(highestTerm) \(entryCount) \(byteCount) \(damagedCount)"
        return Data(hash.digest(Array(fields.utf8)).bytes.prefix(8))
    }
}

extension Digest {
    var blob: Data { Data(bytes) }
    init?(_ blob: Data?) {
        guard let blob else { return nil }
        self.init(bytes: blob)
    }
}
