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
        var bytes: [UInt8] = []
        pack(values, into: &bytes) { $0 }
        return bytes
    }

    /// Puts the list of what `value` takes from each element behind other bytes.
    static func pack<Element, Value: FixedWidthInteger>(_ elements: [Element], into bytes: inout [UInt8], _ value: (Element) -> Value?) {
        guard !elements.isEmpty else { return }
        precondition(elements.count <= maximumCount, "a tick has room for \(maximumCount) samples, not \(elements.count)")
        var least: Int64?
        var largest: Int64 = .min
        var isNullable = false
        for element in elements {
            guard let value = value(element).map({ Int64($0) }) else {
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
        bytes.append(UInt8(width) | (isNullable ? 0x80 : 0))
        bytes.append(UInt8(elements.count >> 8))
        bytes.append(UInt8(elements.count & 0xff))
        bytes.append(UInt8(baseBytes))
        for place in 0..<baseBytes { bytes.append(UInt8(truncatingIfNeeded: base >> Int64((baseBytes - 1 - place) * 8))) }
        guard width > 0 else { return }
        var bits = BitWriter()
        for element in elements {
            let code = value(element).map { UInt64(bitPattern: Int64($0) &- base) &+ (isNullable ? 1 : 0) } ?? 0
            bits.write(code, width: width, into: &bytes)
        }
        bits.finish(into: &bytes)
    }

    /// Reads what `packed` writes; nil for bytes that are no such list.
    static func unpacked(_ bytes: [UInt8]) -> [Int64?]? {
        guard var list = PackedList(in: bytes, at: bytes.indices) else { return nil }
        return (0..<list.count).map { _ in list.next(in: bytes) }
    }
}

/// A packed list that is being read, value by value, out of the bytes around it.
struct PackedList {
    let count: Int
    private let isNullable: Bool
    private let width: Int
    private let base: Int64
    private var bits: BitReader

    /// Nil where the bytes in `range` are no packed list.
    init?(in bytes: [UInt8], at range: Range<Int>) {
        guard !range.isEmpty else {
            (count, isNullable, width, base, bits) = (0, false, 0, 0, BitReader(position: range.lowerBound))
            return
        }
        guard range.count >= PackedIntegers.headerBytes else { return nil }
        let first = range.lowerBound
        isNullable = bytes[first] & 0x80 != 0
        width = Int(bytes[first] & 0x7f)
        count = Int(bytes[first + 1]) << 8 | Int(bytes[first + 2])
        let baseBytes = Int(bytes[first + 3])
        guard width <= 64, baseBytes <= 8, count >= 1, range.count == PackedIntegers.headerBytes + baseBytes + (count * width + 7) / 8 else {
            return nil
        }
        let codes = first + PackedIntegers.headerBytes + baseBytes
        var base: Int64 = baseBytes > 0 && bytes[first + PackedIntegers.headerBytes] & 0x80 != 0 ? -1 : 0
        for place in codes - baseBytes..<codes { base = base << 8 | Int64(bytes[place]) }
        self.base = base
        bits = BitReader(position: codes)
    }

    /// The next value; nil where it is missing. Asked `count` times at most, of the same bytes.
    mutating func next(in bytes: [UInt8]) -> Int64? {
        let code = bits.read(width: width, in: bytes)
        if isNullable && code == 0 { return nil }
        return base &+ Int64(bitPattern: isNullable ? code - 1 : code)
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

/// Bits behind other bytes, highest first.
private struct BitWriter {
    private var pending: UInt64 = 0
    private var pendingBits = 0

    mutating func write(_ code: UInt64, width: Int, into bytes: inout [UInt8]) {
        if width > 32 {
            write32(code >> 32, width: width - 32, into: &bytes)
            write32(code & 0xffff_ffff, width: 32, into: &bytes)
        } else {
            write32(code, width: width, into: &bytes)
        }
    }

    /// At most 32 bits at once, so that with 7 pending ones all fit into 64.
    private mutating func write32(_ code: UInt64, width: Int, into bytes: inout [UInt8]) {
        pending = pending << UInt64(width) | code
        pendingBits += width
        while pendingBits >= 8 {
            pendingBits -= 8
            bytes.append(UInt8(truncatingIfNeeded: pending >> UInt64(pendingBits)))
        }
        pending &= (1 << UInt64(pendingBits)) - 1
    }

    consuming func finish(into bytes: inout [UInt8]) {
        if pendingBits > 0 { bytes.append(UInt8(truncatingIfNeeded: pending << UInt64(8 - pendingBits))) }
    }
}

/// The caller has checked that there are enough bytes.
private struct BitReader {
    private var position: Int
    private var pending: UInt64 = 0
    private var pendingBits = 0

    init(position: Int) { self.position = position }

    mutating func read(width: Int, in bytes: [UInt8]) -> UInt64 {
        guard width > 32 else { return read32(width: width, in: bytes) }
        let upper = read32(width: width - 32, in: bytes)
        return upper << 32 | read32(width: 32, in: bytes)
    }

    private mutating func read32(width: Int, in bytes: [UInt8]) -> UInt64 {
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
