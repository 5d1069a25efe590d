public import ControlLaw
import Quantities

/// Cuts a failing run down to few faults that still break the same invariant (delta debugging; A. Zeller and R. Hildebrandt,
/// "Simplifying and isolating failure-inducing input", 2002).
public struct FaultReduction: Sendable {
    /// So many runs are tried at the most.
    public static let maximumRuns = 150
    public private(set) var run: SimulationRun
    public private(set) var breach: Breach
    public private(set) var runsTried = 0

    /// - Parameter breach: what the whole run broke.
    public init(_ run: SimulationRun, breach: Breach) {
        self.run = run
        self.breach = breach
    }

    public mutating func reduce() throws(LawError) {
        // What strikes after the breach had no part in it.
        if breach.invariant != .heals {
            let before = run.faults.filter { $0.begins <= breach.at }
            _ = try stillBreaks(before)
        }
        var parts = 2
        while run.faults.count > 1, runsTried < FaultReduction.maximumRuns {
            let size = (run.faults.count + parts - 1) / parts
            var isReduced = false
            for start in stride(from: 0, to: run.faults.count, by: size) where runsTried < FaultReduction.maximumRuns {
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
        guard let found = try smaller.outcome().breach, found.invariant == breach.invariant else { return false }
        run = smaller
        breach = found
        return true
    }
}
