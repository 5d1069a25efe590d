public import Quantities

/// What holds at every step of every run, whatever goes wrong (DESIGN §14), and which checker holds it.
///
/// | invariant | checker | sees |
/// |---|---|---|
/// | I1 acknowledged is durable | `LogInvariants` | what disks synced, what the log stored and acknowledged |
/// | I2 exactly once | `LogInvariants` | each sequence number's digest, on the disk and on the log |
/// | I3 contiguous or declared lost | `LogInvariants` | the log's heads and closed ranges |
/// | I4 an older epoch or term writes nothing | `LogInvariants`, `TrustInvariants` | claims handed out; leases answered and deeds done; versions acted under |
/// | I5 readers ordered, unique, complete | `LogInvariants` | what coordinators were given to read |
/// | I6 the chain verifies | `LogInvariants` | each entry's digest, computed again |
/// | I8 no silent loss | `LogInvariants` | each closed range and its mention in the chain; at the end, disks against the log |
/// | I9 convergence after healing | `FleetSimulation.unhealed` | lag, limits wanted and standing, the lease |
/// | I12 rates within guardrails, never 0 | `RateInvariants` | each patch that a process makes |
/// | I13 a raise has its reasons | `RateInvariants` | what sources and log gave the process before it raised; brakes and what was folded |
/// | I14 no link is overbooked | `ShareInvariants` | all that stands on Pods when one of them rises, every allocation decided, and what a coordinator was told of whom it grants |
/// | I15 a brake within one tick | `RateInvariants` | what sources gave, and the patches that followed |
/// | I16 equal input, equal bytes | `SimulationBatch` | two runs of one seed |
/// | I17 alerts | `AlertInvariants`, `FleetSimulation.unhealed` | ticks that the log stored, changes of alerts on it, the outbox, and what the receiver heard |
///
/// I7 (roll-ups), I10 (roles) and I11 (client clocks order nothing) have tests of their own against a real database; here wall clocks jump
/// and drift, and all the others hold all the same.
public enum Invariant: String, Sendable, CaseIterable {
    case durable = "I1"
    case once = "I2"
    case contiguous = "I3"
    case fenced = "I4"
    case readable = "I5"
    case chained = "I6"
    case told = "I8"
    case heals = "I9"
    case bounded = "I12"
    case founded = "I13"
    case shared = "I14"
    case braked = "I15"
    case repeatable = "I16"
    case alerted = "I17"

    public var sentence: String {
        switch self {
        case .durable: "what is acknowledged, sent or carried out was durable before"
        case .once: "each sequence number means one entry, exactly once"
        case .contiguous: "every number up to the head is present or declared lost"
        case .fenced: "an older epoch, term or version writes nothing, and nobody acts after his trust ended"
        case .readable: "a reader sees each stream ordered, unique and complete"
        case .chained: "the chain verifies"
        case .told: "no loss is silent"
        case .heals: "after the faults the fleet comes to rest in bounded time"
        case .bounded: "no rate outside the guardrails, and never 0"
        case .founded: "no raise without fresh measured evidence and a living grant, nor over a brake that was not folded"
        case .shared: "what stands on all Pods of a link is never more than what was granted of it, also in transit"
        case .braked: "a raw sample above the bound is braked within one tick"
        case .repeatable: "equal seeds and faults give equal bytes"
        case .alerted: "a cluster that falls silent is told of, and nobody is told what is not kept, or twice"
        }
    }
}

/// The first thing that went wrong in a run.
public struct Breach: Equatable, Sendable, CustomStringConvertible {
    public var invariant: Invariant
    /// Who, what, how much.
    public var detail: String
    public var step: Int64
    /// Since the run began.
    public var at: Nanoseconds

    public init(invariant: Invariant, detail: String, step: Int64, at: Nanoseconds) {
        self.invariant = invariant
        self.detail = detail
        self.step = step
        self.at = at
    }

    public var description: String {
        "\(invariant.rawValue) \(invariant.sentence): \(detail) (step \(step), at \(Nanoseconds.milliseconds(at.milliseconds)))"
    }
}
