import Glibc
import Jitter
import Quantities
import Shipper

/// A recorded trace as a flow's source: one steering value per line, one line per tick, beginning anew at the end.
///
/// A line is a span with its unit (`0.35ms`), or `missing`. Lines that begin with `#` are passed over.
public enum TraceMeasurements {
    /// Throws where the file cannot be read or a line is neither.
    public static func source(path: String) throws -> FlowMeasurements.External {
        let lines = try lines(of: path)
        let position = TracePosition(count: lines.count)
        return { _ in
            guard let span = lines[await position.next()] else { return .external(.absent) }
            return .external(.reading(ExternalReading(p95: span, age: .zero)))
        }
    }

    private static func lines(of path: String) throws -> [Nanoseconds?] {
        guard let text = readText(path, maximumBytes: 16 << 20) else {
            throw TraceError(path: path, line: 0, problem: "cannot be read, or is larger than 16 MiB")
        }
        var spans: [Nanoseconds?] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let word = line.drop { $0 == " " }
            if word.isEmpty || word.hasPrefix("#") { continue }
            if word == "missing" {
                spans.append(nil)
                continue
            }
            do { spans.append(try Nanoseconds(parsing: String(word))) } catch {
                throw TraceError(path: path, line: number + 1, problem: "\(error)")
            }
        }
        guard !spans.isEmpty else { throw TraceError(path: path, line: 0, problem: "holds no value") }
        return spans
    }

    private actor TracePosition {
        private let count: Int
        private var at = 0
        init(count: Int) { self.count = count }
        func next() -> Int {
            defer { at = (at + 1) % count }
            return at
        }
    }
}

/// A trace that cannot be used, with the place.
public struct TraceError: Error, CustomStringConvertible {
    public let path: String
    public let line: Int
    public let problem: String
    public var description: String { line == 0 ? "\(path): \(problem)" : "\(path):\(line): \(problem)" }
}

/// A whole small text file; nil where it cannot be read, is too long or is no UTF-8.
func readText(_ path: String, maximumBytes: Int) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while bytes.count <= maximumBytes {
        let count = unsafe read(descriptor, &piece, piece.count)
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { return nil }
        if count == 0 { break }
        bytes += piece[..<count]
    }
    guard bytes.count <= maximumBytes else { return nil }
    return String(validating: bytes, as: UTF8.self)
}
