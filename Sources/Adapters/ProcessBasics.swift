import Events
import Exposition
import Glibc
public import HealthServer
public import Logging
public import PostgreSQL
public import Shipper
public import Sockets
import Clocks
public import Quantities

/// The version of this source tree. N−1 binaries keep working against the same log.
public enum FairleadVersion {
    public static let text = "0.1.0"
}

/// Loggers as every process makes them: to standard error, constant messages, facts beside them.
public enum ProcessLogger {
    public static let metricsContentType = PrometheusText.contentType

    public static func make(_ label: String, cluster: String?) -> Logger {
        var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
        if let cluster { logger[metadataKey: "cluster"] = .string(cluster) }
        return logger
    }
}

extension Logger {
    public func tell(_ note: ShipperNote) {
        let level: Logger.Level =
            switch note.level {
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        log(level: level, "\(note.message)", metadata: note.facts.mapValues { .string($0) })
    }
}

extension ConnectionSettings {
    /// A database named by a connection string, or by the PG* variables where none is given.
    public static func fairlead(_ conninfo: String?) -> ConnectionSettings {
        var settings = ConnectionSettings(conninfo.map { ["dbname": $0] } ?? [:])
        settings.keywords["fallback_application_name"] = "fairlead"
        return settings
    }
}

extension Endpoint {
    /// Reads `127.0.0.1:9200`, `[::1]:9200`. Throws a sentence.
    public init(hostAndPort text: String) throws {
        guard let colon = text.lastIndex(of: ":"), colon > text.startIndex else {
            throw AssemblyError("'\(text)' is no address and port; write one such as 127.0.0.1:9200")
        }
        let digits = text[text.index(after: colon)...]
        guard let port = UInt16(digits), digits.first != "+" else {
            throw AssemblyError("'\(digits)' is no port, which is 0 to 65535; write an address and port such as 127.0.0.1:9200")
        }
        let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        guard let address = IPAddress(host == "localhost" ? "127.0.0.1" : String(host)) else {
            throw AssemblyError("'\(host)' is no numeric address; write one such as 127.0.0.1 or 0.0.0.0")
        }
        self.init(address, port: port)
    }
}

extension HealthListener {
    /// A shipper's own page: `/livez` (the loop ticks), `/readyz` (it has ticked, and what it ticks is kept), `/metrics`.
    public convenience init(_ board: ShipperBoard, on listen: String, tick: Nanoseconds) throws {
        let patience = Nanoseconds(max(tick.count * 4, 10_000_000_000))
        try self.init(
            listen: try Endpoint(hostAndPort: listen),
            handlers: [
                "/livez": {
                    board.isTicking(at: SystemClocks.monotonic(), within: patience) ? .ok() : .unavailable("the loop does not tick")
                },
                "/readyz": {
                    guard board.hasTicked else { return .unavailable("no tick yet") }
                    return board.isSpooling ? .ok() : .unavailable("the spool takes nothing: the loop brakes on, and its ticks are not kept")
                },
                "/metrics": { HealthResponse(status: 200, contentType: ProcessLogger.metricsContentType, body: board.text) },
            ])
    }
}

/// The host's name, as the kernel knows it; a Pod's is its own.
public func hostName() -> String {
    var bytes = [UInt8](repeating: 0, count: 256)
    let isKnown = unsafe bytes.withUnsafeMutableBytes { unsafe gethostname($0.baseAddress!.assumingMemoryBound(to: CChar.self), 255) } == 0
    return isKnown ? String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) : "unknown"
}

/// One line on standard error, written whole: talk, never data.
public func standardError(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    // Nobody to talk to is no reason to stop.
    _ = unsafe write(2, bytes, bytes.count)
}
