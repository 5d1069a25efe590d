/// A Swift source taken apart as far as tidiness needs: code without comments and string contents, the string literals, and the
/// imports. Not a parser; regular-expression literals with a quote inside would mislead it, and there are none.
struct SwiftSource {
    struct Literal: Equatable {
        let line: Int
        let text: String
    }
    struct Import: Equatable {
        let line: Int
        let module: String
    }

    let lineCount: Int
    /// The source with every comment and the contents of every string blanked; the lines stay where they are. Code inside
    /// string interpolations stays.
    let code: String
    let literals: [Literal]

    init(_ text: String) {
        var scanner = Scanner(bytes: Array(text.utf8))
        scanner.scanCode(closing: nil)
        code = String(decoding: scanner.code, as: UTF8.self)
        literals = scanner.literals
        tokens = SwiftSource.tokens(of: scanner.code)
        lineCount = text.utf8.count { $0 == UInt8(ascii: "\n") } + (text.utf8.last == UInt8(ascii: "\n") || text.isEmpty ? 0 : 1)
    }

    var codeLines: [Substring] { code.split(separator: "\n", omittingEmptySubsequences: false) }

    struct Token: Equatable {
        let line: Int
        let text: String
    }
    /// Words and single signs of the code, in order.
    let tokens: [Token]

    private static func tokens(of code: [UInt8]) -> [Token] {
        var tokens: [Token] = []
        var line = 1
        var word: [UInt8] = []
        for byte in code + [UInt8(ascii: "\n")] {
            if isWord(byte) {
                word.append(byte)
                continue
            }
            if !word.isEmpty { tokens.append(Token(line: line, text: String(decoding: word, as: UTF8.self))) }
            word.removeAll(keepingCapacity: true)
            if byte == UInt8(ascii: "\n") { line += 1 }
            if byte > UInt8(ascii: " ") { tokens.append(Token(line: line, text: String(UnicodeScalar(byte)))) }
        }
        return tokens
    }
    static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }

    var imports: [Import] {
        let access: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        return codeLines.enumerated().compactMap { index, line in
            var words = line.split(whereSeparator: \.isWhitespace)[...]
            while let word = words.first, word.hasPrefix("@") || access.contains(word) { words = words.dropFirst() }
            guard words.first == "import" else { return nil }
            words = words.dropFirst()
            if let kind = words.first, kinds.contains(kind) { words = words.dropFirst() }
            guard let module = words.first?.split(separator: ".").first else { return nil }
            return Import(line: index + 1, module: String(module))
        }
    }
}

private struct Scanner {
    let bytes: [UInt8]
    var position = 0
    var line = 1
    var code: [UInt8] = []
    var literals: [SwiftSource.Literal] = []

    init(bytes: [UInt8]) { self.bytes = bytes }

    private func peek(_ offset: Int = 0) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }
    private func starts(with first: UInt8, _ second: UInt8) -> Bool { peek() == first && peek(1) == second }
    private var startsLongQuote: Bool { starts(with: quote, quote) && peek(2) == quote }
    private let quote = UInt8(ascii: "\""), slash = UInt8(ascii: "/"), star = UInt8(ascii: "*")
    private mutating func keep() {
        let byte = bytes[position]
        code.append(byte)
        if byte == UInt8(ascii: "\n") { line += 1 }
        position += 1
    }
    private mutating func blank(_ count: Int = 1) {
        for _ in 0..<count where position < bytes.count {
            let isNewLine = bytes[position] == UInt8(ascii: "\n")
            code.append(isNewLine ? UInt8(ascii: "\n") : UInt8(ascii: " "))
            if isNewLine { line += 1 }
            position += 1
        }
    }

    /// Scans code up to the end, or up to the parenthesis that closes an interpolation.
    mutating func scanCode(closing: UInt8?) {
        var depth = 0
        while let byte = peek() {
            if starts(with: slash, slash) {
                while let next = peek(), next != UInt8(ascii: "\n") { blank() }
            } else if starts(with: slash, star) {
                scanBlockComment()
            } else if byte == quote || byte == UInt8(ascii: "#") && startsRawString() {
                scanString()
            } else {
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") {
                    if closing != nil && depth == 0 { return }
                    depth -= 1
                }
                keep()
            }
        }
    }

    private mutating func scanBlockComment() {
        var depth = 0
        repeat {
            if starts(with: slash, star) {
                depth += 1
                blank(2)
            } else if starts(with: star, slash) {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && position < bytes.count
    }

    private func startsRawString() -> Bool {
        var offset = 0
        while peek(offset) == UInt8(ascii: "#") { offset += 1 }
        return offset > 0 && peek(offset) == UInt8(ascii: "\"")
    }

    private mutating func scanString() {
        let start = line
        var pounds = 0
        while peek() == UInt8(ascii: "#") {
            pounds += 1
            keep()
        }
        let isMultiline = startsLongQuote
        for _ in 0..<(isMultiline ? 3 : 1) { keep() }
        var content: [UInt8] = []
        while let byte = peek() {
            if byte == UInt8(ascii: "\\") && hasPounds(pounds, at: 1) {
                if peek(1 + pounds) == UInt8(ascii: "(") {
                    blank(2 + pounds)
                    content.append(UInt8(ascii: " "))
                    scanCode(closing: UInt8(ascii: ")"))
                    blank()
                } else {
                    content.append(UInt8(ascii: " "))
                    blank(2 + pounds)
                }
            } else if byte == UInt8(ascii: "\"") && (!isMultiline || startsLongQuote) && hasPounds(pounds, at: isMultiline ? 3 : 1) {
                for _ in 0..<((isMultiline ? 3 : 1) + pounds) { keep() }
                break
            } else if byte == UInt8(ascii: "\n") && !isMultiline {
                break
            } else {
                content.append(byte)
                blank()
            }
        }
        literals.append(SwiftSource.Literal(line: start, text: String(decoding: content, as: UTF8.self)))
    }

    private func hasPounds(_ count: Int, at offset: Int) -> Bool {
        (0..<count).allSatisfy { peek(offset + $0) == UInt8(ascii: "#") }
    }
}
