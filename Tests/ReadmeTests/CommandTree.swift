/// The subcommands and options of one binary, read from its sources.
struct CommandTree {
    struct Command {
        var name: String
        var subcommands: [Command]
    }
    let root: Command
    /// The long names of all options and flags of all its commands: `for`, `key-file`.
    let options: Set<String>

    /// - Parameter sources: the texts of the binary's files by path; one of them has the type marked `@main`.
    init?(sources: [String: String]) {
        let declarations = sources.sorted { $0.key < $1.key }.flatMap { CommandTree.declarations(in: $0.value, file: $0.key) }
        guard let root = declarations.first(where: \.isMain) else { return nil }
        self.root = CommandTree.command(root, among: declarations)
        options = sources.values.reduce(into: ["help", "version"]) { $0.formUnion(CommandTree.options(in: $1)) }
    }

    /// What is wrong with a command line, its words after the binary's name.
    func findings(_ words: [String]) -> [String] {
        var findings: [String] = []
        var command = root
        for word in words {
            if word.hasPrefix("--") {
                let name = String(word.dropFirst(2).prefix { $0 != "=" })
                if !options.contains(name) { findings.append("\(root.name) has no option --\(name)") }
            } else if !command.subcommands.isEmpty {
                guard let next = command.subcommands.first(where: { $0.name == word }) else {
                    return findings + ["\(command.name) has no subcommand \(word)"]
                }
                command = next
            }
        }
        return findings
    }

    private struct Declaration {
        let type: String
        let file: String
        let name: String
        let subcommands: [String]
        let isMain: Bool
    }

    private static func declarations(in text: String, file: String) -> [Declaration] {
        let heads = text.matches(of: /(@main\s+)?struct (\w+): (?:Async)?ParsableCommand/)
        return heads.enumerated().map { index, head in
            let end = index + 1 < heads.count ? heads[index + 1].range.lowerBound : text.endIndex
            let body = text[head.range.upperBound..<end]
            let list = body.firstMatch(of: /subcommands: \[([^\]]*)\]/)?.1 ?? ""
            return Declaration(
                type: String(head.2), file: file, name: body.firstMatch(of: /commandName: "([^"]+)"/).map { String($0.1) } ?? kebab(head.2),
                subcommands: list.matches(of: /(\w+)\.self/).map { String($0.1) }, isMain: head.1 != nil)
        }
    }

    /// A nested type is looked for in its own file first: two commands may each have a `Verify`.
    private static func command(_ declaration: Declaration, among all: [Declaration]) -> Command {
        let children = declaration.subcommands.compactMap { type in
            all.first { $0.type == type && $0.file == declaration.file } ?? all.first { $0.type == type }
        }
        return Command(name: declaration.name, subcommands: children.map { command($0, among: all) })
    }

    private static func options(in text: String) -> [String] {
        text.matches(of: /@(?:Option|Flag)\b([^@]*?)\bvar (\w+)/).map { match in
            match.1.firstMatch(of: /\.customLong\("([^"]+)"\)/).map { String($0.1) } ?? kebab(match.2)
        }
    }

    /// `probeNamespace` is `probe-namespace`.
    static func kebab(_ name: some StringProtocol) -> String {
        name.reduce(into: "") { text, character in
            if character.isUppercase, !text.isEmpty { text += "-" }
            text += character.lowercased()
        }
    }
}
