/// A JSON value (RFC 8259). Numbers keep the digits they were written with, so that an integer of 64 bits or an exact decimal
/// never passes through a binary fraction. Objects keep the order of their members.
public enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    public struct Member: Equatable, Sendable {
        public let key: String
        public let value: JSONValue
        public init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    public static func integer(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }
    /// Null where there is no value: missing is a state, not a number.
    public static func optional(_ value: (some BinaryInteger)?) -> JSONValue { value.map { .integer($0) } ?? .null }
    public static func optional(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }

    /// A finite number for people and dashboards, with `fractionDigits` digits; anything else is null.
    public static func measured(_ value: Double?, fractionDigits: Int = 3) -> JSONValue {
        guard let value, value.isFinite, abs(value) < 1e15 else { return .null }
        var scale = 1.0
        for _ in 0..<fractionDigits { scale *= 10 }
        let scaled = Int64((abs(value) * scale).rounded())
        let fraction = String(scaled % Int64(scale))
        let padding = String(repeating: "0", count: max(0, fractionDigits - fraction.count))
        let sign = value < 0 && scaled != 0 ? "-" : ""
        return .number(fractionDigits == 0 ? "\(sign)\(scaled)" : "\(sign)\(scaled / Int64(scale)).\(padding)\(fraction)")
    }
}

extension JSONValue {
    /// The member of an object; nil where there is none or where this is no object.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }
    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }
    public var array: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }
    public var members: [Member]? {
        guard case .object(let members) = self else { return nil }
        return members
    }
    public var bool: Bool? {
        guard case .bool(let flag) = self else { return nil }
        return flag
    }
    /// A whole number that fits, written without fraction or exponent.
    public var integer: Int64? {
        guard case .number(let digits) = self else { return nil }
        return Int64(digits)
    }
    public var double: Double? {
        guard case .number(let digits) = self else { return nil }
        return Double(digits)
    }
}

extension JSONValue {
    /// The text on one line, without spaces: equal values give equal bytes.
    public var text: String {
        var bytes: [UInt8] = []
        write(into: &bytes, indent: nil, depth: 0)
        return String(decoding: bytes, as: UTF8.self)
    }
    /// The text over several lines, indented by two spaces, for a person.
    public var indentedText: String {
        var bytes: [UInt8] = []
        write(into: &bytes, indent: 2, depth: 0)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func write(into bytes: inout [UInt8], indent: Int?, depth: Int) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let flag): bytes += (flag ? "true" : "false").utf8
        case .number(let digits): bytes += digits.utf8
        case .string(let text): JSONValue.write(text, into: &bytes)
        case .array(let elements):
            JSONValue.write(elements, between: ("[", "]"), into: &bytes, indent: indent, depth: depth) { element, bytes in
                element.write(into: &bytes, indent: indent, depth: depth + 1)
            }
        case .object(let members):
            JSONValue.write(members, between: ("{", "}"), into: &bytes, indent: indent, depth: depth) { member, bytes in
                JSONValue.write(member.key, into: &bytes)
                bytes += (indent == nil ? ":" : ": ").utf8
                member.value.write(into: &bytes, indent: indent, depth: depth + 1)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element], between brackets: (String, String), into bytes: inout [UInt8], indent: Int?, depth: Int,
        each: (Element, inout [UInt8]) -> Void
    ) {
        func newLine(_ depth: Int) {
            guard let indent, !elements.isEmpty else { return }
            bytes.append(UInt8(ascii: "\n"))
            bytes += [UInt8](repeating: UInt8(ascii: " "), count: indent * depth)
        }
        bytes += brackets.0.utf8
        for (position, element) in elements.enumerated() {
            if position > 0 { bytes.append(UInt8(ascii: ",")) }
            newLine(depth + 1)
            each(element, &bytes)
        }
        newLine(depth)
        bytes += brackets.1.utf8
    }

    /// Whether a text stands in JSON as it is.
    private static func isPlain(_ bytes: Span<UInt8>) -> Bool {
        for place in bytes.indices where bytes[place] < 0x20 || bytes[place] == UInt8(ascii: "\"") || bytes[place] == UInt8(ascii: "\\") { return false }
        return true
    }

    private static func write(_ text: String, into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        // Most texts hold nothing that must be written in another way.
        if isPlain(text.utf8Span.span) {
            bytes += text.utf8
            return bytes.append(UInt8(ascii: "\""))
        }
        let hexadecimal = Array("0123456789abcdef".utf8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): bytes += "\\n".utf8
            case UInt8(ascii: "\t"): bytes += "\\t".utf8
            case UInt8(ascii: "\r"): bytes += "\\r".utf8
            case 0..<0x20: bytes += "\\u00".utf8; bytes += [hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

extension JSONValue: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}
