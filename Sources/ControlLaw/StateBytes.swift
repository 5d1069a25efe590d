/// Writes a law's state: fixed fields, big-endian, so that equal states have equal bytes everywhere.
struct StateWriter {
    private(set) var bytes: [UInt8] = []

    init(version: UInt8) {
        bytes.reserveCapacity(192)
        bytes.append(version)
    }

    mutating func write<Value: FixedWidthInteger>(_ value: Value) {
        for place in stride(from: Value.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> Value(place)))
        }
    }
}

/// Reads what `StateWriter` wrote. After the first short read everything is nil: the caller then starts from the initial state.
struct StateReader {
    private let bytes: [UInt8]
    private var place = 1

    /// Nil for another version, or for nothing at all.
    init?(_ bytes: [UInt8], version: UInt8) {
        guard bytes.first == version else { return nil }
        self.bytes = bytes
    }

    mutating func read<Value: FixedWidthInteger>(_ type: Value.Type) -> Value? {
        let width = Value.bitWidth / 8
        guard place + width <= bytes.count else {
            place = Int.max / 2
            return nil
        }
        var value: Value = 0
        for offset in 0..<width { value = (Value.bitWidth > 8 ? value << 8 : 0) | Value(truncatingIfNeeded: bytes[place + offset]) }
        place += width
        return value
    }

    var isAtEnd: Bool { place == bytes.count }
}
