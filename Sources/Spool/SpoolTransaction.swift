import Events
import FoundationEssentials
import GRDB
import Quantities
import Schema

/// The work inside one transaction. It reads the header at the start and writes it back at the end where it changed; nothing is
/// remembered between transactions, so that a rollback needs no undoing.
struct SpoolTransaction {
    let database: Database
    let chain: HashChain
    let hash: HashFunction
    let limits: SpoolLimits
    var header: SpoolHeader

    func execute(_ statement: EmbeddedStatement, _ arguments: StatementArguments) throws {
        try database.cachedStatement(sql: statement.text).execute(arguments: arguments)
    }
    func rows(_ statement: EmbeddedStatement, _ arguments: StatementArguments) throws -> [Row] {
        try Row.fetchAll(try database.cachedStatement(sql: statement.text), arguments: arguments)
    }

    /// A row of `entry`, as it stands on disk.
    struct StoredEntry {
        let sequence: Int64
        let digest: Digest
        /// Nil where the record was given up, or where its kind byte is none of ours.
        let entry: LogEntry?
        let recordBytes: Int?

        init(_ row: Row) throws {
            guard let digest = Digest(row["digest"]) else { throw SpoolError(.corrupt, context: "a digest is no digest") }
            let record = row["record"] as Data?
            self.sequence = row["sequence"]
            self.digest = digest
            self.recordBytes = record?.count
            let kind = UInt8(exactly: row["kind"] as Int64)
            self.entry = record.flatMap { record in kind.flatMap { LogEntry(kindByte: $0, recordBytes: [UInt8](record)) } }
        }
    }

    func stored(from first: Int64, limit: Int) throws -> [StoredEntry] {
        try rows(SpoolStatement.selectEntries, [first, limit]).map(StoredEntry.init)
    }
    func stored(at sequence: Int64) throws -> StoredEntry? {
        try stored(from: sequence, limit: 1).first { $0.sequence == sequence }
    }

    // MARK: - Losses

    /// Remembers a range as lost until an appended entry declares it. Ranges that touch or overlap become one.
    func record(_ loss: SpoolLoss) throws {
        guard var before = loss.digestBefore else { preconditionFailure("a recorded loss knows the digest before it") }
        var first = loss.first
        for known in try losses() where known.last >= loss.first - 1 && known.first <= loss.last && known.cause == loss.cause {
            guard known.first < first, let earlier = known.digestBefore else { continue }
            first = known.first
            before = earlier
        }
        try execute(SpoolStatement.deleteLosses, [first, loss.last])
        try execute(SpoolStatement.insertLoss, [first, loss.last, before.blob, loss.digestAfter.blob, loss.cause.rawValue])
    }

    /// An entry on the log tells of this range now. What was lost since beyond its end stays undeclared.
    func declare(_ declared: SpoolLoss) throws {
        for known in try losses() where known.first >= declared.first && known.first <= declared.last && known.last > declared.last {
            try execute(SpoolStatement.deleteLosses, [known.first, known.last])
            try execute(
                SpoolStatement.insertLoss,
                [declared.last + 1, known.last, declared.digestAfter.blob, known.digestAfter.blob, known.cause.rawValue])
        }
        try execute(SpoolStatement.deleteLosses, [declared.first, declared.last])
    }

    /// Undeclared losses in order, at most `lossLimit`; the rest comes once these are declared.
    func losses() throws -> [SpoolLoss] {
        try rows(SpoolStatement.selectLosses, [SpoolTransaction.lossLimit]).map { row in
            guard let before = Digest(row["digest_before"]), let after = Digest(row["digest_after"]),
                let cause = SpoolLoss.Cause(rawValue: row["cause"])
            else { throw SpoolError(.corrupt, context: "a loss is no loss") }
            return SpoolLoss(
                first: row["first_sequence"], last: row["last_sequence"], digestBefore: before, digestAfter: after, cause: cause)
        }
    }
    static let lossLimit = 1_000

    // MARK: - Values

    func put(_ key: String, _ content: [UInt8]?) throws {
        guard let content else { return try execute(SpoolStatement.removeValue, [key]) }
        precondition(content.count <= SpoolLimits.maximumValueBytes, "a spooled value is at most \(SpoolLimits.maximumValueBytes) bytes")
        try execute(SpoolStatement.putValue, [key, Data(content), checksum(key, content)])
    }

    /// The value, or nil where none stands or where it is damaged: a state that cannot be proven is no state.
    mutating func value(_ key: String) throws -> [UInt8]? {
        try rows(SpoolStatement.selectValue, [key]).first.flatMap { try intact($0)?.content }
    }
    mutating func values() throws -> [String: [UInt8]] {
        var values: [String: [UInt8]] = [:]
        for row in try rows(SpoolStatement.selectValues, [SpoolLimits.maximumValues]) {
            guard let (key, content) = try intact(row) else { continue }
            values[key] = content
        }
        return values
    }

    private mutating func intact(_ row: Row) throws -> (key: String, content: [UInt8])? {
        let key: String = row["key"]
        let content = [UInt8](row["content"] as Data)
        guard checksum(key, content) == row["checksum"] as Data else {
            header.damagedCount += 1
            try put(key, nil)
            return nil
        }
        return (key, content)
    }

    private func checksum(_ key: String, _ content: [UInt8]) -> Data {
        Data(hash.digest(Array(key.utf8) + [0] + content).bytes.prefix(8))
    }
}
