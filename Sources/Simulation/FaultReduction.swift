public import ControlLaw
public import Quantities

/// Cuts a failing run down to few faults that still break the same invariant (delta debugging; A. Zeller and R. Hildebrandt,
/// "Simplifying and isolating failure-inducing input", 2002).
public struct FaultReduction: Sendable {
    /// So many runs are tried at the most, and none is begun after so many steps in all of them: a batch that fails ends all the same,
    /// however long its runs are. The steps are those of some twenty whole runs of 10 clusters over 2 h.
    public static let maximumRuns = 60
    public static let maximumSteps: Int64 = 3_000_000
    /// A run with fewer faults ends so long after the moment at which the whole one broke: what breaks later is not looked for.
    public static let patience = Nanoseconds.seconds(60)

    public private(set) var run: SimulationRun
    public private(set) var breach: Breach
    /// What the clusters that the breach names wrote last in the smallest run; empty where no smaller one broke it.
    public private(set) var trail: [String] = []
    public private(set) var runsTried = 0
    private var stepsTried: Int64 = 0
    /// Whether the runs were used up before nothing more could be left out: fewer faults may do.
    public private(set) var isCutShort = false
    /// Where runs end; nil for those that only break at the end.
    private let end: Nanoseconds?

    /// - Parameter breach: what the whole run broke.
    public init(_ run: SimulationRun, breach: Breach) {
        self.run = run
        self.breach = breach
        end = breach.at < run.length ? breach.at + FaultReduction.patience : nil
    }

    public mutating func reduce() throws(LawError) {
        // What strikes after the breach had no part in it.
        if breach.invariant != .heals {
            let before = run.faults.filter { $0.begins <= breach.at }
            _ = try stillBreaks(before)
        }
        var parts = 2
        while run.faults.count > 1 {
            let size = (run.faults.count + parts - 1) / parts
            var isReduced = false
            for start in stride(from: 0, to: run.faults.count, by: size) {
                guard runsTried < FaultReduction.maximumRuns, stepsTried < FaultReduction.maximumSteps else {
                    isCutShort = true
                    return
                }
                var fewer = run.faults
                fewer.removeSubrange(start..<min(start + size, fewer.count))
                if try stillBreaks(fewer) {
                    isReduced = true
                    break
                }
            }
            if isReduced {
                parts = max(2, parts - 1)
            } else if size == 1 {
                return
            } else {
                parts = min(run.faults.count, parts * 2)
            }
        }
    }

    private mutating func stillBreaks(_ faults: [Fault]) throws(LawError) -> Bool {
        var smaller = run
        smaller.faults = faults
        runsTried += 1
        let outcome = try smaller.outcome(endingAfter: end)
        stepsTried += outcome.steps
        guard let found = outcome.breach, found.invariant == breach.invariant else { return false }
        run = smaller
        breach = found
        trail = outcome.trail
        return true
    }
}
