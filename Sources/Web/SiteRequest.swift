/// A request for a page, as far as the site cares: no body is ever read.
public struct SiteRequest: Sendable {
    public var method: String
    /// The decoded segments of the path: `/c/plant%2Da` is `["c", "plant-a"]`. Nil where the encoding is broken.
    public var segments: [String]?
    /// The first value of each name.
    public var query: [String: String]
    /// The `Accept` field, or empty.
    public var accept: String

    /// - Parameter target: path and query as they stood in the request line.
    public init(method: String = "GET", target: String, accept: String = "") {
        let (path, query) = SiteRequest.split(target, at: "?")
        self.method = method
        self.accept = accept
        var segments: [String]? = []
        for part in path.split(separator: "/", omittingEmptySubsequences: true) {
            if let decoded = percentDecoded(part) { segments?.append(decoded) } else { segments = nil }
        }
        self.segments = segments
        self.query = [:]
        for pair in query.split(separator: "&") {
            let (name, value) = SiteRequest.split(pair.split(separator: "+", omittingEmptySubsequences: false).joined(separator: " "), at: "=")
            guard let name = percentDecoded(name[...]), let value = percentDecoded(value[...]), self.query[name] == nil else { continue }
            self.query[name] = value
        }
    }

    /// Whether the reader asked for JSON: by `format=json`, or by naming it before HTML in `Accept`.
    public var wantsJSON: Bool {
        if let format = query["format"] { return format == "json" }
        let first = accept.split(separator: ",").first { $0.contains("json") || $0.contains("html") }
        return first?.contains("json") ?? false
    }

    private static func split(_ text: String, at mark: Character) -> (String, String) {
        guard let place = text.firstIndex(of: mark) else { return (text, "") }
        return (String(text[..<place]), String(text[text.index(after: place)...]))
    }
}

/// The bytes that `%XX` stand for, as UTF-8; nil where an escape is broken or the bytes are no UTF-8. Source: RFC 3986 §2.1.
func percentDecoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let high = rest.popFirst().flatMap(hexadecimalValue), let low = rest.popFirst().flatMap(hexadecimalValue) else { return nil }
        bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
}

/// A word as one segment of a path: all but the unreserved characters of RFC 3986 §2.3 are escaped, `/` too.
func percentEncoded(_ word: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in word.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            bytes.append(byte)
        default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

private func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
