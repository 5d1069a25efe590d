/// A document that cannot be read, with the place as a person finds it.
public struct AllocationDocumentError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Line and column in the text, both from 1; the column counts bytes.
    public let line: Int
    public let column: Int
    /// Where it stands in the document, such as `demands[3].min`; empty for the document itself.
    public let path: String
    public let problem: String

    public init(line: Int, column: Int, path: String, problem: String) {
        self.line = line
        self.column = column
        self.path = path
        self.problem = problem
    }

    /// `12:7: demands[3].min: what is wrong, and what to write instead`.
    public var description: String { "\(line):\(column): \(path.isEmpty ? "" : path + ": ")\(problem)" }
}
