import Alerting
import Coordination
import Events
public import Quantities

/// Runs the alerter: moves inputs into `AlerterProcess.step` and its effects out, and decides nothing itself.
public struct AlerterRun<ClockType: Clock>: Sendable where ClockType.Duration == Duration {
    private let ports: AlerterPorts
    private let clock: ClockType
    private let tickEvery: Nanoseconds
    private enum Port: String { case lease, feed, log, outbox }
    /// An input, and what became of the port that was asked for it.
    private struct Letter: Sendable {
        var input: AlerterInput
        var port: Port?
        var failure: String?
    }

    /// - Parameter tickEvery: how often the log is read and the rules are looked at; a second unless the fleet's ticks are shorter.
    public init(ports: AlerterPorts, clock: ClockType, tickEvery: Nanoseconds) {
        self.ports = ports
        self.clock = clock
        self.tickEvery = tickEvery
    }

    /// Lasts until the task is cancelled; then resigns the lease. What was being sent is sent again, by its id, by whoever leads next.
    public func run(_ start: AlerterProcess) async {
        let (letters, mailbox) = AsyncStream.makeStream(of: Letter.self)
        var process = start
        var silent: Set<Port> = []
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keepTicking(mailbox) }
            for await letter in letters {
                tell(letter, &silent)
                for effect in process.step(letter.input, ports.now()) { carryOut(effect, of: process, &group, mailbox) }
                ports.show(process)
            }
        }
        if let term = process.actingTerm(at: ports.now().monotonic) { await ports.lease.resign(term: term) }
    }

    private func carryOut(
        _ effect: AlerterEffect, of process: AlerterProcess, _ group: inout DiscardingTaskGroup,
        _ mailbox: AsyncStream<Letter>.Continuation
    ) {
        let ports = ports
        switch effect {
        case .note(let message, let facts): ports.tell(message, facts)
        case .store: ports.reach(.beforeStore)
        case .deliver(let delivery):
            ports.reach(.beforeDelivery)
            // A process that was stopped between deciding and sending finds its trust ended: a successor may have sent it.
            guard process.actingTerm(at: ports.now().monotonic) != nil else {
                let outcome = DeliveryOutcome.failed(retryAfter: nil, reason: "the lease ended before it was sent")
                mailbox.yield(Letter(input: .attempted(id: delivery.notification.id, outcome)))
                return
            }
        case .settle: ports.reach(.beforeSettlement)
        default: break
        }
        group.addTask { if let letter = await self.answer(to: effect) { mailbox.yield(letter) } }
    }

    /// What the outside says to an effect; nil where nothing is to be said.
    private func answer(to effect: AlerterEffect) async -> Letter? {
        switch effect {
        case .askLease: await ask(.lease, or: .leaseUnanswered) { .leaseAnswered(try await ports.lease.ask(highestTermSeen: 0)) }
        case .findPlace: await ask(.feed, or: .placeUnknown) { .placed(try await ports.feed.place()) }
        case .readLog(let cursors): await ask(.feed, or: .readFailed) { .read(try await ports.feed.reading(after: cursors)) }
        case .send(let request): await ask(.log, or: .logUnreachable) { .logAnswered(try await ports.log.answer(request)) }
        case .recall(let term):
            await ask(.outbox, or: .recallFailed(term: term)) { .recalled(try await ports.outbox.recall(), term: term) }
        case .store(let entry):
            await ask(.outbox, or: .storeFailed(term: entry.term)) { .stored(try await ports.outbox.store(entry), term: entry.term) }
        case .loadDue(let perReceiver, let except):
            await ask(.outbox, or: .dueUnknown) { .due(try await ports.outbox.due(perReceiver: perReceiver, except: except)) }
        case .settle(let attempt):
            await ask(.outbox, or: .settleFailed(id: attempt.id)) {
                try await ports.outbox.settle(attempt)
                return .settled(id: attempt.id)
            }
        case .deliver(let delivery): Letter(input: .attempted(id: delivery.notification.id, await ports.carrier.deliver(delivery)))
        case .beat(let heartbeat): Letter(input: .beaten(failure: await ports.carrier.beat(heartbeat)))
        case .prune(let term, let keep):
            await ask(.outbox, or: .pruneFailed) { .pruned(try await ports.outbox.prune(term: term, keep: keep)) }
        case .wake(let at): await wake(at)
        case .note: nil
        }
    }

    private func ask(_ port: Port, or failed: AlerterInput, _ question: () async throws -> AlerterInput) async -> Letter {
        do { return Letter(input: try await question(), port: port) } catch { return Letter(input: failed, port: port, failure: "\(error)") }
    }

    private func wake(_ at: MonotonicTime) async -> Letter {
        // Cancellation ends the wait early; the input is then read by nobody.
        try? await clock.sleep(for: .nanoseconds(max(0, (at - ports.now().monotonic).count)))
        return Letter(input: .woke)
    }

    /// A port that does not answer is told of once, and once more when it answers again.
    private func tell(_ letter: Letter, _ silent: inout Set<Port>) {
        guard let port = letter.port else { return }
        if let failure = letter.failure {
            if silent.insert(port).inserted { ports.tell("the database does not answer the alerter", ["port": port.rawValue, "error": failure]) }
        } else if silent.remove(port) != nil {
            ports.tell("the database answers the alerter again", ["port": port.rawValue])
        }
    }

    private func keepTicking(_ mailbox: AsyncStream<Letter>.Continuation) async {
        let interval = Duration.nanoseconds(tickEvery.count)
        var due = clock.now
        while !Task.isCancelled {
            mailbox.yield(Letter(input: .tick))
            let now = clock.now
            repeat { due = due.advanced(by: interval) } while due < now
            do { try await clock.sleep(until: due, tolerance: .milliseconds(1)) } catch { break }
        }
        mailbox.finish()
    }
}

