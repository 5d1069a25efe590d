public import Quantities

/// What one flow asks of a Prometheus server.
///
/// In each text `{window}` becomes the window as a PromQL duration, and in `delay` `{quantile}` becomes 0.5, 0.95 and 0.99 in turn;
/// a `delay` without it is taken for the 95th percentile. The other two may be left out where `delay` reads a range of one classic
/// histogram: then they are derived from it (`PrometheusSelector`).
public struct PrometheusQuery: Hashable, Sendable {
    /// Answers one number: a delay above the base delay, in seconds.
    public var delay: String
    /// Answers when the newest measurement was scraped, in seconds since 1970: something over `timestamp(…)`. `rate` goes on
    /// answering its last value after a target died, stamped *now*; only this tells.
    public var age: String?
    /// Answers how many measurements the window holds.
    public var count: String?
    /// What is older is stale. Default 15 s: three ticks.
    public var maximumAge: Nanoseconds

    public init(delay: String, age: String? = nil, count: String? = nil, maximumAge: Nanoseconds = .seconds(15)) {
        self.delay = delay
        self.age = age
        self.count = count
        self.maximumAge = maximumAge
    }
}

extension PrometheusQuery {
    enum Part: String, CaseIterable {
        case p50, p95, p99, count, age
    }
    /// The label by which the parts of one answer are told apart.
    static let partLabel = "fairlead_part"

    /// The expressions to evaluate, all at one instant.
    func parts(window: Nanoseconds) -> [(part: Part, expression: String)] {
        func filled(_ text: String) -> String { text.replacing("{window}", with: promQLDuration(window)) }
        let delay = filled(delay)
        let selector = PrometheusSelector(firstRangeOf: delay)
        var parts: [(part: Part, expression: String)] = [(.p95, delay)]
        if delay.contains("{quantile}") {
            let quantiles: [(Part, String)] = [(.p50, "0.5"), (.p95, "0.95"), (.p99, "0.99")]
            parts = quantiles.map { ($0.0, delay.replacing("{quantile}", with: $0.1)) }
        }
        if let count = count.map(filled) ?? selector?.count { parts.append((.count, count)) }
        if let age = age.map(filled) ?? selector?.age { parts.append((.age, age)) }
        return parts
    }

    /// How far back the `delay` query looks: its longest range, and what its offsets add. An instant query tells of the window.
    public func range(window: Nanoseconds) -> Nanoseconds {
        let spans = PrometheusSpans(of: delay.replacing("{window}", with: promQLDuration(window)))
        return (spans.longestRange ?? window) + spans.longestOffset
    }

    /// One PromQL text for all parts: a server evaluates it in one request at one instant.
    static func text(of parts: [(part: Part, expression: String)]) -> String {
        parts.map { part, expression in
            // The oldest of several series decides: one that died must not hide behind one that lives.
            let inner = part == .age ? "min(\(expression))" : expression
            return "label_replace(\(inner), \"\(partLabel)\", \"\(part.rawValue)\", \"\", \"\")"
        }.joined(separator: " or ")
    }
}

/// A span as PromQL writes it: whole milliseconds at the finest, at least one.
func promQLDuration(_ span: Nanoseconds) -> String {
    let milliseconds = max(1, span.milliseconds)
    return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000)s" : "\(milliseconds)ms"
}

/// The first range selector of a PromQL text: `name{labels}[range]`.
struct PrometheusSelector: Equatable {
    let name: String
    /// With its braces, or empty.
    let labels: String
    let range: String

    /// Nil where the text has none that begins with a name.
    init?(firstRangeOf text: String) {
        let bytes = Array(text.utf8)
        guard let open = PrometheusSelector.firstBracket(in: bytes), let close = bytes[open...].firstIndex(of: UInt8(ascii: "]")) else {
            return nil
        }
        var labelsStart = open
        if open > 0, bytes[open - 1] == UInt8(ascii: "}") {
            guard let brace = PrometheusSelector.opening(of: open - 1, in: bytes) else { return nil }
            labelsStart = brace
        }
        var nameStart = labelsStart
        while nameStart > 0, PrometheusSelector.isNameByte(bytes[nameStart - 1]) { nameStart -= 1 }
        guard nameStart < labelsStart else { return nil }
        name = String(decoding: bytes[nameStart..<labelsStart], as: UTF8.self)
        labels = String(decoding: bytes[labelsStart..<open], as: UTF8.self)
        range = String(decoding: bytes[(open + 1)..<close], as: UTF8.self)
    }

    var age: String { "timestamp(\(name)\(labels))" }
    /// Nil where the name is not that of a classic histogram's buckets.
    var count: String? {
        guard name.hasSuffix("_bucket") else { return nil }
        return "sum(increase(\(name.dropLast(7))_count\(labels)[\(range)]))"
    }

    /// The positions of `[` and of braces count only outside of quotes.
    private static func firstBracket(in bytes: [UInt8]) -> Int? {
        unquoted(bytes).first { bytes[$0] == UInt8(ascii: "[") }
    }
    private static func opening(of close: Int, in bytes: [UInt8]) -> Int? {
        unquoted(bytes).last { $0 < close && bytes[$0] == UInt8(ascii: "{") }
    }
    static func unquoted(_ bytes: [UInt8]) -> [Int] {
        var positions: [Int] = []
        var quote: UInt8?
        var isEscaped = false
        for (position, byte) in bytes.enumerated() {
            if let open = quote {
                if isEscaped { isEscaped = false } else if byte == UInt8(ascii: "\\") { isEscaped = true } else if byte == open { quote = nil }
            } else if [UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`")].contains(byte) {
                quote = byte
            } else {
                positions.append(position)
            }
        }
        return positions
    }
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: ":"): true
        default: false
        }
    }
}
