/// The canonical bytes of an entry: exactly what PostgreSQL's `record_send` gives for the composite of the same columns, so
/// that the database can recompute a digest from what it stores, and the bytes on disk are the bytes on the wire.
///
/// A record is: the number of columns (int4), then for each its type's OID (int4), its length (int4, −1 for NULL), its data.
/// Numbers stand in network order. Only built-in types occur, whose OIDs never change.
struct RecordWriter {
    private var bytes: [UInt8] = []

    /// What was written. With no room to spare: records are kept for long.
    func finished() -> [UInt8] {
        var record: [UInt8] = []
        record.reserveCapacity(bytes.count)
        record += bytes
        return record
    }

    /// - Parameter capacity: the bytes for which there is room from the beginning.
    init(columnCount: Int, capacity: Int) {
        bytes.reserveCapacity(capacity)
        append(Int32(columnCount))
    }

    mutating func append<Value: FixedWidthInteger>(_ value: Value) {
        for place in 0..<Value.bitWidth / 8 { bytes.append(UInt8(truncatingIfNeeded: value >> (Value.bitWidth - 8 - 8 * place))) }
    }

    mutating func column(int2 value: Int16?) { scalar(.int2, value) }
    mutating func column(int4 value: Int32?) { scalar(.int4, value) }
    mutating func column(int8 value: Int64?) { scalar(.int8, value) }
    mutating func column(boolean value: Bool?) { scalar(.boolean, value.map { $0 ? UInt8(1) : 0 }) }
    mutating func column(text value: String?) { variable(.text, value?.utf8) }
    mutating func column(bytea value: [UInt8]?) { variable(.bytea, value) }

    /// A list as `PackedIntegers`, in a bytea: of what `value` takes from each element.
    mutating func column<Element>(packed elements: [Element], _ value: (Element) -> (some FixedWidthInteger)?) {
        append(ColumnType.bytea.rawValue)
        let place = bytes.count
        append(Int32(0))
        PackedIntegers.pack(elements, into: &bytes, value)
        let length = Int32(bytes.count - place - 4)
        for byte in 0..<4 { bytes[place + byte] = UInt8(truncatingIfNeeded: length >> Int32(24 - 8 * byte)) }
    }

    private mutating func scalar(_ type: ColumnType, _ value: (some FixedWidthInteger)?) {
        append(type.rawValue)
        guard let value else { return append(Int32(-1)) }
        append(Int32(value.bitWidth / 8))
        append(value)
    }

    private mutating func variable(_ type: ColumnType, _ value: (some Collection<UInt8>)?) {
        append(type.rawValue)
        guard let value else { return append(Int32(-1)) }
        append(Int32(value.count))
        bytes += value
    }
}

/// OIDs of the built-in types that occur in a record (PostgreSQL `pg_type.dat`).
enum ColumnType: Int32 {
    case boolean = 16
    case bytea = 17
    case int8 = 20
    case int2 = 21
    case int4 = 23
    case text = 25
}

/// Bytes that are no record of ours: torn, of another version, or forged.
public struct RecordError: Error, Equatable, Sendable, CustomStringConvertible {
    public let problem: String
    public var description: String { problem }
    init(_ problem: String) { self.problem = problem }
}

struct RecordReader {
    private let bytes: [UInt8]
    private var position = 0
    private let columnCount: Int
    private var columnsRead = 0

    init(_ bytes: [UInt8], columnCount: Int) throws(RecordError) {
        self.bytes = bytes
        self.columnCount = columnCount
        let found = try Self.integer(Int32.self, bytes, &position)
        guard found == columnCount else { throw RecordError("the record has \(found) columns instead of \(columnCount)") }
    }

    mutating func int2() throws(RecordError) -> Int16? { try scalar(.int2, Int16.self) }
    mutating func int4() throws(RecordError) -> Int32? { try scalar(.int4, Int32.self) }
    mutating func int8() throws(RecordError) -> Int64? { try scalar(.int8, Int64.self) }
    mutating func boolean() throws(RecordError) -> Bool? { try scalar(.boolean, UInt8.self).map { $0 != 0 } }
    /// Passes over one column, whatever its type.
    mutating func skip() throws(RecordError) {
        columnsRead += 1
        _ = try Self.integer(Int32.self, bytes, &position)
        let length = Int(try Self.integer(Int32.self, bytes, &position))
        guard length <= bytes.count - position else { throw RecordError("the record is torn in column \(columnsRead)") }
        position += max(0, length)
    }
    mutating func bytea() throws(RecordError) -> [UInt8]? { try variable(.bytea) }
    mutating func text() throws(RecordError) -> String? {
        guard let bytes = try variable(.text) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw RecordError("a text is not valid UTF-8") }
        return text
    }
    /// A packed list, each value in the type of its field.
    mutating func packed<Value: FixedWidthInteger>(_: Value.Type) throws(RecordError) -> PackedColumnReader<Value> {
        guard let length = try length(of: .bytea) else { throw RecordError("column \(columnsRead), a list, is NULL") }
        defer { position += length }
        guard let list = PackedList(in: bytes, at: position..<position + length) else { throw RecordError("column \(columnsRead) is no packed list") }
        return PackedColumnReader(column: columnsRead, list: list)
    }
    /// The next value of a list of this record; nil where it is missing.
    func next<Value>(_ reader: inout PackedColumnReader<Value>) throws(RecordError) -> Value? {
        guard let value = reader.list.next(in: bytes) else { return nil }
        guard let exact = Value(exactly: value) else { throw RecordError("column \(reader.column) holds \(value), which is out of range") }
        return exact
    }

    func finish() throws(RecordError) {
        guard position == bytes.count, columnsRead == columnCount else { throw RecordError("the record is longer than its columns") }
    }

    /// The value of a column that is never NULL.
    func required<Value>(_ value: Value?, _ column: String) throws(RecordError) -> Value {
        guard let value else { throw RecordError("\(column) is missing") }
        return value
    }

    private mutating func length(of type: ColumnType) throws(RecordError) -> Int? {
        columnsRead += 1
        let found = try Self.integer(Int32.self, bytes, &position)
        guard found == type.rawValue else { throw RecordError("column \(columnsRead) has type \(found) instead of \(type.rawValue)") }
        let length = Int(try Self.integer(Int32.self, bytes, &position))
        guard length >= 0 else { return nil }
        guard position + length <= bytes.count else { throw RecordError("the record is torn in column \(columnsRead)") }
        return length
    }

    private mutating func scalar<Value: FixedWidthInteger>(_ type: ColumnType, _: Value.Type) throws(RecordError) -> Value? {
        guard let length = try length(of: type) else { return nil }
        guard length == Value.bitWidth / 8 else { throw RecordError("column \(columnsRead) has a wrong length") }
        return try Self.integer(Value.self, bytes, &position)
    }

    private mutating func variable(_ type: ColumnType) throws(RecordError) -> [UInt8]? {
        guard let length = try length(of: type) else { return nil }
        defer { position += length }
        return Array(bytes[position..<position + length])
    }

    private static func integer<Value: FixedWidthInteger>(
        _: Value.Type, _ bytes: [UInt8], _ position: inout Int
    ) throws(RecordError) -> Value {
        let size = Value.bitWidth / 8
        guard position + size <= bytes.count else { throw RecordError("the record is torn") }
        var value: Value = 0
        for place in position..<position + size { value = (size == 1 ? 0 : value << 8) | Value(truncatingIfNeeded: bytes[place]) }
        position += size
        return value
    }
}

/// One packed list of a record, which its `RecordReader` reads value by value.
struct PackedColumnReader<Value: FixedWidthInteger> {
    let column: Int
    fileprivate var list: PackedList

    var count: Int { list.count }
}
