/// The head of an HTTP/1.1 request (RFC 9112), as far as it is looked at: the first line.
enum RequestHead: Equatable {
    case incomplete
    case request(path: String, isHead: Bool)
    /// Answer with this status and close.
    case refused(status: Int)

    /// The most octets of a head that are read.
    static let bound = 8 * 1024

    init(_ octets: some Collection<UInt8>) {
        let octets = Array(octets)
        guard let end = RequestHead.endOfHead(in: octets) else {
            self = octets.count >= RequestHead.bound ? .refused(status: 431) : .incomplete
            return
        }
        let line = octets[0..<end].prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
        guard words.count == 3, words[2].hasPrefix("HTTP/1."), words[1].hasPrefix("/") else {
            self = .refused(status: 400)
            return
        }
        guard words[0] == "GET" || words[0] == "HEAD" else {
            self = .refused(status: 405)
            return
        }
        self = .request(path: String(words[1].prefix { $0 != "?" }), isHead: words[0] == "HEAD")
    }

    /// Where the empty line begins that ends the head, whether lines end in CRLF or, as RFC 9112 §2.2 tolerates, in LF alone.
    private static func endOfHead(in octets: [UInt8]) -> Int? {
        var previous: Int?
        for index in octets.indices where octets[index] == UInt8(ascii: "\n") {
            if let previous, octets[(previous + 1)..<index].allSatisfy({ $0 == UInt8(ascii: "\r") }) { return previous }
            previous = index
        }
        return nil
    }
}
