/// One breach of the house's rules, as `file:line: what`.
struct Finding: Equatable, CustomStringConvertible {
    let file: String
    let line: Int
    let problem: String
    var description: String { "\(file):\(line): \(problem)" }
}

/// The rules, each from a source to its findings. They read text only; the tests that hold the tree against them bring it.
enum TidyRules {
    /// A file longer than this has two thoughts.
    static let lineBound = 500

    /// The standard library and what it brings along by itself: never worth a row.
    private static let everywhere: Set<String> = ["Swift", "_Concurrency", "_StringProcessing"]

    static func imports(_ source: SwiftSource, file: String, row: ImportRow) -> [Finding] {
        source.imports.compactMap { found in
            let allowed = row.allowed.union(row.room.platform).union(everywhere)
            guard found.module != row.target, !allowed.contains(found.module) else { return nil }
            return Finding(file: file, line: found.line, problem: "\(row.target) (\(row.room)) may not import \(found.module)")
        }
    }

    /// SQL lives in `schema/`. Keywords are upper case there, so a sentence for people is not mistaken for a statement.
    static func sql(_ source: SwiftSource, file: String) -> [Finding] {
        source.literals.compactMap { literal in
            let words = literal.text.utf8.split { !SwiftSource.isWord($0) }.map { String(decoding: $0, as: UTF8.self) }
            guard let verb = words.indices.first(where: { beginsStatement(words[$0...]) }) else { return nil }
            return Finding(file: file, line: literal.line, problem: "SQL text (\(words[verb...].prefix(3).joined(separator: " ")) …) belongs in schema/")
        }
    }

    private static func beginsStatement(_ words: ArraySlice<String>) -> Bool {
        let next = Array(words.dropFirst().prefix(5))
        return switch words.first {
        case "SELECT": !next.isEmpty
        case "INSERT": next.first == "INTO" || next.first == "OR" && next.dropFirst(2).first == "INTO"
        case "DELETE": next.first == "FROM"
        // UPDATE table SET, UPDATE schema.table SET, and either with AS alias.
        case "UPDATE": next.firstIndex(of: "SET").map { $0 >= 1 && ($0 <= 2 || next[..<$0].contains("AS")) } ?? false
        case "PRAGMA": !next.isEmpty
        case "CREATE", "ALTER", "DROP", "TRUNCATE", "GRANT", "REVOKE": next.first.map(isObjectWord) ?? false
        // WITH name AS, WITH RECURSIVE name AS, and with a list of columns between.
        case "WITH": next.contains("AS")
        default: false
        }
    }
    private static func isObjectWord(_ word: String) -> Bool {
        [
            "TABLE", "TEMP", "TEMPORARY", "UNLOGGED", "INDEX", "UNIQUE", "VIEW", "ROLE", "USER", "DATABASE", "SCHEMA", "FUNCTION", "OR", "TYPE",
            "SEQUENCE", "EXTENSION", "TRIGGER", "SELECT", "INSERT", "UPDATE", "DELETE", "EXECUTE", "USAGE", "ALL", "CONNECT", "SYSTEM",
        ].contains(word)
    }

    private static let clocks: Set<String> = ["ContinuousClock", "SuspendingClock", "UTCClock"]
    private static let machine: Set<String> = ["ProcessInfo", "FileManager", "FileHandle"]
    private static let threads: Set<String> = [
        "Thread", "DispatchQueue", "DispatchGroup", "DispatchSemaphore", "DispatchSource", "DispatchWorkItem",
    ]
    private static let calls: [String: String] = [
        "Date": "reads the wall clock", "clock_gettime": "reads a clock", "gettimeofday": "reads a clock", "UUID": draws,
        "sleep": "sleeps", "usleep": "sleeps", "nanosleep": "sleeps", "getenv": "reads the machine", "print": "prints",
    ]
    private static let draws = "draws a random number of its own"

    /// Core and processes decide; they read no clock, draw no number, start no task, and say nothing to the world.
    static func effects(_ source: SwiftSource, file: String) -> [Finding] {
        let tokens = source.tokens
        return tokens.indices.compactMap { place in
            effect(of: tokens[place].text, before: place == 0 ? "" : tokens[place - 1].text, after: tokens[(place + 1)...])
                .map { Finding(file: file, line: tokens[place].line, problem: $0) }
        }
    }

    private static func effect(of word: String, before: String, after: ArraySlice<SwiftSource.Token>) -> String? {
        let next = Array(after.prefix(2).map(\.text)) + ["", ""]
        if clocks.contains(word) { return "reads a clock" }
        if machine.contains(word) { return "reads the machine" }
        if threads.contains(word) || word.hasPrefix("pthread_") { return "uses a thread" }
        if word == "SystemRandomNumberGenerator" || word.hasPrefix("arc4random") { return draws }
        if let problem = calls[word], next[0] == "(", before != ".", before != "func" { return problem }
        switch word {
        case "Date" where next[0] == "." && next[1] == "now": return "reads the wall clock"
        case "time" where next[0] == "(" && ["nil", "&"].contains(next[1]): return "reads the wall clock"
        case "Task" where ["{", "(", "<"].contains(next[0]): return "starts an unstructured task"
        case "Task" where next[0] == ".":
            return switch next[1] {
            case "detached", "immediate", "immediateDetached": "starts an unstructured task"
            case "sleep": "sleeps"
            default: nil
            }
        case "shuffled", "shuffle", "randomElement", "random":
            guard before == ".", next[0] == "(" else { return nil }
            return arguments(after).contains("using") ? nil : draws
        default: return nil
        }
    }

    /// The words between a parenthesis and the one that closes it.
    private static func arguments(_ tokens: ArraySlice<SwiftSource.Token>) -> Set<String> {
        var depth = 0
        var words: Set<String> = []
        for token in tokens {
            if token.text == "(" { depth += 1 }
            if token.text == ")" { depth -= 1 }
            if depth == 0 { break }
            words.insert(token.text)
        }
        return words
    }

    /// A type that is named like a module breaks every qualified name of that module.
    static func typeNames(_ source: SwiftSource, file: String, modules: Set<String>) -> [Finding] {
        let keywords: Set<String> = ["struct", "class", "enum", "actor", "protocol", "typealias"]
        return zip(source.tokens, source.tokens.dropFirst()).compactMap { keyword, name in
            guard keywords.contains(keyword.text), modules.contains(name.text) else { return nil }
            return Finding(file: file, line: name.line, problem: "the type \(name.text) is named like a module")
        }
    }

    static func length(_ source: SwiftSource, file: String) -> [Finding] {
        source.lineCount < lineBound ? [] : [Finding(file: file, line: lineBound, problem: "the file has \(source.lineCount) lines")]
    }

    /// A row must itself keep the wall: the table is only as good as its rows.
    static func wall(_ rows: [ImportRow]) -> [Finding] {
        let rooms = Dictionary(rows.map { ($0.target, $0.room) }) { first, _ in first }
        return rows.flatMap { row in
            row.allowed.sorted().compactMap { module -> Finding? in
                let room = rooms[module]
                let isFine: Bool =
                    switch row.room {
                    case .cLibrary: false
                    case .core, .process: room == .core || ImportTable.purePackages.contains(module)
                    case .rim: room == .rim || room == .cLibrary || room == nil || ImportTable.coreForRim.contains(module)
                    case .top, .executable: room != .executable
                    }
                return isFine ? nil : Finding(file: row.target, line: 0, problem: "a \(row.room) target may not be allowed \(module)")
            }
        }
    }
}
