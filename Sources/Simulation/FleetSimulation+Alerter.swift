import Alerter
import Alerting
import Coordination
import Events
import Fleet
import Quantities

/// The alerters: what they read, what the database answers them, and who is told.
extension FleetSimulation {
    /// Runs what is an alerter's with the alerters' own chances.
    mutating func asAlerter(_ body: (inout FleetSimulation) -> Void) {
        swap(&random, &alerterRandom)
        body(&self)
        swap(&random, &alerterRandom)
    }
    mutating func `as`(_ client: LogClient, _ body: (inout FleetSimulation) -> Void) {
        if case .alerter = client { asAlerter(body) } else { body(&self) }
    }

    mutating func happen(_ occasion: AlerterOccasion, to index: Int) {
        switch occasion {
        case .tick:
            schedule(.alerter(index, .tick), after: settings.fleet.tick)
            step(alerter: index, .tick)
            lookAtAlerts()
        case .input(let input, let life): if alerters[index].life == life { step(alerter: index, input) }
        case .asked(let effect, let life): if alerters[index].life == life { carryOut(effect, of: index) }
        case .released(let effects, let life): if alerters[index].life == life { release(effects, ofAlerter: index) }
        }
    }

    mutating func step(alerter index: Int, _ input: AlerterInput) {
        guard alerters[index].process != nil else { return }
        if let until = alerters[index].standsStillUntil {
            guard now.monotonic >= until else {
                if case .tick = input { return }
                return later(input, for: index, after: until - now.monotonic)
            }
            alerters[index].standsStillUntil = nil
        }
        let clock = alerters[index].clock.read(now)
        let effects = alerters[index].process?.step(input, clock) ?? []
        checker.alerter(index, took: input, answered: effects)
        if let until = alerters[index].pausesUntil, effects.contains(where: \.isDeed) {
            alerters[index].pausesUntil = nil
            alerters[index].standsStillUntil = until
            return schedule(.alerter(index, .released(effects, life: alerters[index].life)), after: until - now.monotonic)
        }
        release(effects, ofAlerter: index)
    }

    private mutating func release(_ effects: [AlerterEffect], ofAlerter index: Int) {
        let life = alerters[index].life
        for effect in effects {
            if let left = alerters[index].effectsToLive {
                guard left > 0 else { return crash(alerter: index) }
                alerters[index].effectsToLive = left - 1
            }
            switch effect {
            case .note: break
            case .wake(let at): later(.woke, for: index, after: at - now.monotonic)
            case .send(let request): send(request, from: .alerter(index, life: life))
            default: schedule(.alerter(index, .asked(effect, life: life)), after: latency(upTo: 5))
            }
        }
    }

    private mutating func later(_ input: AlerterInput, for index: Int, after span: Nanoseconds) {
        schedule(.alerter(index, .input(input, life: alerters[index].life)), after: span)
    }

    /// The database or the receiver does what it is asked, and its answer goes back, or is lost.
    private mutating func carryOut(_ effect: AlerterEffect, of index: Int) {
        let faults = alerters[index].faults
        let isLost = faults.contains(.loss) && random.below(3) == 0
        if case .deliver(let delivery) = effect { return deliver(delivery, of: index, isLost) }
        if case .beat = effect { return later(.beaten(failure: nil), for: index, after: latency(upTo: 20)) }
        guard let failure = effect.failure else { return }
        let isReached = !central.isDown && faults.isDisjoint(with: [.partition, .requestsLost])
        guard isReached, let answer = answer(to: effect, of: index) else { return later(failure, for: index, after: .milliseconds(50)) }
        if isLost || faults.contains(.answersLost) { return later(failure, for: index, after: FleetSimulation.patience) }
        let span = faults.contains(.delay) ? Nanoseconds.milliseconds(Int64(random.below(3_000))) : latency(upTo: 5)
        later(answer, for: index, after: span)
    }

    /// What the database says; nil for what is not asked of it.
    private mutating func answer(to effect: AlerterEffect, of index: Int) -> AlerterInput? {
        let holder = "\(index).\(alerters[index].life)"
        switch effect {
        case .askLease:
            return .leaseAnswered(
                central.leases.alerter.ask(by: holder, above: central.leases.alerterEpoch, at: now.monotonic, duration: settings.fleet.lease.duration))
        case .findPlace:
            return .placed(central.resumingPlace(in: log, settings.fleet))
        case .readLog(let cursors): return .read(reading(after: cursors))
        case .recall(let term): return .recalled(AlertMemory(changes: newestChanges(), notifications: central.outbox.rows.map(\.notification)), term: term)
        case .store(let entry):
            guard central.leases.alerter.isHeld(by: holder, under: entry.term) else { return .stored(.deposed, term: entry.term) }
            central.outbox.store(entry, at: now.monotonic)
            return .stored(.stored, term: entry.term)
        case .loadDue(_, let except): return .due(central.outbox.due(except: except, at: now.monotonic))
        case .settle(let attempt):
            central.outbox.settle(attempt, at: now.monotonic)
            return .settled(id: attempt.id)
        case .prune: return .pruned(0)
        case .send, .deliver, .beat, .wake, .note: return nil
        }
    }

    private func reading(after cursors: [StreamName: Int64]) -> FeedReading {
        let movedBack = central.movedBack(behind: cursors)
        guard movedBack.isEmpty else {
            return FeedReading(records: [], isComplete: false, logTime: central.clock.read(now).wall, movedBack: movedBack)
        }
        let (records, isComplete) = central.records(in: log, after: cursors, limit: FleetSimulation.entriesPerRead)
        return FeedReading(records: records, isComplete: isComplete, logTime: central.clock.read(now).wall)
    }

    /// The newest change of each alert on the log.
    private func newestChanges() -> [(change: AlertChange, at: WallTime)] {
        central.alertChanges.values.sorted { $0.change.fingerprint < $1.change.fingerprint }
    }

    /// The receiver hears what is sent. Where the way there loses something, it is the request or the answer.
    private mutating func deliver(_ delivery: AlertDelivery, of index: Int, _ isLost: Bool) {
        let id = delivery.notification.id
        // As the run does: whoever was stopped since it decided looks at its lease again.
        guard alerters[index].process?.actingTerm(at: now.monotonic) != nil else {
            return later(.attempted(id: id, .failed(retryAfter: nil, reason: "the lease ended before it was sent")), for: index, after: .zero)
        }
        let isHeard = !isLost || random.below(2) == 0
        if isHeard { checker.told(delivery, outbox: central.outbox) }
        let outcome: DeliveryOutcome = isLost ? .failed(retryAfter: nil, reason: "no answer") : .delivered
        later(.attempted(id: id, outcome), for: index, after: isLost ? FleetSimulation.patience : latency(upTo: 50))
    }

    /// At each of the alerters' ticks: whether a cluster that has been silent for long is told of.
    private mutating func lookAtAlerts() {
        let leads = alerters.contains { $0.process?.actingTerm(at: now.monotonic) != nil && $0.standsStillUntil == nil }
        let isTroubled = central.isDown || alerters.contains { !$0.faults.isEmpty }
        checker.look(isWatched: leads && !isTroubled)
    }

    // MARK: - Death and birth

    mutating func crash(alerter index: Int) {
        guard alerters[index].process != nil else { return }
        alerters[index].die()
        checker.died(alerter: index)
    }

    mutating func start(alerter index: Int) {
        guard alerters[index].process == nil else { return }
        alerters[index].process = AlerterProcess(fleet: settings.fleet, hash: settings.hash, seed: random.next())
    }
}

extension AlerterEffect {
    /// Whether it changes something outside.
    var isDeed: Bool {
        switch self {
        case .send, .store, .deliver, .settle, .prune: true
        case .askLease, .findPlace, .readLog, .recall, .loadDue, .beat, .wake, .note: false
        }
    }
    /// What the process is told where the database does not answer; nil for what is not asked of it.
    var failure: AlerterInput? {
        switch self {
        case .askLease: .leaseUnanswered
        case .findPlace: .placeUnknown
        case .readLog: .readFailed
        case .recall(let term): .recallFailed(term: term)
        case .store(let entry): .storeFailed(term: entry.term)
        case .loadDue: .dueUnknown
        case .settle(let attempt): .settleFailed(id: attempt.id)
        case .prune: .pruneFailed
        case .send, .deliver, .beat, .wake, .note: nil
        }
    }
}
