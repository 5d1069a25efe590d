import PostgreSQL
import Schema

extension PostgresStatement {
    /// A statement of `schema/queries`, under its file's name.
    init(_ statement: EmbeddedStatement) { self.init(name: statement.name, text: statement.text) }
}

extension PostgresSession {
    func query<Row>(
        _ statement: EmbeddedStatement, _ parameters: [PostgresParameter] = [],
        decode: (borrowing PostgresRow) throws(PostgresError) -> Row
    ) throws(PostgresError) -> [Row] {
        try query(PostgresStatement(statement), parameters, decode: decode)
    }
    func queryOne<Row>(
        _ statement: EmbeddedStatement, _ parameters: [PostgresParameter] = [],
        decode: (borrowing PostgresRow) throws(PostgresError) -> Row
    ) throws(PostgresError) -> Row {
        try queryOne(PostgresStatement(statement), parameters, decode: decode)
    }
    @discardableResult
    func execute(_ statement: EmbeddedStatement, _ parameters: [PostgresParameter] = []) throws(PostgresError) -> Int {
        try execute(PostgresStatement(statement), parameters)
    }
}
