import Yams

/// The YAML documents of one file, each a tree of nodes with their places.
struct YAMLFile {
    let name: String
    let documents: [Node]
    /// False where the text broke off; the documents before that are there all the same.
    let isWhole: Bool

    /// So many doubled keys are told of one file; then it is taken as broken.
    private static let maximumDoubledKeys = 20

    init(name: String, text: String, problems: ProblemCollector) {
        self.name = name
        guard text.utf8.count <= FleetDocument.maximumFileBytes else {
            problems.report("the file is larger than 4 MiB", at: SourcePlace(file: name, line: 1, column: 1), path: "")
            (documents, isWhole) = ([], false)
            return
        }
        // The parser stops at a mapping that has one key twice. So the earlier of the two is disguised and the text read again,
        // until all are told; the reader below never sees a disguised key.
        var disguises = DisguisedKeys(text: text)
        while true {
            do {
                let documents = try YAMLFile.parse(disguises.text)
                self.documents = documents.map { disguises.removing(from: $0, file: name, problems: problems) }
                isWhole = true
                return
            } catch YamlError.duplicatedKeysInMapping(_, let context)
                where disguises.count < YAMLFile.maximumDoubledKeys && disguises.disguise(at: context.mark) {
                continue
            } catch YamlError.duplicatedKeysInMapping {
                // Too many to go on, or a key that has no letter to change: tell the ones that were found.
                disguises.report(file: name, problems: problems)
                problems.report("too many keys stand twice", at: SourcePlace(file: name, line: 1, column: 1), path: "")
                (documents, isWhole) = ([], false)
                return
            } catch {
                YAMLFile.report(error, file: name, text: text, problems: problems)
                let leading = YAMLFile.leadingDocuments(of: disguises.text)
                documents = leading.map { disguises.removing(from: $0, file: name, problems: problems) }
                isWhole = false
                return
            }
        }
    }

    /// Scalars stay text: what `yes`, `1_000` or `~` mean is decided where they are read, not by YAML's own rules.
    private static func parser(_ text: String) throws -> Parser {
        try Parser(yaml: text, resolver: .basic, constructor: .default, encoding: .utf8)
    }

    private static func parse(_ text: String) throws -> [Node] {
        let parser = try parser(text)
        var documents: [Node] = []
        while let document = try parser.nextRoot() { documents.append(document) }
        return documents
    }

    /// The documents before the place where the text breaks.
    private static func leadingDocuments(of text: String) -> [Node] {
        var documents: [Node] = []
        do {
            let parser = try parser(text)
            while let document = try parser.nextRoot() { documents.append(document) }
        } catch {
            // Reported already, with its place.
        }
        return documents
    }

    private static func report(_ error: any Error, file: String, text: String, problems: ProblemCollector) {
        let (message, line, column): (String, Int, Int) =
            switch error {
            case YamlError.scanner(let context, let problem, let mark, _), YamlError.parser(let context, let problem, let mark, _),
                YamlError.composer(let context, let problem, let mark, _):
                (sentence(context: context?.text, problem), mark.line, mark.column)
            case YamlError.reader(let problem, _, _, _): ("is not text: \(problem)", 1, 1)
            default: ("is not YAML", 1, 1)
            }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let hasTab = line <= lines.count && lines[line - 1].prefix { $0 == " " || $0 == "\t" }.contains("\t")
        let hint = hasTab ? "; the line begins with a tab, and YAML indents with spaces" : ""
        problems.report("is not YAML: \(message)\(hint)", at: SourcePlace(file: file, line: line, column: column), path: "")
    }

    private static func sentence(context: String?, _ problem: String) -> String {
        guard let context, !context.isEmpty else { return problem }
        return "\(context), \(problem)"
    }
}

/// The text with each earlier one of two equal keys made unequal by a private character in the place of its first letter.
private struct DisguisedKeys {
    private(set) var text: String
    private var originals: [Unicode.Scalar: Unicode.Scalar] = [:]
    private var marks: [Mark] = []
    var count: Int { originals.count }

    init(text: String) { self.text = text }

    /// Disguises the key at `mark`; false where there is no letter to change.
    mutating func disguise(at mark: Mark) -> Bool {
        var scalars = Array(text.unicodeScalars)
        guard var position = DisguisedKeys.offset(of: mark, in: scalars) else { return false }
        if scalars[position] == "\"" || scalars[position] == "'" { position += 1 }
        guard position < scalars.count, scalars[position].properties.isAlphabetic || scalars[position].properties.numericType != nil,
            let disguise = Unicode.Scalar(UInt32(0xE000 + originals.count)), originals[disguise] == nil
        else { return false }
        originals[disguise] = scalars[position]
        marks.append(mark)
        scalars[position] = disguise
        text = String(String.UnicodeScalarView(scalars))
        return true
    }

    func report(file: String, problems: ProblemCollector) {
        for mark in marks {
            problems.report("this key stands twice; keep one", at: SourcePlace(file: file, line: mark.line, column: mark.column), path: "")
        }
    }

    /// The node without its disguised keys; each is reported at the key that stays, the last one.
    func removing(from node: Node, file: String, problems: ProblemCollector) -> Node {
        guard !originals.isEmpty else { return node }
        switch node {
        case .mapping(let mapping):
            var kept: [(Node, Node)] = []
            var earlier: [String: Mark] = [:]
            for (key, value) in mapping {
                if let name = key.scalar.flatMap({ original(of: $0.string) }) {
                    if earlier[name] == nil { earlier[name] = key.mark }
                } else {
                    kept.append((key, removing(from: value, file: file, problems: problems)))
                }
            }
            for (key, _) in kept {
                guard let name = key.scalar?.string, let first = earlier[name], let mark = key.mark else { continue }
                problems.report(
                    "the key '\(name)' stands twice, first in line \(first.line); keep one",
                    at: SourcePlace(file: file, line: mark.line, column: mark.column), path: "")
            }
            return .mapping(Node.Mapping(kept, mapping.tag, mapping.style, mapping.mark))
        case .sequence(let sequence):
            let kept = sequence.map { removing(from: $0, file: file, problems: problems) }
            return .sequence(Node.Sequence(kept, sequence.tag, sequence.style, sequence.mark))
        default:
            return node
        }
    }

    private func original(of key: String) -> String? {
        guard let first = key.unicodeScalars.first, let letter = originals[first] else { return nil }
        return String(Character(letter)) + String(key.unicodeScalars.dropFirst())
    }

    private static func offset(of mark: Mark, in scalars: [Unicode.Scalar]) -> Int? {
        var line = 1, column = 1
        for (offset, scalar) in scalars.enumerated() {
            if line == mark.line && column == mark.column { return offset }
            if scalar == "\n" { (line, column) = (line + 1, 1) } else { column += 1 }
        }
        return nil
    }
}
