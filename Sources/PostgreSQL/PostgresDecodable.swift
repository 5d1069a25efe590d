/// A Swift value that a binary column can hold.
public protocol PostgresDecodable {
    /// Nil unless the bytes are this value in the binary form of `type`.
    @safe init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32)
    /// What NULL reads as; nil where NULL is no value.
    static var whenNull: Self? { get }
}
extension PostgresDecodable {
    public static var whenNull: Self? { nil }
}

/// An element of an array column. A byte is one too: its array is `bytea`.
public protocol PostgresArrayElement {
    static func postgresArray(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> [Self]?
}

extension Int16: PostgresDecodable, PostgresArrayElement {
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard type == PostgresType.int2, bytes.count == 2 else { return nil }
        self = unsafe bytes.networkInteger()
    }
}
extension Int32: PostgresDecodable, PostgresArrayElement {
    /// Reads int2 as well: every int2 is an int4.
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        if type == PostgresType.int4, bytes.count == 4 {
            self = unsafe bytes.networkInteger()
        } else if let narrow = unsafe Int16(postgres: bytes, type: type) {
            self.init(narrow)
        } else {
            return nil
        }
    }
}
extension Int64: PostgresDecodable, PostgresArrayElement {
    /// Reads int2 and int4 as well.
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        if type == PostgresType.int8, bytes.count == 8 {
            self = unsafe bytes.networkInteger()
        } else if let narrow = unsafe Int32(postgres: bytes, type: type) {
            self.init(narrow)
        } else {
            return nil
        }
    }
}
extension UInt32: PostgresDecodable {
    /// An object identifier.
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard type == PostgresType.oid, bytes.count == 4 else { return nil }
        self = unsafe bytes.networkInteger()
    }
}
extension Double: PostgresDecodable {
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard type == PostgresType.float8, bytes.count == 8 else { return nil }
        self.init(bitPattern: unsafe bytes.networkInteger())
    }
}
extension Bool: PostgresDecodable {
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard type == PostgresType.bool, bytes.count == 1 else { return nil }
        self = unsafe bytes[0] != 0
    }
}
extension String: PostgresDecodable, PostgresArrayElement {
    /// text, varchar, name, json; jsonb without its version byte.
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        switch type {
        case PostgresType.text, PostgresType.varchar, PostgresType.name, PostgresType.json: unsafe self.init(decoding: bytes, as: UTF8.self)
        case PostgresType.jsonb where unsafe bytes.first == 1: unsafe self.init(decoding: bytes.dropFirst(), as: UTF8.self)
        default: return nil
        }
    }
}
extension UInt8: PostgresArrayElement {
    /// `bytea`, and any composite: a record's own bytes are what we hash and decode.
    public static func postgresArray(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> [UInt8]? {
        type == PostgresType.bytea || type >= CompositeType.firstUserObject ? unsafe Array(bytes) : nil
    }
}
extension CompositeType {
    /// Object identifiers of user-made types start here (PostgreSQL, `FirstNormalObjectId`).
    static let firstUserObject: UInt32 = 16_384
}

/// An instant, from a `timestamptz` column. Unit: microseconds since 1970-01-01T00:00Z.
public struct PostgresInstant: PostgresDecodable, Hashable, Sendable {
    public let microseconds: Int64
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard type == PostgresType.timestamptz, bytes.count == 8 else { return nil }
        microseconds = unsafe bytes.networkInteger() + PostgresEpoch.microseconds
    }
}
/// A day, from a `date` column. Unit: days since 1970-01-01.
public struct PostgresDay: PostgresDecodable, Hashable, Sendable {
    public let days: Int32
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard type == PostgresType.date, bytes.count == 4 else { return nil }
        days = unsafe bytes.networkInteger() + PostgresEpoch.days
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard let wrapped = Wrapped(postgres: bytes, type: type) else { return nil }
        self = .some(wrapped)
    }
    public static var whenNull: Wrapped?? { .some(.none) }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard let elements = unsafe Element.postgresArray(bytes, type: type) else { return nil }
        self = elements
    }
}
extension Array: PostgresArrayElement where Element == UInt8 {}
extension Optional: PostgresArrayElement where Wrapped: PostgresArrayElement & PostgresDecodable {
    public static func postgresArray(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> [Wrapped?]? {
        unsafe arrayElements(bytes) { slice, elementType in
            guard let slice = unsafe slice else { return .some(.none) }
            return Wrapped(postgres: slice, type: elementType).map { .some($0) }
        }
    }
}
extension PostgresArrayElement where Self: PostgresDecodable {
    public static func postgresArray(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> [Self]? {
        unsafe arrayElements(bytes) { slice, elementType in
            guard let slice = unsafe slice else { return nil }
            return Self(postgres: slice, type: elementType)
        }
    }
}

/// Walks `array_send`'s form, one dimension. Nil where the bytes are no such array or an element does not decode.
private func arrayElements<Element>(
    _ bytes: UnsafeRawBufferPointer, _ decode: (UnsafeRawBufferPointer?, UInt32) -> Element?
) -> [Element]? {
    guard bytes.count >= 12 else { return nil }
    let dimensions: Int32 = unsafe bytes.networkInteger(at: 0)
    let elementType: UInt32 = unsafe bytes.networkInteger(at: 8)
    if dimensions == 0 { return [] }
    guard dimensions == 1, bytes.count >= 20 else { return nil }
    let count = unsafe Int(bytes.networkInteger(at: 12) as Int32)
    guard count >= 0, count <= bytes.count / 4 else { return nil }
    var elements: [Element] = []
    elements.reserveCapacity(count)
    var position = 20
    for _ in 0..<count {
        guard position + 4 <= bytes.count else { return nil }
        let length = unsafe Int(bytes.networkInteger(at: position) as Int32)
        position += 4
        guard length <= bytes.count - position else { return nil }
        let slice = length < 0 ? nil : unsafe UnsafeRawBufferPointer(rebasing: bytes[position..<position + length])
        guard let element = unsafe decode(slice, elementType) else { return nil }
        elements.append(element)
        position += max(0, length)
    }
    return elements
}

extension UnsafeRawBufferPointer {
    /// The integer in network byte order at `position`; the caller has checked the length.
    fileprivate func networkInteger<Value: FixedWidthInteger>(at position: Int = 0) -> Value {
        Value(bigEndian: unsafe loadUnaligned(fromByteOffset: position, as: Value.self))
    }
}
