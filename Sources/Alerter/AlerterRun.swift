import Alerting
import Events
public import Quantities

/// Runs the alerter: moves inputs into `AlerterProcess.step` and its effects out, and decides nothing itself.
public struct AlerterRun<ClockType: Clock>: Sendable where ClockType.Duration == Duration {
    private let ports: AlerterPorts
    private let clock: ClockType
    private let tickEvery: Nanoseconds

    /// - Parameter tickEvery: how often the log is read and the rules are looked at; a second unless the fleet's ticks are shorter.
    public init(ports: AlerterPorts, clock: ClockType, tickEvery: Nanoseconds) {
        self.ports = ports
        self.clock = clock
        self.tickEvery = tickEvery
    }

    /// Lasts until the task is cancelled; then resigns the lease. What was being sent is sent again, by its id, by whoever leads next.
    public func run(_ start: AlerterProcess) async {
        let (inputs, mailbox) = AsyncStream.makeStream(of: AlerterInput.self)
        var process = start
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keepTicking(mailbox) }
            for await input in inputs {
                for effect in process.step(input, ports.now()) { carryOut(effect, of: process, &group, mailbox) }
                ports.show(process)
            }
        }
        if let term = process.actingTerm(at: ports.now().monotonic) { await ports.lease.resign(term: term) }
    }

    private func carryOut(
        _ effect: AlerterEffect, of process: AlerterProcess, _ group: inout DiscardingTaskGroup,
        _ mailbox: AsyncStream<AlerterInput>.Continuation
    ) {
        let ports = ports
        switch effect {
        case .note(let message, let facts): ports.tell(message, facts)
        case .store: ports.reach(.beforeStore)
        case .deliver(let delivery):
            ports.reach(.beforeDelivery)
            // A process that was stopped between deciding and sending finds its trust ended: a successor may have sent it.
            guard process.actingTerm(at: ports.now().monotonic) != nil else {
                mailbox.yield(.attempted(id: delivery.notification.id, .failed(retryAfter: nil, reason: "the lease ended before it was sent")))
                return
            }
        case .settle: ports.reach(.beforeSettlement)
        default: break
        }
        group.addTask { if let input = await self.answer(to: effect) { mailbox.yield(input) } }
    }

    /// What the outside says to an effect; nil where nothing is to be said.
    private func answer(to effect: AlerterEffect) async -> AlerterInput? {
        switch effect {
        case .askLease:
            do { return .leaseAnswered(try await ports.lease.ask()) } catch { return told(.leaseUnanswered, error) }
        case .findPlace:
            do { return .placed(try await ports.feed.place()) } catch { return told(.placeUnknown, error) }
        case .readLog(let cursors):
            do { return .read(try await ports.feed.reading(after: cursors)) } catch { return told(.readFailed, error) }
        case .send(let request):
            do { return .logAnswered(try await ports.log.answer(request)) } catch { return told(.logUnreachable, error) }
        case .recall(let term):
            do { return .recalled(try await ports.outbox.recall(), term: term) } catch { return told(.recallFailed(term: term), error) }
        case .store(let entry):
            do { return .stored(try await ports.outbox.store(entry), term: entry.term) } catch {
                return told(.storeFailed(term: entry.term), error)
            }
        case .loadDue(let perReceiver, let except):
            do { return .due(try await ports.outbox.due(perReceiver: perReceiver, except: except)) } catch { return told(.dueUnknown, error) }
        case .deliver(let delivery): return .attempted(id: delivery.notification.id, await ports.carrier.deliver(delivery))
        case .settle(let attempt):
            do {
                try await ports.outbox.settle(attempt)
                return .settled(id: attempt.id)
            } catch { return told(.settleFailed(id: attempt.id), error) }
        case .wake(let at):
            // Cancellation ends the wait early; the input is then read by nobody.
            try? await clock.sleep(for: .nanoseconds(max(0, (at - ports.now().monotonic).count)))
            return .woke
        case .note: return nil
        }
    }

    private func told(_ input: AlerterInput, _ error: any Error) -> AlerterInput {
        ports.tell("the database did not answer the alerter", ["error": "\(error)"])
        return input
    }

    private func keepTicking(_ mailbox: AsyncStream<AlerterInput>.Continuation) async {
        let interval = Duration.nanoseconds(tickEvery.count)
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
