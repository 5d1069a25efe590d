import Events

/// What a loop does while its flow is not measured: hold for some ticks, then hold, step down or go to the floor. Never a raise.
struct MissingPolicy: Sendable {
    private let action: Int64
    private let ticks: Int64

    static let words = ["hold", "stepDown", "floor"]
    static let table = [
        LawParameter("onMissing", .word(words), "stepDown", 0...2, "what to do after missingTicks ticks without a believable sample"),
        LawParameter("missingTicks", .count, "3", 0...10_000, "ticks: how long to hold first"),
    ]

    init(_ parameters: LawParameters) {
        action = parameters["onMissing"]
        ticks = parameters["missingTicks"]
    }

    /// `missing` counts the ticks without a sample, this one included; `stepped` is one step of the law below the standing rate.
    func proposal(missing: UInt16, current: Int64?, stepped: Int64, lowest: Int64) -> Proposal {
        guard Int64(missing) > ticks else { return Proposal(rate: current, reason: .measurementMissing) }
        switch action {
        case 1: return Proposal(rate: stepped, reason: .measurementMissingStepDown, isBrake: true)
        case 2: return Proposal(rate: lowest, reason: .measurementMissingFloor, isBrake: true)
        default: return Proposal(rate: current, reason: .measurementMissing)
        }
    }
}
