/// The numbers of a ceiling memory. Factors in thousandths, waits in ticks.
public struct CeilingSettings: Hashable, Sendable {
    /// First brake after calm, and the plateau: this much of the ceiling.
    public var brake: Int64 = 950
    /// Each further brake: this much of the limit.
    public var furtherBrake: Int64 = 700
    /// A further brake where the link itself was the limit: this much of the use, so that the queue empties.
    public var drain: Int64 = 900
    /// The most that one raise adds: a factor.
    public var climb: Int64 = 1_200
    /// The first step past a ceiling: a factor.
    public var probe: Int64 = 1_030
    /// How near the ceiling a long calm comes.
    public var approach: Int64 = 970
    public var approachTicks: Int64 = 6
    /// Wait before a probe past a ceiling that was marked roughly.
    public var roughProbeTicks: Int64 = 6
    /// Wait before a probe while a higher ceiling is known.
    public var probeTicks: Int64 = 8
    /// Wait before a probe past the highest ceiling known.
    public var topProbeTicks: Int64 = 60
    /// The longest wait over the first: each failed probe triples it up to here.
    public var probeBackoff: Int64 = 16

    public init() {}
}
