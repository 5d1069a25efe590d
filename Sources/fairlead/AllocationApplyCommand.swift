import Adapters
import ArgumentParser
import Clocks
import Coordination
import EventStore
import Events
import PostgreSQL
import Quantities

/// `fairlead allocation apply`: puts a person's word on links onto the log, where the coordinator finds it.
struct AllocationApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Say what links carry, as a plan showed it: the coordinator takes it from the log within a second.",
        discussion: """
            Makes the plan again and refuses where its hash is another: what it rested on
            has moved since. What is said holds until it is ended (--end), said anew, or
            has lasted --for so long by the log's clock. It never counts for more than the
            configured capacity, brakes go on, and suffering lowers a link below it all
            the same. It stands on the log with who said it, and why.

            The login role must be enrolled for the stream 'operator', by the function
            fairlead.enroll: README, "Before you change a link".

            Examples:
              fairlead allocation apply --config clusters/ --plan 5c1f… --set link.wan=400M --actor anna --reason 'fibre works' --for 2h
              fairlead allocation apply --config clusters/ --plan 90aa… --end wan --actor anna --reason 'fibre works are over'

            Exit codes: 0 said, 2 the plan is stale, or it could not be said, 1 the files
            are wrong, 64 wrong usage.
            """)

    @OptionGroup var plan: PlanOptions

    @Option(name: .customLong("plan"), help: ArgumentHelp("The plan that you looked at: 64 hexadecimal digits.", valueName: "hash"))
    var hash: String

    @Option(help: "Who says so.")
    var actor: String

    @Option(help: "Why.")
    var reason: String

    @Option(name: .customLong("for"), help: ArgumentHelp("How long it holds, such as 2h. Default: until it is ended.", valueName: "time"))
    var lasts: String?

    func validate() throws {
        if plan.changes.isEmpty { throw ValidationError("nothing is changed; repeat the plan's --set, --cut or --end") }
        for (name, text, most) in [("--actor", actor, CapacityOverride.maximumActorBytes), ("--reason", reason, CapacityOverride.maximumReasonBytes)] {
            if text.allSatisfy(\.isWhitespace) { throw ValidationError("\(name) is empty; whoever reads the log wants to know") }
            if text.utf8.count > most { throw ValidationError("\(name) is longer than \(most) bytes") }
        }
        if lasts != nil { _ = try span() }
    }

    private func span() throws -> Nanoseconds? {
        guard let lasts else { return nil }
        do {
            let span = try Nanoseconds(parsing: lasts)
            guard span >= .seconds(1) else { throw ValidationError("--for \(lasts): at least 1s") }
            return span
        } catch let problem as QuantityError { throw ValidationError("--for: \(problem)") }
    }

    func run() async throws {
        try await reportingFailures {
            let connection = PostgresConnection(.fairlead(plan.database))
            let made = try await FleetPlan.make(plan, connection)
            guard made.hash == hash else {
                say("the plan \(hash.prefix(12))… is stale: what it rested on has moved, or the changes are others; plan again and look")
                throw FairleadExit.unavailable
            }
            let lasts = try span()
            let facts = plan.changes.map { change in
                Fact.capacityOverridden(
                    CapacityOverride(
                        link: change.link, capacity: change.capacity, lasts: change.capacity == nil ? nil : lasts, actor: actor, reason: reason, plan: made.hash))
            }
            let first = try await OperatorLog(connection).append(facts, at: SystemClocks.wall())
            print("said at \(LogPosition(stream: .operator, sequence: first)); the coordinator takes it from there")
        }
    }
}

/// The operator's stream: opened for one word, and left.
struct OperatorLog {
    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    private let log: PostgresLog
    init(_ connection: PostgresConnection) { log = PostgresLog(connection) }

    /// Returns the sequence number of the first. Throws a sentence where they do not stand there; then none does.
    func append(_ facts: [Fact], at time: WallTime) async throws -> Int64 {
        let opened = try await log.answer(.open(OpenRequest(stream: .operator, highestEpochSeen: 0)))
        guard case .opened(let claim, _, _) = opened else { throw refusal(opened) }
        let first = claim.head.sequence + 1
        let answer = try await log.answer(
            .append(
                AppendRequest(
                    stream: .operator, epoch: claim.epoch, nonce: claim.nonce, firstSequence: first, previousDigest: claim.head.digest,
                    entries: facts.map { LogEntry(EventEnvelope($0, at: time)) })))
        guard case .stored = answer else { throw refusal(answer) }
        return first
    }

    private func refusal(_ answer: LogAnswer) -> Refused {
        switch answer {
        case .refused(.notYourStream):
            Refused(description: "this login role may not write the stream 'operator'; an administrator enrolls it with fairlead.enroll (README, \"Before you change a link\")")
        case .refused(let refusal): Refused(description: "the log did not take it: \(refusal.sentence)")
        default: Refused(description: "somebody else wrote to the stream 'operator' at this moment; plan again and look")
        }
    }
}
