internal import CLibPQ

/// The one owner of a `PGresult`; it is cleared when the owner goes.
///
/// Safe because the pointer never leaves this type: readers borrow the owner, so the memory outlives every read.
@safe struct QueryResult: ~Copyable {
    private let raw: OpaquePointer
    /// The statement that asked, for errors.
    let context: String

    init(_ raw: OpaquePointer, context: String) {
        unsafe self.raw = raw
        self.context = context
    }
    deinit { unsafe PQclear(raw) }

    var rowCount: Int { unsafe Int(PQntuples(raw)) }
    var columnCount: Int { unsafe Int(PQnfields(raw)) }
    var status: ExecStatusType { unsafe PQresultStatus(raw) }

    /// `COMMIT`, `INSERT 0 1`: what the server says it did.
    var commandTag: String { unsafe PQcmdStatus(raw).map { unsafe String(cString: $0) } ?? "" }

    /// Rows that an INSERT, UPDATE, DELETE or SELECT touched; 0 for other commands.
    var affectedRows: Int { unsafe PQcmdTuples(raw).map { unsafe Int(String(cString: $0)) ?? 0 } ?? 0 }

    func column(named name: String) -> Int? {
        let number = unsafe PQfnumber(raw, name)
        return number < 0 ? nil : Int(number)
    }
    func columnName(_ column: Int) -> String { unsafe PQfname(raw, Int32(column)).map { unsafe String(cString: $0) } ?? "?" }
    func type(of column: Int) -> UInt32 { unsafe PQftype(raw, Int32(column)) }
    func isNull(row: Int, column: Int) -> Bool { unsafe PQgetisnull(raw, Int32(row), Int32(column)) == 1 }

    /// Lends one cell's bytes. Rows and columns are checked by the callers, which took them from this very result.
    func withBytes<T, Failure: Error>(
        row: Int, column: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> T
    ) throws(Failure) -> T {
        let start = unsafe UnsafeRawPointer(PQgetvalue(raw, Int32(row), Int32(column)))
        let count = unsafe Int(PQgetlength(raw, Int32(row), Int32(column)))
        return try unsafe body(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// The server's error in this result, with its texts copied before the result is cleared.
    func error() -> PostgresError {
        let state = unsafe text(fairlead_result_sqlstate(raw))
        var message = unsafe text(fairlead_result_message(raw))
        if message.isEmpty { message = unsafe text(PQresultErrorMessage(raw)) }
        let hint = unsafe text(fairlead_result_hint(raw))
        let constraint = unsafe text(fairlead_result_constraint(raw))
        if !constraint.isEmpty { message += " [\(constraint)]" }
        if !hint.isEmpty { message += "; \(hint)" }
        return PostgresError(
            PostgresError.code(sqlState: state), underlying: state, message, context: context,
            constraint: constraint.isEmpty ? nil : constraint)
    }

    private func text(_ pointer: UnsafePointer<CChar>?) -> String {
        guard let pointer = unsafe pointer else { return "" }
        let text = unsafe String(cString: pointer)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
