internal import Quantities

/// How far a PromQL text looks back. Read generously: what cannot be read counts as for ever, so that nothing old passes for new.
struct PrometheusSpans: Equatable {
    /// Of all range and subquery selectors; nil where there is none.
    let longestRange: Nanoseconds?
    let longestOffset: Nanoseconds

    /// Longer than any range that is meant; short enough to be taken from an instant.
    static let forever = Nanoseconds.seconds(10 * 365 * 86_400)

    init(of text: String) {
        let bytes = Array(text.utf8)
        let open = PrometheusSelector.unquoted(bytes).filter { bytes[$0] == UInt8(ascii: "[") }
        let ranges = open.map { start in
            // A subquery `[range:step]` looks back by its range, and each of its steps by the inner one.
            PrometheusSpans.duration(bytes[(start + 1)...].prefix { $0 != UInt8(ascii: "]") && $0 != UInt8(ascii: ":") })
        }
        longestRange = ranges.isEmpty ? nil : ranges.reduce(.zero) { min($0 + $1, PrometheusSpans.forever) }
        let words = text.split { $0 == " " || $0 == ")" || $0 == "(" || $0.isNewline }
        let offsets = zip(words, words.dropFirst()).filter { $0.0 == "offset" }.map { PrometheusSpans.duration($0.1.utf8) }
        longestOffset = offsets.max() ?? .zero
    }

    /// A PromQL duration: `1h30m`, `500ms`.
    static func duration(_ text: some Sequence<UInt8>) -> Nanoseconds {
        let units: [String: Int64] = [
            "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000, "d": 86_400_000_000_000,
            "w": 604_800_000_000_000, "y": 31_536_000_000_000_000,
        ]
        var total: Int64 = 0
        var number = ""
        var unit = ""
        func add() -> Bool {
            guard let count = Int64(number), let scale = units[unit] else { return false }
            let (span, overflow) = count.multipliedReportingOverflow(by: scale)
            guard !overflow, span <= forever.count - min(total, forever.count) else { return false }
            total += span
            (number, unit) = ("", "")
            return true
        }
        for byte in text where byte != UInt8(ascii: " ") {
            let character = Character(Unicode.Scalar(byte))
            if character.isNumber {
                if !unit.isEmpty, !add() { return forever }
                number.append(character)
            } else {
                unit.append(character)
            }
        }
        return add() ? Nanoseconds(total) : forever
    }
}
