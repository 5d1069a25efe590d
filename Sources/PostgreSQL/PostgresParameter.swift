/// One parameter of a statement in the binary format of its type, or NULL.
///
/// Binary only: a number is never printed and parsed on its way, and the bytes that are hashed are the bytes that are sent.
public struct PostgresParameter: Hashable, Sendable {
    /// The parameter's type; 0 leaves it to the server (then the bytes must be what the server infers).
    let type: UInt32
    let bytes: [UInt8]?

    public init(type: UInt32, bytes: [UInt8]?) {
        self.type = type
        self.bytes = bytes
    }

    public static func bool(_ value: Bool?) -> PostgresParameter { .init(type: PostgresType.bool, bytes: value.map { [$0 ? 1 : 0] }) }
    public static func int2(_ value: Int16?) -> PostgresParameter { .init(type: PostgresType.int2, bytes: value.map(networkOrder)) }
    public static func int4(_ value: Int32?) -> PostgresParameter { .init(type: PostgresType.int4, bytes: value.map(networkOrder)) }
    public static func int8(_ value: Int64?) -> PostgresParameter { .init(type: PostgresType.int8, bytes: value.map(networkOrder)) }
    /// UTF-8. PostgreSQL refuses U+0000 (22021).
    public static func text(_ value: String?) -> PostgresParameter { .init(type: PostgresType.text, bytes: value.map { Array($0.utf8) }) }
    public static func bytea(_ value: [UInt8]?) -> PostgresParameter { .init(type: PostgresType.bytea, bytes: value) }
    /// JSON text; the server validates it. One version byte stands before the text (`jsonb_recv`).
    public static func jsonb(_ text: String?) -> PostgresParameter { .init(type: PostgresType.jsonb, bytes: text.map { [1] + Array($0.utf8) }) }
    /// Microseconds since 1970-01-01T00:00Z.
    public static func timestamp(microseconds: Int64?) -> PostgresParameter {
        .init(type: PostgresType.timestamptz, bytes: microseconds.map { networkOrder($0 - PostgresEpoch.microseconds) })
    }
    /// Days since 1970-01-01.
    public static func date(days: Int32?) -> PostgresParameter {
        .init(type: PostgresType.date, bytes: days.map { networkOrder($0 - PostgresEpoch.days) })
    }

    public static func int2Array(_ values: [Int16?]?) -> PostgresParameter {
        array(PostgresType.int2Array, element: PostgresType.int2, values?.map { $0.map(networkOrder) })
    }
    public static func int4Array(_ values: [Int32?]?) -> PostgresParameter {
        array(PostgresType.int4Array, element: PostgresType.int4, values?.map { $0.map(networkOrder) })
    }
    public static func int8Array(_ values: [Int64?]?) -> PostgresParameter {
        array(PostgresType.int8Array, element: PostgresType.int8, values?.map { $0.map(networkOrder) })
    }
    public static func textArray(_ values: [String?]?) -> PostgresParameter {
        array(PostgresType.textArray, element: PostgresType.text, values?.map { $0.map { Array($0.utf8) } })
    }
    public static func byteaArray(_ values: [[UInt8]?]?) -> PostgresParameter {
        array(PostgresType.byteaArray, element: PostgresType.bytea, values)
    }
    /// An array of a composite type; each element is the record in the form of `record_send`. The object identifiers belong to one
    /// database: ask it (`PostgresSession.compositeType`).
    public static func compositeArray(_ type: CompositeType, records: [[UInt8]]?) -> PostgresParameter {
        array(type.array, element: type.element, records)
    }

    /// One dimension, lower bound 1, `array_send`'s form: dimensions, has-null flag, element type, (length, lower bound), elements.
    private static func array(_ type: UInt32, element: UInt32, _ values: [[UInt8]?]?) -> PostgresParameter {
        guard let values else { return PostgresParameter(type: type, bytes: nil) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(20 + values.reduce(0) { $0 + 4 + ($1?.count ?? 0) })
        bytes.append(network: Int32(values.isEmpty ? 0 : 1))
        bytes.append(network: Int32(values.contains { $0 == nil } ? 1 : 0))
        bytes.append(network: element)
        guard !values.isEmpty else { return PostgresParameter(type: type, bytes: bytes) }
        bytes.append(network: Int32(values.count))
        bytes.append(network: Int32(1))
        for value in values {
            guard let value else {
                bytes.append(network: Int32(-1))
                continue
            }
            bytes.append(network: Int32(value.count))
            bytes += value
        }
        return PostgresParameter(type: type, bytes: bytes)
    }
}

/// The object identifiers of a composite type and of its array type, in one database.
public struct CompositeType: Hashable, Sendable {
    public let element: UInt32
    public let array: UInt32
    public init(element: UInt32, array: UInt32) {
        self.element = element
        self.array = array
    }
}

/// PostgreSQL counts time from 2000-01-01, we from 1970-01-01.
enum PostgresEpoch {
    static let days: Int32 = 10_957
    static let microseconds: Int64 = 10_957 * 86_400_000_000
}

func networkOrder(_ value: some FixedWidthInteger) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(network: value)
    return bytes
}

extension [UInt8] {
    /// Appends an integer in network byte order (most significant byte first).
    mutating func append(network value: some FixedWidthInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}
