/// One row of an answer, lent to the closure that decodes it; being neither copyable nor consumed, it cannot outlive the answer.
///
/// Columns are asked for by name, or by place where many are read in order. A missing column, an unexpected type, or NULL where a
/// value was asked for, is `protocolViolation` with statement, column and type: then binary and schema disagree.
public struct PostgresRow: ~Copyable {
    let result: QueryResult
    var row = 0

    init(_ result: consuming QueryResult) { self.result = result }

    public var columnCount: Int { result.columnCount }

    /// The value of the column of this name; ask for an `Optional` where NULL is meant to occur.
    public func value<Value: PostgresDecodable>(_ column: String, as _: Value.Type = Value.self) throws(PostgresError) -> Value {
        guard let place = result.column(named: column) else {
            throw PostgresError(.protocolViolation, "the answer has no column '\(column)'", context: result.context)
        }
        return try value(at: place)
    }

    /// The value of the column at this place, counted from 0.
    public func value<Value: PostgresDecodable>(at place: Int, as _: Value.Type = Value.self) throws(PostgresError) -> Value {
        precondition(place >= 0 && place < columnCount, "an answer's columns are counted from 0")
        if result.isNull(row: row, column: place) {
            if let absent = Value.whenNull { return absent }
            throw violation(place, "is NULL")
        }
        let type = result.type(of: place)
        let decoded = unsafe result.withBytes(row: row, column: place) { Value(postgres: $0, type: type) }
        guard let decoded else { throw violation(place, "of type \(type) does not hold a \(Value.self)") }
        return decoded
    }

    private func violation(_ place: Int, _ problem: String) -> PostgresError {
        PostgresError(.protocolViolation, "column '\(result.columnName(place))' \(problem)", context: result.context)
    }
}
