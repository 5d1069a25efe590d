/// A law that cannot be made from what was written: what is wrong, and the nearest right thing.
public struct LawError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        case unknownLaw, unknownParameter, badValue, outOfRange, malformed
    }
    public let code: Code
    /// The law's or the parameter's name, as written.
    public let subject: String
    public let problem: String
    public let hint: String

    public init(_ code: Code, _ subject: String, _ problem: String, hint: String) {
        self.code = code
        self.subject = subject
        self.problem = problem
        self.hint = hint
    }

    /// Never: the same text fails the same way.
    public var isRetriable: Bool { false }
    public var description: String { "'\(subject)' \(problem); \(hint)" }
}
