import Quantities

/// One parameter of a law: its name, unit, default and meaning, as help and documentation print it.
public struct LawParameter: Sendable {
    public enum Kind: Sendable, Equatable {
        /// A rate with a decimal suffix, `50M`.
        case rate
        /// A span of time with its unit, `10s`. Whole milliseconds.
        case time
        /// A factor without unit, at most three decimals, `0.95`.
        case factor
        /// A whole number without unit (ticks, changes, parts per million).
        case count
        /// One of some words.
        case word([String])
    }
    public let name: String
    public let kind: Kind
    /// The default, in its canonical spelling.
    public let defaultText: String
    /// The smallest and the largest value that is taken, in `kind`'s own unit (bit/s, ms, thousandths, 1).
    let range: ClosedRange<Int64>
    public let help: String

    init(_ name: String, _ kind: Kind, _ defaultText: String, _ range: ClosedRange<Int64>, _ help: String) {
        self.name = name
        self.kind = kind
        self.defaultText = defaultText
        self.range = range
        self.help = help
    }

    /// Reads a value as an integer in the kind's own unit.
    func parse(_ text: String) throws(LawError) -> Int64 {
        let value = try number(text)
        guard range.contains(value) else {
            throw LawError(.outOfRange, name, "is \(text)", hint: "use \(render(range.lowerBound)) to \(render(range.upperBound))")
        }
        return value
    }

    private func number(_ text: String) throws(LawError) -> Int64 {
        switch kind {
        case .rate:
            do { return try BitRate(parsing: text).bitsPerSecond } catch { throw unreadable(text, hint: error.hint) }
        case .time:
            let span: Nanoseconds
            do { span = try Nanoseconds(parsing: text) } catch { throw unreadable(text, hint: error.hint) }
            guard span.count % 1_000_000 == 0 else { throw unreadable(text, hint: "use whole milliseconds") }
            return span.milliseconds
        case .factor:
            guard let value = LawParameter.thousandths(text) else { throw unreadable(text, hint: "write a factor such as 0.95") }
            return value
        case .count:
            guard let value = Int64(text), value >= 0, text.first != "+" else {
                throw unreadable(text, hint: "write a whole number without unit")
            }
            return value
        case .word(let words):
            guard let place = words.firstIndex(of: text) else { throw unreadable(text, hint: "use \(words.joined(separator: ", "))") }
            return Int64(place)
        }
    }

    private func unreadable(_ text: String, hint: String) -> LawError {
        LawError(.badValue, name, "cannot be '\(text)'", hint: hint)
    }

    /// The canonical spelling.
    func render(_ value: Int64) -> String {
        switch kind {
        case .rate: return BitRate(bitsPerSecond: value).description
        case .time: return value == 0 ? "0s" : Nanoseconds.milliseconds(value).description
        case .count: return String(value)
        case .word(let words): return words[Int(value)]
        case .factor:
            var fraction = String(value % 1000 + 1000).dropFirst()
            while fraction.last == "0" { fraction.removeLast() }
            return fraction.isEmpty ? "\(value / 1000)" : "\(value / 1000).\(fraction)"
        }
    }

    private static func thousandths(_ text: String) -> Int64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first, !whole.isEmpty, whole.count <= 6,
            parts.joined().allSatisfy({ $0.isASCII && $0.isNumber }), let units = Int64(whole)
        else { return nil }
        let fraction = parts.count == 2 ? parts[1] : ""
        guard fraction.count <= 3, parts.count == 1 || !fraction.isEmpty else { return nil }
        let padded = fraction + String(repeating: "0", count: 3 - fraction.count)
        return Int64(padded).map { units * 1000 + $0 }
    }
}

/// The values of a law's parameters, each in its own unit. Every name of the table is there.
struct LawParameters: Sendable {
    let table: [LawParameter]
    private let values: [String: Int64]

    init(_ table: [LawParameter], given: [String: String]) throws(LawError) {
        self.table = table
        for name in given.keys.sorted() where !table.contains(where: { $0.name == name }) {
            throw LawError(.unknownParameter, name, "is no parameter of this law", hint: "it has \(table.map(\.name).joined(separator: ", "))")
        }
        var values: [String: Int64] = [:]
        for parameter in table { values[parameter.name] = try parameter.parse(given[parameter.name] ?? parameter.defaultText) }
        self.values = values
    }

    /// Traps on a name that the table does not hold: our own mistake.
    subscript(_ name: String) -> Int64 {
        guard let value = values[name] else { preconditionFailure("no parameter \(name)") }
        return value
    }

    /// Sorted `key=value` joined by `;`, defaults included: equal laws, equal text.
    var canonical: String {
        table.sorted { $0.name < $1.name }.map { "\($0.name)=\($0.render(self[$0.name]))" }.joined(separator: ";")
    }

    static func split(canonical: String) throws(LawError) -> [String: String] {
        var given: [String: String] = [:]
        for pair in canonical.split(separator: ";") {
            guard let equals = pair.firstIndex(of: "=") else {
                throw LawError(.malformed, String(pair), "is no key=value", hint: "write key=value;key=value")
            }
            let name = String(pair[..<equals])
            guard given.updateValue(String(pair[pair.index(after: equals)...]), forKey: name) == nil else {
                throw LawError(.malformed, name, "stands there twice", hint: "leave one of them")
            }
        }
        return given
    }
}
