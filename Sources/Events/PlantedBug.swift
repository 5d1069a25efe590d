#if DEBUG
/// A mistake that a debug build makes on purpose, so that a test can show that the simulator's checkers find it. An optimized program has
/// none of them. Each stands at one place of the production code, under this name.
public enum PlantedBug: String, CaseIterable, Sendable {
    /// A batch that the disk did not take counts as durable.
    case acknowledgeBeforeSync
    /// A shipper takes an older grant in the place of a newer one.
    case ignoreEpoch
    /// Every window counts as measured after the last change had settled.
    case raiseOnStaleSample
    /// A brake ends with the next grant, whatever that has folded.
    case raiseOverUnfoldedBrake
    /// Room is granted before those who leave it have reported that they went lower.
    case increaseBeforeDecrease
    /// A grant lives for ever.
    case expiredGrantRaises
    /// A decision is carried out before it is on the disk.
    case patchBeforeSpool
    /// A raise is thought of wherever the delay stands below the bound.
    case skipDeadband
    /// After a crash the last sequence number is given again.
    case sequenceReused
    /// A leader trusts itself until somebody says otherwise.
    case actsAfterTrust

    /// What a cluster that is not heard may still use is given to others.
    case givesAwayUnheard
    /// A cluster is granted rates though nothing was heard of it for long.
    case grantsUnheard
    /// A cluster whose ticks have stopped counts as calm.
    case silenceUntold
    /// An alerter that takes over knows nothing of what was told.
    case successorForgets

    /// The one in force on this task; nil for none.
    @TaskLocal public static var active: PlantedBug?
    public var isPlanted: Bool { PlantedBug.active == self }
}
#endif
