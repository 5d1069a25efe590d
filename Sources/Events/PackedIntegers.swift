/// A list of integers, some of them missing, in as few bits as its values need: how a tick's samples stand on the wire and on disk.
///
///     empty list        no bytes at all
///     byte 0            w, the bits of one code (0…64); its highest bit: code 0 stands for a missing value
///     bytes 1, 2        n, how many values, most significant byte first (1…65535)
///     byte 3            b, the bytes of the base (0…8)
///     b bytes           the base, two's complement, most significant byte first; 0 where b is 0
///     ⌈n·w / 8⌉ bytes   n codes of w bits, the first in the highest bits, the last byte filled with zeros
///
/// value = base + code, or, where missing values occur, base + code − 1. A column that hardly varies costs hardly anything: sixty
/// windows of 5 s are five bytes. The writer's form is the shortest one: base is the least value.
struct PackedIntegers {
    static let maximumCount = 65_535
    static let headerBytes = 4

    static func packed<Value: FixedWidthInteger>(_ values: [Value?]) -> [UInt8] {
        guard !values.isEmpty else { return [] }
        precondition(values.count <= maximumCount, "a tick has room for \(maximumCount) samples, not \(values.count)")
        var least: Int64?
        var largest: Int64 = .min
        var isNullable = false
        for value in values {
            guard let value = value.map({ Int64($0) }) else {
                isNullable = true
                continue
            }
            least = min(least ?? value, value)
            largest = max(largest, value)
        }
        let base = least ?? 0
        let span = least == nil ? 0 : UInt64(bitPattern: largest &- base)
        let topCode = isNullable && least != nil ? span &+ 1 : span
        let width = 64 - topCode.leadingZeroBitCount
        let baseBytes = base == 0 ? 0 : (65 - (base ^ (base >> 63)).leadingZeroBitCount + 7) / 8
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headerBytes + baseBytes + (values.count * width + 7) / 8)
        bytes.append(UInt8(width) | (isNullable ? 0x80 : 0))
        bytes.append(UInt8(values.count >> 8))
        bytes.append(UInt8(values.count & 0xff))
        bytes.append(UInt8(baseBytes))
        for place in stride(from: (baseBytes - 1) * 8, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: base >> Int64(place))) }
        var bits = BitWriter(bytes: bytes)
        if width > 0 {
            for value in values {
                let code = value.map { UInt64(bitPattern: Int64($0) &- base) &+ (isNullable ? 1 : 0) } ?? 0
                bits.write(code, width: width)
            }
        }
        return bits.finish()
    }

    /// Reads what `packed` writes; nil for bytes that are no such list.
    static func unpacked(_ bytes: [UInt8]) -> [Int64?]? {
        if bytes.isEmpty { return [] }
        guard bytes.count >= headerBytes else { return nil }
        let isNullable = bytes[0] & 0x80 != 0
        let width = Int(bytes[0] & 0x7f)
        let count = Int(bytes[1]) << 8 | Int(bytes[2])
        let baseBytes = Int(bytes[3])
        guard width <= 64, baseBytes <= 8, count >= 1, bytes.count == headerBytes + baseBytes + (count * width + 7) / 8 else { return nil }
        var base: Int64 = baseBytes > 0 && bytes[headerBytes] & 0x80 != 0 ? -1 : 0
        for byte in bytes[headerBytes..<headerBytes + baseBytes] { base = base << 8 | Int64(byte) }
        var values: [Int64?] = []
        values.reserveCapacity(count)
        var bits = BitReader(bytes: bytes, position: headerBytes + baseBytes)
        for _ in 0..<count {
            let code = bits.read(width: width)
            if isNullable && code == 0 {
                values.append(nil)
            } else {
                values.append(base &+ Int64(bitPattern: isNullable ? code - 1 : code))
            }
        }
        return values
    }
}

/// Packed integers as SQL hands them out, for what reads single columns of a tick.
public struct PackedColumn: Hashable, Sendable {
    public let values: [Int64?]

    /// Nil for bytes that are no packed list.
    public init?(bytes: [UInt8]) {
        guard let values = PackedIntegers.unpacked(bytes) else { return nil }
        self.values = values
    }
}

/// Bits behind given bytes, highest first.
private struct BitWriter {
    private var bytes: [UInt8]
    private var pending: UInt64 = 0
    private var pendingBits = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func write(_ code: UInt64, width: Int) {
        if width > 32 {
            write32(code >> 32, width: width - 32)
            write32(code & 0xffff_ffff, width: 32)
        } else {
            write32(code, width: width)
        }
    }

    /// At most 32 bits at once, so that with 7 pending ones all fit into 64.
    private mutating func write32(_ code: UInt64, width: Int) {
        pending = pending << UInt64(width) | code
        pendingBits += width
        while pendingBits >= 8 {
            pendingBits -= 8
            bytes.append(UInt8(truncatingIfNeeded: pending >> UInt64(pendingBits)))
        }
        pending &= (1 << UInt64(pendingBits)) - 1
    }

    consuming func finish() -> [UInt8] {
        if pendingBits > 0 { bytes.append(UInt8(truncatingIfNeeded: pending << UInt64(8 - pendingBits))) }
        return bytes
    }
}

/// The caller has checked that there are enough bytes.
private struct BitReader {
    private let bytes: [UInt8]
    private var position: Int
    private var pending: UInt64 = 0
    private var pendingBits = 0

    init(bytes: [UInt8], position: Int) {
        self.bytes = bytes
        self.position = position
    }

    mutating func read(width: Int) -> UInt64 {
        guard width > 32 else { return read32(width: width) }
        let upper = read32(width: width - 32)
        return upper << 32 | read32(width: 32)
    }

    private mutating func read32(width: Int) -> UInt64 {
        while pendingBits < width {
            pending = pending << 8 | UInt64(bytes[position])
            position += 1
            pendingBits += 8
        }
        pendingBits -= width
        let code = pending >> UInt64(pendingBits)
        pending &= (1 << UInt64(pendingBits)) - 1
        return code
    }
}
