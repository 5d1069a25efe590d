import ControlLaw

/// Which control law acts, and which ones only watch.
public struct LawSpecification: Hashable, Sendable {
    /// Name and version, such as `plateau@1`.
    public var name: String
    /// Each parameter as the file wrote it; the law reads them with its own units and refuses what it does not know.
    public var parameters: [String: String]
    /// Laws that decide on the same samples without acting.
    public var shadows: [ShadowLawSpecification]

    public init(name: String = LawSpecification.defaultName, parameters: [String: String] = [:], shadows: [ShadowLawSpecification] = []) {
        self.name = name
        self.parameters = parameters
        self.shadows = shadows
    }

    public static var defaultName: String { Law.defaultName }
    /// The laws that a file may name.
    public static var knownNames: [String] { Law.names }
}

/// A law that watches.
public struct ShadowLawSpecification: Hashable, Sendable {
    public var name: String
    public var parameters: [String: String]

    public init(name: String, parameters: [String: String] = [:]) {
        self.name = name
        self.parameters = parameters
    }
}
