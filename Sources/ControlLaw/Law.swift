public import Events
import Quantities

/// A control law by name and version, with its parameters: `step(state, input) = (state, outcome)` and nothing else. No clock,
/// no random number, no floating point: equal input, equal bytes, on any machine.
///
/// `fixed-step@1` is the rule of the single-cluster ancestor. `hardened@1` puts smoothing, deadband, cooldown and a flap budget
/// around it. `plateau@1`, the default, steers by fresh evidence and remembers at which used rate the flow suffered.
/// `proportional@1` steps in proportion to the error. `predictive@1` is `plateau@1` with a forecast.
public struct Law: Sendable {
    private enum Rule: Sendable {
        case fixedStep(FixedStepRule)
        case hardened(HardenedRule)
        case plateau(PlateauRule)
        case proportional(ProportionalRule)
        case predictive(PredictiveRule)
    }
    /// `plateau@1`.
    public let name: String
    /// All parameters, canonical: sorted `key=value` joined by `;`, defaults included.
    public let parameters: String
    private let rule: Rule

    public static let defaultName = "plateau@1"
    /// Every law that can be named.
    public static let names = ["fixed-step@1", "hardened@1", "plateau@1", "proportional@1", "predictive@1"]

    /// With the parameters that a person wrote; those left out have their defaults.
    public init(name: String, parameters given: [String: String] = [:]) throws(LawError) {
        let values = try LawParameters(Law.parameterHelp(name), given: given)
        self.name = name
        self.parameters = values.canonical
        self.rule =
            switch name {
            case "fixed-step@1": .fixedStep(FixedStepRule(values))
            case "hardened@1": .hardened(HardenedRule(values))
            case "proportional@1": .proportional(ProportionalRule(values))
            case "predictive@1": .predictive(PredictiveRule(values))
            default: .plateau(PlateauRule(values))
            }
    }

    /// As a roster names it, so that a decision's row can be run again.
    public init(name: String, canonicalParameters: String) throws(LawError) {
        try self.init(name: name, parameters: try LawParameters.split(canonical: canonicalParameters))
    }

    /// The parameters of a law, with unit, default and meaning.
    public static func parameterHelp(_ name: String) throws(LawError) -> [LawParameter] {
        switch name {
        case "fixed-step@1": FixedStepRule.table
        case "hardened@1": HardenedRule.table
        case "plateau@1": PlateauRule.table
        case "proportional@1": ProportionalRule.table
        case "predictive@1": PredictiveRule.table
        default:
            throw LawError(.unknownLaw, name, "is no law", hint: "use \(names.joined(separator: ", "))")
        }
    }

    /// The state before the first step.
    public var initialState: [UInt8] {
        switch rule {
        case .fixedStep: FixedStepRule.Memory().bytes
        case .hardened: HardenedRule.Memory().bytes
        case .plateau: PlateauRule.Memory().bytes
        case .proportional: ProportionalRule.Memory().bytes
        case .predictive: PredictiveRule.Memory().bytes
        }
    }

    /// One decision. A state that cannot be read (another version, torn, empty) counts as the initial one: the loop then holds
    /// what is applied and learns its ceilings anew, which is safe, and never traps. The state has at most 256 bytes.
    ///
    /// A rate above `BitRate.maximum` counts as that: a stored row may hold any, whoever wrote it.
    public func step(state: [UInt8], input: LoopInput) -> (state: [UInt8], outcome: LoopOutcome) {
        let input = input.bounded
        return switch rule {
        case .fixedStep(let rule): rule.step(state, input)
        case .hardened(let rule): rule.step(state, input)
        case .plateau(let rule): rule.step(state, input)
        case .proportional(let rule): rule.step(state, input)
        case .predictive(let rule): rule.step(state, input)
        }
    }

    /// The settings of the law's ceiling memory, so that a link's effective capacity keeps the same ones; nil for a law without.
    public var ceilingSettings: CeilingSettings? {
        switch rule {
        case .plateau(let rule): rule.settings
        case .predictive(let rule): rule.plateau.settings
        case .fixedStep, .hardened, .proportional: nil
        }
    }

    /// The state after a changed route: what was remembered of the link's ceilings no longer holds. Unchanged for a law that
    /// remembers none.
    public func forgettingCeilings(state: [UInt8]) -> [UInt8] {
        switch rule {
        case .plateau:
            guard var memory = PlateauRule.Memory(bytes: state) else { return state }
            memory.ceilings = CeilingMemory()
            return memory.bytes
        case .predictive:
            guard var memory = PredictiveRule.Memory(bytes: state) else { return state }
            memory.plateau.ceilings = CeilingMemory()
            return memory.bytes
        case .fixedStep, .hardened, .proportional: return state
        }
    }
}

extension LoopInput {
    fileprivate var bounded: LoopInput {
        func bounded(_ rate: BitRate) -> BitRate { min(rate, .maximum) }
        var copy = self
        (copy.used, copy.applied, copy.grant) = (used.map(bounded), applied.map(bounded), grant.map(bounded))
        (copy.floor, copy.ceiling) = (bounded(floor), bounded(ceiling))
        return copy
    }
}
