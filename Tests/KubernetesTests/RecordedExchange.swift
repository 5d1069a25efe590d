import Glibc

/// One recorded exchange with a real API server, from `Fixtures`.
struct RecordedExchange {
    let method: String
    let target: String
    let requestHeaders: [(name: String, value: String)]
    let requestBody: String
    /// 0 where no answer came.
    let status: Int
    let headers: [(name: String, value: String)]
    let body: String

    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
    func requestHeader(_ name: String) -> String? { requestHeaders.first { $0.name.lowercased() == name.lowercased() }?.value }

    init(_ name: String) {
        let lines = fixtureText("\(name).http").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            .filter { !$0.hasPrefix("#") }
        let asked = lines.filter { $0.hasPrefix("> ") }.map { String($0.dropFirst(2)) }
        let said = lines.filter { $0.hasPrefix("< ") }.map { String($0.dropFirst(2)) }
        let first = asked.first?.split(separator: " ").map(String.init) ?? []
        method = first.first ?? ""
        target = first.count > 1 ? first[1] : ""
        requestHeaders = asked.dropFirst().compactMap(Self.header)
        headers = said.dropFirst().compactMap(Self.header)
        status = said.first.flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") } ?? 0
        let askedEnd = lines.lastIndex { $0.hasPrefix("> ") } ?? 0
        let saidStart = lines.firstIndex { $0.hasPrefix("< ") } ?? lines.count
        let saidEnd = lines.lastIndex { $0.hasPrefix("< ") } ?? lines.count
        requestBody = lines[(askedEnd + 1)..<saidStart].filter { !$0.isEmpty }.joined(separator: "\n")
        body = saidEnd < lines.count ? lines[(saidEnd + 1)...].filter { !$0.isEmpty }.joined(separator: "\n") : ""
    }

    private static func header(_ line: String) -> (name: String, value: String)? {
        guard let colon = line.firstIndex(of: ":") else { return nil }
        return (String(line[..<colon]), String(line[line.index(after: colon)...].drop { $0 == " " }))
    }
}

/// A file of `Fixtures`, which lies beside this source.
func fixtureText(_ name: String, source: String = #filePath) -> String {
    let directory = source.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    guard let file = fopen("\(directory)/Fixtures/\(name)", "r") else { preconditionFailure("the fixture \(name) is missing") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&piece, 1, piece.count, file)
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes += piece[..<count]
    }
}
