import Quantities

/// Computes the one answer to an instance, exactly, and checks its certificate before it hands it out.
///
/// First the minimums, tier by tier; where they do not fit, each tier's minimums are filled in proportion and the answer says so.
/// Then, tier by tier, what is left: rate ÷ weight is lexicographically max-min between minimum and maximum, while the minimums of
/// later tiers stay reserved. A solver keeps its buffers: use one again for the next instance.
public struct AllocationSolver: Sendable {
    private var filling = Filling()
    private var check = CertificateCheck()

    public init() {}

    public mutating func solve(_ instance: AllocationInstance) -> AllocationResult {
        var result = AllocationResult()
        solve(instance, into: &result)
        return result
    }

    /// As `solve(_:)`, into a result whose buffers are used again: a feasible instance of the same size allocates nothing.
    public mutating func solve(_ instance: AllocationInstance, into result: inout AllocationResult) {
        fill(instance, into: &result)
        do throws(CertificateViolation) {
            try verify(instance, result)
        } catch {
            preconditionFailure("an allocation did not pass its own certificate: \(error)")
        }
    }

    /// The answer without the check: for measuring the two apart.
    package mutating func fill(_ instance: AllocationInstance, into result: inout AllocationResult) {
        filling.run(instance, &result)
    }

    /// The check alone, with the solver's buffers.
    package mutating func verify(_ instance: AllocationInstance, _ result: AllocationResult) throws(CertificateViolation) {
        try check.run(instance, result)
    }
}
