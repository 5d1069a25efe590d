/// One thing that is wrong in a configuration file, where it stands, and the nearest right thing.
public struct ConfigurationProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file's name as it was handed in.
    public var file: String
    /// Both from 1; the column counts Unicode scalars, as editors do.
    public var line: Int
    public var column: Int
    /// Where in the document: `spec.flows[1].port`. Empty for the document as a whole.
    public var path: String
    /// What is wrong, and what to write instead.
    public var message: String

    public init(file: String, line: Int, column: Int, path: String, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.path = path
        self.message = message
    }

    /// `plant-a.yaml:12:7: spec.flows[1].port: 70000 is not in 1…65535`
    public var description: String {
        "\(file):\(line):\(column): \(path.isEmpty ? "" : "\(path): ")\(message)"
    }
}

/// Where a value stands in a file; both from 1.
struct SourcePlace: Hashable {
    var file: String
    var line: Int
    var column: Int

    var description: String { "\(file):\(line):\(column)" }
}

/// What was found wrong so far. The readers share one and go on after each find, so that a person sees all errors at once.
final class ProblemCollector {
    private(set) var problems: [ConfigurationProblem] = []

    func report(_ message: String, at place: SourcePlace, path: String) {
        problems.append(
            ConfigurationProblem(file: place.file, line: place.line, column: place.column, path: path, message: message))
    }

    /// In the order of the files as handed in, then by line and column.
    func sorted(byFiles names: [String]) -> [ConfigurationProblem] {
        var rank: [String: Int] = [:]
        for (index, name) in names.enumerated() where rank[name] == nil { rank[name] = index }
        return problems.enumerated().sorted { left, right in
            let leftKey = (rank[left.element.file] ?? 0, left.element.line, left.element.column, left.offset)
            let rightKey = (rank[right.element.file] ?? 0, right.element.line, right.element.column, right.offset)
            return leftKey < rightKey
        }.map(\.element)
    }
}
