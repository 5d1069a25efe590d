public import Quantities

/// An allocation that follows its input: after a change only what the change can reach is shared again, and every rate is the one
/// that sharing all of it again would give, to the last byte of the certificate.
///
/// Each resource has a level in each tier, and a level is right when it is the one at which its members use up its room, given the
/// levels of the other resources. There is only one set of levels that are all right (the lowest of them is the lowest of a full
/// filling, and so on by induction). So it is enough to correct levels, lowest first, until none is wrong: a change makes a few of
/// them wrong, and each corrected level those that rest on it. Where that takes too long, and where minimums do not fit, all of it
/// is shared again.
public struct IncrementalAllocation: Sendable {
    /// What one change cost.
    public struct Effort: Hashable, Sendable {
        /// Demands whose rate was looked at again, and those among them whose rate moved.
        public var touched = 0
        public var moved = 0
        /// Levels that were found again.
        public var levels = 0
        /// All of it was shared again.
        public var isFull = false
    }

    var state: IncrementalState
    private var solver = AllocationSolver()

    public init(_ instance: AllocationInstance) {
        state = IncrementalState(instance)
        fill()
    }

    public var demandCount: Int { state.indices.count }
    /// Whether every minimum is met.
    public var isFeasible: Bool { state.overfull == 0 }

    public func rate(of demand: String) -> BitRate? {
        state.indices[demand].map { BitRate(bitsPerSecond: Int64(Rounding.wholeBits(state.slots[$0].rate))) }
    }

    /// What keeps a demand from a higher rate: nil for its own maximum.
    public func limit(of demand: String) -> AllocationResource? {
        guard let slot = state.indices[demand], state.slots[slot].limit >= 0 else { return nil }
        return state.resources[Int(state.slots[slot].limit)]
    }

    /// Makes a change and shares again what it reaches. Throws where the change is not possible; then nothing was changed.
    @discardableResult
    public mutating func apply(_ change: AllocationChange) throws(AllocationChangeError) -> Effort {
        let wasFeasible = isFeasible
        try state.check(change)
        state.make(change)
        guard wasFeasible, isFeasible, let effort = state.correct() else {
            fill()
            return Effort(touched: demandCount, moved: demandCount, levels: 0, isFull: true)
        }
        return effort
    }

    /// The instance as it stands now.
    public func instance() -> AllocationInstance {
        let demands = state.indices.values.sorted().map { state.demand($0) }
        guard let instance = try? AllocationInstance(resources: state.resources, demands: demands) else {
            preconditionFailure("each change was checked before it was made")
        }
        return instance
    }

    private mutating func fill() {
        let instance = instance()
        state.adopt(solver.solve(instance), of: instance)
    }

    /// The answer to `instance`, which must be `self.instance()`: to compare it with a full one, or to check its certificate.
    public func result(for instance: AllocationInstance) -> AllocationResult { state.result(for: instance) }
}
