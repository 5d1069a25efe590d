/// One step of "follow one jitter sample": a file, and the symbol that it hands on to the next.
///
///     12. [Sources/A/B.swift](Sources/A/B.swift) says what happens there. → `Symbol`
///
/// The last step of a trace hands nothing on. A number 1 begins another trace.
struct TraceStep: Equatable {
    let number: Int
    let name: String
    let path: String
    let symbol: String?

    /// The steps of a section. A step goes on in the lines that are indented below it.
    static func steps(in lines: [String]) -> [TraceStep] {
        var items: [String] = []
        var isOpen = false
        for line in lines {
            if line.firstMatch(of: /^\d+\.\s/) != nil {
                items.append(line)
                isOpen = true
            } else if isOpen, line.hasPrefix("   "), !line.trimmed.isEmpty {
                items[items.count - 1] += " " + line.trimmed
            } else {
                isOpen = false
            }
        }
        return items.compactMap { item in
            guard let match = item.firstMatch(of: /^(\d+)\. \[([^\]]+)\]\(([^)]+)\)/), let number = Int(match.1) else { return nil }
            let symbol = item.firstMatch(of: /→ `([^`]+)`$/).map { String($0.1) }
            return TraceStep(number: number, name: String(match.2), path: String(match.3), symbol: symbol)
        }
    }
}

/// What is wrong with a trace: a step whose file is not there, or that does not lead to the next.
struct TraceCheck {
    /// The project's texts by path.
    let texts: [String: String]
    let declarations: Declarations

    init(texts: [String: String]) {
        self.texts = texts
        declarations = Declarations(texts)
    }

    func findings(_ steps: [TraceStep]) -> [String] {
        steps.indices.flatMap { index in
            let step = steps[index]
            let next = index + 1 < steps.count && steps[index + 1].number != 1 ? steps[index + 1] : nil
            return flaws(of: step, before: next).map { "step \(step.number), \(step.path): \($0)" }
        }
    }

    private func flaws(of step: TraceStep, before next: TraceStep?) -> [String] {
        var flaws: [String] = []
        if step.name != step.path { flaws.append("is called \(step.name)") }
        guard let text = texts[step.path] else { return flaws + ["is not there"] }
        guard let next else { return flaws + (step.symbol == nil ? [] : ["hands something on to nobody"]) }
        if next.number != step.number + 1 { flaws.append("is followed by step \(next.number)") }
        guard let symbol = step.symbol else { return flaws + ["does not name what leads to \(next.path)"] }
        if !declarations.names.contains(symbol) { flaws.append("\(symbol) is declared nowhere") }
        if !TraceCheck.occurs(symbol, in: text, of: step.path) { flaws.append("\(symbol) does not occur in it") }
        // Where the next file is missing, its own step says so.
        if let following = texts[next.path], !TraceCheck.occurs(symbol, in: following, of: next.path) {
            flaws.append("\(symbol) does not occur in \(next.path)")
        }
        return flaws
    }

    /// Whether a symbol stands in a text as a whole word, or is the name under which the binaries know the file: `logAppend` is
    /// `log_append.sql`.
    static func occurs(_ symbol: String, in text: String, of path: String) -> Bool {
        if path.hasSuffix(".sql"), statementName(of: path) == symbol { return true }
        let bytes = Array(text.utf8), wanted = Array(symbol.utf8)
        guard let first = wanted.first, bytes.count >= wanted.count else { return false }
        for start in 0...(bytes.count - wanted.count) where bytes[start] == first {
            guard bytes[start..<(start + wanted.count)].elementsEqual(wanted) else { continue }
            let before = start > 0 ? bytes[start - 1] : 0, end = start + wanted.count
            if !isWord(before), end == bytes.count || !isWord(bytes[end]) { return true }
        }
        return false
    }

    static func statementName(of path: String) -> String {
        let stem = path.split(separator: "/").last?.split(separator: ".").first ?? ""
        let words = stem.split(separator: "_")
        return words.dropFirst().reduce(String(words.first ?? "")) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }
}

/// Every name that the sources declare: types, functions, cases and values of Swift; functions, tables and columns of SQL.
struct Declarations {
    private(set) var names: Set<String> = []

    private static let keywords: Set<String> = [
        "struct", "class", "actor", "enum", "protocol", "typealias", "func", "case", "let", "var", "FUNCTION", "TABLE", "VIEW", "TYPE",
    ]
    private static let columnTypes: Set<String> = ["int2", "int4", "int8", "text", "bytea", "boolean", "jsonb", "date", "timestamptz"]

    init(_ texts: [String: String]) {
        for (path, text) in texts {
            let isSQL = path.hasSuffix(".sql")
            var before = ""
            for word in text.utf8.split(whereSeparator: { !isWord($0) && $0 != UInt8(ascii: ".") }) {
                let word = String(Substring(word))
                if Declarations.keywords.contains(before) {
                    names.insert(word)
                    // In SQL both `fairlead.append` and `append` name it.
                    if isSQL, let last = word.split(separator: ".").last { names.insert(String(last)) }
                }
                if isSQL, Declarations.columnTypes.contains(word) { names.insert(before) }
                before = word
            }
        }
    }
}

func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "_"), 0x80...:
        true
    default: false
    }
}
