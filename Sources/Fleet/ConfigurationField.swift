import Yams

/// One value of a document, with its place and its path. Each reading reports what is wrong and returns nil.
public struct ConfigurationField {
    let node: Node
    let path: String
    let place: SourcePlace
    let problems: ProblemCollector

    init(node: Node, path: String, file: String, enclosing: SourcePlace? = nil, problems: ProblemCollector) {
        self.node = node
        self.path = path
        self.place =
            node.mark.map { SourcePlace(file: file, line: $0.line, column: $0.column) } ?? enclosing
            ?? SourcePlace(file: file, line: 1, column: 1)
        self.problems = problems
    }

    public func report(_ message: String) { problems.report(message, at: place, path: path) }

    /// Nothing, or the word for it.
    public var isNull: Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain else { return false }
        return ["", "~", "null"].contains(scalar.string)
    }

    /// The word that stands here, if it is one; reports nothing.
    public var word: String? {
        guard case .scalar(let scalar) = node, !isNull else { return nil }
        return scalar.string
    }

    public func object() -> ConfigurationObject? {
        guard case .mapping(let mapping) = node else {
            report("\(kindOfValue) stands where keys and values belong")
            return nil
        }
        return ConfigurationObject(mapping, field: self)
    }

    /// The elements of a list.
    public func elements() -> [ConfigurationField]? {
        guard case .sequence(let sequence) = node else {
            report("\(kindOfValue) stands where a list belongs; begin each element with '- '")
            return nil
        }
        return sequence.enumerated().map { index, element in
            ConfigurationField(node: element, path: "\(path)[\(index)]", file: place.file, enclosing: place, problems: problems)
        }
    }

    /// Any word or number, as it was written.
    public func text() -> String? {
        guard case .scalar(let scalar) = node, !isNull else {
            report("\(kindOfValue) stands where one word belongs")
            return nil
        }
        return scalar.string
    }

    /// Any text but the empty one.
    public func nonEmptyText() -> String? {
        guard let text = text() else { return nil }
        guard !text.isEmpty else {
            report("is empty")
            return nil
        }
        return text
    }

    private var kindOfValue: String {
        switch node {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .scalar(let scalar): isNull ? "nothing" : "'\(scalar.string)'"
        case .alias: "an alias"
        }
    }
}
