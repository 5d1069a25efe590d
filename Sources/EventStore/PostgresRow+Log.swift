import Events
import PostgreSQL
import Quantities

extension PostgresRow {
    /// A digest column: exactly 32 bytes.
    borrowing func digest(_ column: String) throws(PostgresError) -> Digest {
        let bytes: [UInt8] = try value(column)
        guard let digest = Digest(bytes: bytes) else {
            throw PostgresError(.protocolViolation, "column '\(column)' is no SHA-256", context: "the log")
        }
        return digest
    }

    /// A grant's body, or none. One that this binary cannot read counts as none: a later version's, and no ceiling of ours.
    borrowing func grant(_ column: String) throws(PostgresError) -> Grant? {
        guard let body: String = try value(column, as: String?.self) else { return nil }
        return try? Grant(bodyText: body)
    }
}
