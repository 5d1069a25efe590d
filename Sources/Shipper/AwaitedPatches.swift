import Quantities

/// The patches of the newest tick, until the spool has that tick: a decision is on disk before it is carried out.
///
/// A raise waits for as long as it takes, and gives way to the next tick's. A brake waits `overdueAt` at the longest: then it leaves
/// all the same, marked as standing nowhere on the log, whether the spool takes nothing or only does not answer.
struct AwaitedPatches: Sendable {
    /// The part of a tick for which a brake waits for the spool: a quarter. A healthy disk takes some milliseconds.
    static let patienceThousandths: Int64 = 250

    var patches: [WorkloadPatch]
    /// The last sequence number of the tick that decided them.
    let through: Int64
    let overdueAt: MonotonicTime

    static func patience(tick: Nanoseconds) -> Nanoseconds { Nanoseconds(tick.count / 1000 * patienceThousandths) }
}
