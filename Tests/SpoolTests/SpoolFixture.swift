import Cryptography
import Events
import Glibc
import Quantities
import Testing

@testable import Spool

/// A directory of its own, removed with its contents at the end.
final class ScratchDirectory: Sendable {
    let path: String
    init() {
        var template = Array("/tmp/fairlead-spool-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { preconditionFailure("/tmp cannot be written") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    deinit {
        for name in fileNames() { unlink("\(path)/\(name)") }
        rmdir(path)
    }
    var file: String { "\(path)/spool.db" }

    func fileNames() -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

/// A stream of entries as a producer would make them, seeded.
struct EntrySource {
    let stream: StreamName
    let chain = HashChain(.libcrypto)
    var head: StreamHead
    var random: SplitMix

    init(stream: StreamName = "plant-a/0000000a", seed: UInt64 = 1) {
        self.stream = stream
        head = StreamHead(sequence: 0, digest: HashChain(.libcrypto).genesis(of: stream))
        random = SplitMix(seed: seed)
    }

    mutating func next(bodyBytes: Int = 40) -> SpooledEntry {
        let filler = String(repeating: "x", count: bodyBytes)
        let number = Int64.random(in: 0...999_999, using: &random)
        let envelope = EventEnvelope(
            kind: "process_started", version: 1, at: WallTime(microseconds: number), body: "{\"n\":\(number),\"filler\":\"\(filler)\"}")
        let entry = LogEntry(envelope)
        let digest = chain.digest(after: head.digest, sequence: head.sequence + 1, entry: entry)
        head = StreamHead(sequence: head.sequence + 1, digest: digest)
        return SpooledEntry(sequence: head.sequence, digest: digest, entry: entry)
    }
    mutating func take(_ count: Int, bodyBytes: Int = 40) -> [SpooledEntry] { (0..<count).map { _ in next(bodyBytes: bodyBytes) } }
}

func openSpool(_ directory: ScratchDirectory, stream: StreamName = "plant-a/0000000a", maximumBytes: Int = 1 << 20) async throws -> SQLiteSpool {
    try await SQLiteSpool.open(
        path: directory.file, fresh: stream, hash: .libcrypto, limits: SpoolLimits(maximumBytes: maximumBytes))
}

/// All entries after a place, in as many reads as it takes.
func everything(in spool: SQLiteSpool, after start: Int64 = 0, limit: Int = 100) async throws -> [SpooledEntry] {
    var all: [SpooledEntry] = []
    while true {
        let batch = try await spool.entries(after: start + Int64(all.count), limit: limit, maximumBytes: 1 << 20)
        if batch.entries.isEmpty { return all }
        all += batch.entries
    }
}

/// The contents of a file, and writing them back: for damage.
func readFile(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    try #require(descriptor >= 0, "\(path) cannot be opened")
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        try #require(count >= 0)
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}
func writeFile(_ path: String, _ bytes: [UInt8]) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    try #require(descriptor >= 0, "\(path) cannot be written")
    defer { close(descriptor) }
    var written = 0
    while written < bytes.count {
        let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        try #require(count > 0)
        written += count
    }
}

/// Where a run of bytes stands in another, the first time.
func offset(of needle: [UInt8], in bytes: [UInt8]) -> Int? {
    guard let first = needle.first, bytes.count >= needle.count else { return nil }
    return (0...(bytes.count - needle.count)).first { start in
        bytes[start] == first && bytes[start..<start + needle.count].elementsEqual(needle)
    }
}
