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
        let text: String
        do { text = try readText(path, maximumBytes: 16 << 20) } catch { throw TraceError(path: path, line: 0, problem: "cannot be read: \(error.reason)") }
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
