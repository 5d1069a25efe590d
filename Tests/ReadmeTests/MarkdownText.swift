/// A Markdown text as far as a README needs it: its sections, its fenced blocks, and what stands in its prose.
struct MarkdownText {
    struct Block: Equatable {
        let language: String
        let lines: [String]
    }

    let lines: [String]
    /// The lines outside fenced blocks.
    let prose: [String]
    let blocks: [Block]

    init(_ text: String) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var prose: [String] = []
        var blocks: [Block] = []
        var open: Block?
        for line in lines {
            if line.hasPrefix("```") {
                if let block = open { blocks.append(block) }
                open = open == nil ? Block(language: String(line.dropFirst(3)), lines: []) : nil
            } else if let block = open {
                open = Block(language: block.language, lines: block.lines + [line])
            } else {
                prose.append(line)
            }
        }
        self.prose = prose
        self.blocks = blocks
    }

    /// The prose below a heading of the second level, up to the next one; empty where there is no such heading.
    func section(_ heading: String) -> [String] {
        guard let start = prose.firstIndex(of: "## \(heading)") else { return [] }
        return Array(prose[(start + 1)...].prefix { !$0.hasPrefix("## ") })
    }

    /// What stands between single backticks in the prose.
    var spans: [String] {
        prose.flatMap { $0.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) } }
    }
    /// Where the prose's links lead.
    var linkTargets: [String] { prose.flatMap { $0.matches(of: /\]\(([^)\s]+)\)/).map { String($0.1) } } }

    /// Everything in it that names a file or folder of the project: spans, links, and words of shell blocks.
    var projectPaths: Set<String> {
        let words = blocks.filter { $0.language == "sh" }.flatMap(\.lines).flatMap { $0.split(separator: " ").map(String.init) }
        let candidates = (spans + linkTargets + words).map { $0.hasPrefix("./") ? String($0.dropFirst(2)) : $0 }
        return Set(candidates.filter { $0.wholeMatch(of: /(Sources|Tests|schema|clusters|deploy|\.ci)(\/[A-Za-z0-9_+.\/-]*)?/) != nil })
    }

    /// The first cells of a section's table rows, without the head and its rule.
    func firstCells(of section: String) -> [String] {
        self.section(section).filter { $0.hasPrefix("| ") }.compactMap { $0.split(separator: "|").first.map { $0.trimmed } }
    }
}

extension StringProtocol {
    var trimmed: String {
        var rest = self[...]
        while let first = rest.first, first.isWhitespace { rest = rest.dropFirst() }
        while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
        return String(rest)
    }
}
