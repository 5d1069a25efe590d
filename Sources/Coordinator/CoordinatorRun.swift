public import Coordination
public import Events
public import Quantities

/// The log, as a reader needs it.
public protocol LogSource: Sendable {
    /// What follows the cursors in every stream; bounded.
    func reading(after cursors: [StreamName: Int64]) async throws -> LogReading
    /// Where a reader that knows nothing yet begins.
    func place() async throws -> FleetPlace
}

/// What one reading of the log brought.
public struct LogReading: Sendable {
    /// In order per stream.
    public var records: [LogRecord]
    /// The places that hold what this version cannot read, or nothing any more: the reader goes past them.
    public var unreadable: [LogPosition]
    /// Nothing more stood behind these at that moment.
    public var isComplete: Bool
    /// Whether some stream ends before its cursor: the database was restored to an older state.
    public var hasMovedBack: Bool

    public init(records: [LogRecord], unreadable: [LogPosition], isComplete: Bool, hasMovedBack: Bool = false) {
        self.records = records
        self.unreadable = unreadable
        self.isComplete = isComplete
        self.hasMovedBack = hasMovedBack
    }
}

/// What carries the centre's decisions into clusters with `push` delivery.
public protocol PushEnforcer: Sendable {
    func apply(_ patch: PushPatch) async -> (result: PatchRecord.Result, objectCount: Int, detail: String?)
    /// True where every managed Pod of the cluster carries the term now.
    func claim(_ claim: PushClaim) async -> Bool
}

public struct CoordinatorPorts: Sendable {
    public var lease: any LeaseKeeper
    public var log: any EventLog
    public var source: any LogSource
    public var push: (any PushEnforcer)?
    public var now: @Sendable () -> Now
    public var tell: @Sendable (String, [String: String]) -> Void
    /// Called after every step.
    public var show: @Sendable (CoordinatorProcess) -> Void
    /// Called just before a request, a patch or a claim leaves, on the task that decided it: where process tests stop a leader
    /// between deciding and sending.
    public var beforeSending: @Sendable (CoordinatorEffect) -> Void

    public init(
        lease: any LeaseKeeper, log: any EventLog, source: any LogSource, push: (any PushEnforcer)?,
        now: @escaping @Sendable () -> Now, tell: @escaping @Sendable (String, [String: String]) -> Void = { _, _ in },
        show: @escaping @Sendable (CoordinatorProcess) -> Void = { _ in }, beforeSending: @escaping @Sendable (CoordinatorEffect) -> Void = { _ in }
    ) {
        self.lease = lease
        self.log = log
        self.source = source
        self.push = push
        self.now = now
        self.tell = tell
        self.show = show
        self.beforeSending = beforeSending
    }
}

/// Runs the coordinator: moves inputs into `CoordinatorProcess.step` and its effects out, and decides nothing itself.
public struct CoordinatorRun<ClockType: Clock>: Sendable where ClockType.Duration == Duration {
    private let ports: CoordinatorPorts
    private let clock: ClockType
    private let pollEvery: Nanoseconds

    /// - Parameter pollEvery: how often the log's heads are read; half a second unless ticks are shorter.
    public init(ports: CoordinatorPorts, clock: ClockType, pollEvery: Nanoseconds) {
        self.ports = ports
        self.clock = clock
        self.pollEvery = pollEvery
    }

    /// Lasts until the task is cancelled; then resigns the lease.
    public func run(_ start: CoordinatorProcess) async {
        let (inputs, mailbox) = AsyncStream.makeStream(of: CoordinatorInput.self)
        var process = start
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keepTicking(mailbox) }
            for await input in inputs {
                for effect in process.step(input, ports.now()) { carryOut(effect, &group, mailbox) }
                ports.show(process)
            }
        }
        if let term = process.actingTerm(at: ports.now().monotonic) { await ports.lease.resign(term: term) }
    }

    private func carryOut(
        _ effect: CoordinatorEffect, _ group: inout DiscardingTaskGroup, _ mailbox: AsyncStream<CoordinatorInput>.Continuation
    ) {
        let ports = ports
        switch effect {
        case .askLease(let highestTermSeen):
            group.addTask {
                do { mailbox.yield(.leaseAnswered(try await ports.lease.ask(highestTermSeen: highestTermSeen))) } catch { mailbox.yield(.leaseUnanswered) }
            }
        case .findPlace:
            group.addTask {
                do { mailbox.yield(.placed(try await ports.source.place())) } catch { mailbox.yield(.readFailed) }
            }
        case .readLog(let cursors):
            group.addTask {
                do {
                    let reading = try await ports.source.reading(after: cursors)
                    mailbox.yield(
                        reading.hasMovedBack
                            ? .logMovedBack : .records(reading.records, unreadable: reading.unreadable, isComplete: reading.isComplete))
                } catch { mailbox.yield(.readFailed) }
            }
        case .send(let request):
            ports.beforeSending(effect)
            group.addTask {
                do { mailbox.yield(.logAnswered(try await ports.log.answer(request))) } catch { mailbox.yield(.logUnreachable) }
            }
        case .patch(let patch):
            ports.beforeSending(effect)
            group.addTask {
                guard let push = ports.push else { return }
                let (result, count, detail) = await push.apply(patch)
                mailbox.yield(.patchSettled(patch, result: result, objectCount: count, detail: detail))
            }
        case .claim(let claim):
            ports.beforeSending(effect)
            group.addTask {
                let isClaimed = await ports.push?.claim(claim) ?? false
                mailbox.yield(.claimed(cluster: claim.cluster, term: isClaimed ? claim.term : nil))
            }
        case .wake(let at):
            let wait = Duration.nanoseconds(max(0, (at - ports.now().monotonic).count))
            group.addTask {
                // Cancellation ends the wait early; the input is then read by nobody.
                try? await self.clock.sleep(for: wait)
                mailbox.yield(.woke)
            }
        case .note(let message, let facts): ports.tell(message, facts)
        }
    }

    private func keepTicking(_ mailbox: AsyncStream<CoordinatorInput>.Continuation) async {
        let interval = Duration.nanoseconds(pollEvery.count)
        var due = clock.now
        while !Task.isCancelled {
            mailbox.yield(.tick)
            let now = clock.now
            repeat { due = due.advanced(by: interval) } while due < now
            do { try await clock.sleep(until: due, tolerance: .milliseconds(1)) } catch { break }
        }
        mailbox.finish()
    }
}
