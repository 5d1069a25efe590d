/// A URL taken apart as far as a client must: who is spoken to, and what is asked of them (RFC 3986 §3).
struct HTTPAddress {
    /// `http` or `https`.
    let scheme: String
    /// As written, an IPv6 address with its brackets.
    let host: String
    let port: Int
    /// With its leading slash, without query.
    let path: String
    /// With its question mark, or empty.
    let query: String

    /// Nil where the text is no such URL, or holds a user name, a space or a control character.
    init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), let mark = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let scheme = text[..<mark].lowercased()
        let rest = text[mark...]
        guard scheme == "http" || scheme == "https", rest.hasPrefix("://") else { return nil }
        let afterScheme = rest.dropFirst(3)
        let authorityEnd = afterScheme.firstIndex { "/?#".contains($0) } ?? afterScheme.endIndex
        let authority = afterScheme[..<authorityEnd]
        guard !authority.isEmpty, !authority.contains("@"), let (host, port) = HTTPAddress.split(authority) else { return nil }
        let target = afterScheme[authorityEnd...].prefix { $0 != "#" }
        let path = target.prefix { $0 != "?" }
        self.scheme = scheme
        self.host = host
        self.port = port ?? (scheme == "https" ? 443 : 80)
        self.path = path.isEmpty ? "/" : String(path)
        self.query = String(target.dropFirst(path.count))
    }

    /// `https://host:443`: the unit in which connections are shared and counted.
    var origin: String { "\(scheme)://\(host):\(port)" }

    private static func split(_ authority: Substring) -> (host: String, port: Int?)? {
        let hostEnd: Substring.Index
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else { return nil }
            hostEnd = authority.index(after: bracket)
        } else {
            hostEnd = authority.firstIndex(of: ":") ?? authority.endIndex
        }
        let host = String(authority[..<hostEnd])
        guard !host.isEmpty else { return nil }
        let rest = authority[hostEnd...]
        if rest.isEmpty { return (host, nil) }
        guard rest.hasPrefix(":"), let port = Int(rest.dropFirst()), (1...65_535).contains(port) else { return nil }
        return (host, port)
    }
}

/// Text as one path segment or one query value: all but RFC 3986's unreserved characters becomes `%XX`.
public func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            bytes.append(byte)
        default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
