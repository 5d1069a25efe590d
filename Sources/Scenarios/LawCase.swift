public import Quantities

/// One controller to try: a law with its parameters, how far back its measurements reach, or one of the two that are no laws.
public struct LawCase: Hashable, Sendable {
    public enum Controller: Hashable, Sendable {
        case law(name: String, parameters: [String: String])
        /// Knows at every instant what every link carries: what could be had.
        case clairvoyant
        /// Sets nothing.
        case unmanaged
    }
    /// As tables name it.
    public var label: String
    public var controller: Controller
    /// p95 of what was measured so far back, rather than since the last tick.
    public var window: Nanoseconds?

    public init(_ label: String, _ controller: Controller, window: Nanoseconds? = nil) {
        self.label = label
        self.controller = controller
        self.window = window
    }
    public static func law(_ name: String, _ parameters: [String: String] = [:]) -> LawCase {
        LawCase(name, .law(name: name, parameters: parameters))
    }

    public static let clairvoyant = LawCase("clairvoyant", .clairvoyant)
    /// The ancestor as it was: a p95 over 60 s, read every 5 s.
    public static let fixedStepOfAMinute = LawCase("fixed-step@1/60s", .law(name: "fixed-step@1", parameters: [:]), window: .seconds(60))
}
