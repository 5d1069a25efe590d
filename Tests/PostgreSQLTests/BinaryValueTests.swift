import PostgreSQL
import Testing

/// Aim: what we send is what we read back, in binary, for every type the log uses. Method: `SELECT $1` on a real server.
@Suite struct BinaryValueTests {
    private func echo<Value: PostgresDecodable & Equatable & Sendable>(_ type: String, _ parameter: PostgresParameter, _: Value.Type) throws -> Value {
        try TestServer.session().queryOne(statement("SELECT $1::\(type) AS value"), [parameter]) { row throws(PostgresError) in
            try row.value("value", as: Value.self)
        }
    }

    @Test func `numbers come back at their extremes`() throws {
        for value in [Int64.min, -1, 0, 1, Int64.max] { #expect(try echo("int8", .int8(value), Int64.self) == value) }
        for value in [Int32.min, 0, Int32.max] { #expect(try echo("int4", .int4(value), Int32.self) == value) }
        for value in [Int16.min, 0, Int16.max] { #expect(try echo("int2", .int2(value), Int16.self) == value) }
        #expect(try echo("int2", .int2(7), Int64.self) == 7)
    }

    @Test func `text, bytes, truth, JSON and NULL come back`() throws {
        #expect(try echo("text", .text("Übertragung → 漢"), String.self) == "Übertragung → 漢")
        #expect(try echo("text", .text(""), String.self) == "")
        #expect(try echo("bytea", .bytea([]), [UInt8].self) == [])
        #expect(try echo("bytea", .bytea([0, 255, 10]), [UInt8].self) == [0, 255, 10])
        #expect(try echo("bool", .bool(true), Bool.self))
        #expect(try echo("jsonb", .jsonb(#"{"a":1}"#), String.self) == #"{"a": 1}"#)
        #expect(try echo("int8", .int8(nil), Int64?.self) == nil)
        #expect(try echo("text", .text(nil), String?.self) == nil)
    }

    @Test func `arrays come back with their holes`() throws {
        #expect(try echo("int8[]", .int8Array([1, nil, -3]), [Int64?].self) == [1, nil, -3])
        #expect(try echo("int4[]", .int4Array([]), [Int32].self) == [])
        #expect(try echo("int2[]", .int2Array([1, 2]), [Int16].self) == [1, 2])
        #expect(try echo("text[]", .textArray(["a", nil, ""]), [String?].self) == ["a", nil, ""])
        #expect(try echo("bytea[]", .byteaArray([[1], []]), [[UInt8]].self) == [[1], []])
        #expect(try echo("int8[]", .int8Array(nil), [Int64]?.self) == nil)
    }

    @Test func `an instant and a day are counted from 1970`() throws {
        let session = try TestServer.session()
        let row = try session.queryOne(
            statement("SELECT $1::timestamptz AS at, $1::timestamptz = '2026-11-23 06:40:00.125+00' AS same, $2::date AS day, $2::date = '2026-11-23' AS same_day"),
            [.timestamp(microseconds: 1_795_416_000_125_000), .date(days: 20_780)]
        ) { row throws(PostgresError) in
            (try row.value("at", as: PostgresInstant.self).microseconds, try row.value("same", as: Bool.self),
             try row.value("day", as: PostgresDay.self).days, try row.value("same_day", as: Bool.self))
        }
        #expect(row == (1_795_416_000_125_000, true, 20_780, true))
    }

    @Test func `an array of a composite is unnested by the server`() throws {
        let session = try TestServer.session()
        try session.runScript(statement("DROP TYPE IF EXISTS pair_of_numbers; CREATE TYPE pair_of_numbers AS (a int8, b int4)"))
        let type = try session.compositeType(
            "pair_of_numbers", lookup: statement("SELECT oid AS element, typarray AS array FROM pg_type WHERE oid = $1::text::regtype"))
        func record(_ a: Int64, _ b: Int32?) -> [UInt8] {
            var bytes: [UInt8] = [0, 0, 0, 2, 0, 0, 0, 20, 0, 0, 0, 8]
            bytes += (0..<8).reversed().map { UInt8(truncatingIfNeeded: a >> (8 * $0)) }
            bytes += [0, 0, 0, 23]
            guard let b else { return bytes + [255, 255, 255, 255] }
            return bytes + [0, 0, 0, 4] + (0..<4).reversed().map { UInt8(truncatingIfNeeded: b >> (8 * $0)) }
        }
        let records = [record(1, 2), record(-3, nil)]
        let rows = try session.query(
            statement("SELECT a, b, record_send(u) AS bytes FROM unnest($1::pair_of_numbers[]) AS u"), [.compositeArray(type, records: records)]
        ) { row throws(PostgresError) in
            (try row.value("a", as: Int64.self), try row.value("b", as: Int32?.self), try row.value("bytes", as: [UInt8].self))
        }
        #expect(rows.map(\.0) == [1, -3])
        #expect(rows.map(\.1) == [2, nil])
        #expect(rows.map(\.2) == records)
    }

    @Test func `a wrong type, a wrong name and an unmeant NULL are named`() throws {
        let session = try TestServer.session()
        let asked = statement("SELECT 1::int4 AS one, NULL::text AS nothing")
        func failure<T>(_ decode: @escaping (borrowing PostgresRow) throws(PostgresError) -> T) -> PostgresError? {
            do { _ = try session.query(asked) { row throws(PostgresError) in try decode(row) } } catch { return error }
            return nil
        }
        #expect(failure { row throws(PostgresError) in try row.value("one", as: String.self) }?.message.contains("'one' of type 23") == true)
        #expect(failure { row throws(PostgresError) in try row.value("two", as: Int32.self) }?.message.contains("no column 'two'") == true)
        #expect(failure { row throws(PostgresError) in try row.value("nothing", as: String.self) }?.code == .protocolViolation)
    }
}
