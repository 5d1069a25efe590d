import Coordination
import Coordinator
import Events
import Fleet
import Quantities

/// The coordinators: what they read, and what becomes of their effects.
extension FleetSimulation {
    mutating func step(coordinator index: Int, _ input: CoordinatorInput) {
        guard centres[index].process != nil else { return }
        if let until = centres[index].standsStillUntil {
            guard now.monotonic >= until else {
                // What arrives while it stands still is read when it goes on; of its own ticks one is enough.
                if case .tick = input { return }
                return schedule(.coordinator(index, life: centres[index].life, input), after: until - now.monotonic)
            }
            centres[index].standsStillUntil = nil
        }
        let clock = centres[index].clock.read(now)
        let effects = centres[index].process?.step(input, clock) ?? []
        checker.coordinator(index, took: input, answered: effects)
        if let until = centres[index].pausesUntil, effects.contains(where: \.isDeed) {
            centres[index].pausesUntil = nil
            centres[index].standsStillUntil = until
            return schedule(.released(index, life: centres[index].life, effects), after: until - now.monotonic)
        }
        release(effects, of: index)
    }

    mutating func release(_ effects: [CoordinatorEffect], of index: Int) {
        let life = centres[index].life
        for effect in effects {
            if let left = centres[index].effectsToLive {
                guard left > 0 else { return crash(coordinator: index) }
                centres[index].effectsToLive = left - 1
            }
            carryOut(effect, of: index, life: life)
        }
    }

    private mutating func carryOut(_ effect: CoordinatorEffect, of index: Int, life: Int) {
        switch effect {
        case .askLease(let highest): schedule(.askedLease(index, life: life, highest: highest), after: latency(upTo: 5))
        case .findPlace: schedule(.soughtPlace(index, life: life), after: latency(upTo: 5))
        case .readLog(let cursors): schedule(.read(index, life: life, cursors), after: latency(upTo: 5))
        case .send(let request): send(request, from: .coordinator(index, life: life))
        case .patch(let patch):
            guard let cluster = sites.firstIndex(where: { $0.cluster.id == patch.cluster }) else { return }
            let order = PatchOrder(by: .coordinator(index, life: life, patch), cluster: cluster, sentAt: now.monotonic)
            schedule(.patchRead(order), after: latency(upTo: 20))
        case .claim(let claim): claimRead(index, life, claim)
        case .wake(let at): schedule(.coordinator(index, life: life, .woke), after: at - now.monotonic)
        case .note: break
        }
    }

    mutating func crash(coordinator index: Int) {
        guard centres[index].process != nil else { return }
        centres[index].die()
        checker.died(coordinator: index)
    }

    mutating func start(coordinator index: Int) {
        guard centres[index].process == nil else { return }
        checker.started(coordinator: index)
        centres[index].process = CoordinatorProcess(fleet: settings.fleet, hash: settings.hash, seed: random.next())
    }

    // MARK: - What a coordinator reads

    mutating func findPlace(for index: Int) {
        let life = centres[index].life
        guard !central.isDown, centres[index].faults.isDisjoint(with: [.partition, .requestsLost, .answersLost]) else {
            return schedule(.coordinator(index, life: life, .readFailed), after: .milliseconds(50))
        }
        let place = central.place(in: log, clusters: sites.count)
        checker.placed(place, reader: index)
        schedule(.coordinator(index, life: life, .placed(place)), after: latency(upTo: 5))
    }

    mutating func readLog(for index: Int, after cursors: [StreamName: Int64]) {
        let life = centres[index].life
        let faults = centres[index].faults
        guard !central.isDown, faults.isDisjoint(with: [.partition, .requestsLost, .answersLost]) else {
            return schedule(.coordinator(index, life: life, .readFailed), after: .milliseconds(50))
        }
        guard central.movedBack(behind: cursors).isEmpty else {
            return schedule(.coordinator(index, life: life, .logMovedBack), after: latency(upTo: 5))
        }
        let (records, isComplete) = central.records(in: log, after: cursors, limit: FleetSimulation.entriesPerRead)
        schedule(.coordinator(index, life: life, .records(records, isComplete: isComplete)), after: latency(upTo: 5))
    }

    static let entriesPerRead = 500

    // MARK: - The lease

    /// The lease's row, by the simulated server's clock.
    mutating func askedLease(_ index: Int, _ life: Int, above highest: Int64) {
        let faults = centres[index].faults
        guard !central.isDown, faults.isDisjoint(with: [.partition, .requestsLost]) else {
            return schedule(.coordinator(index, life: life, .leaseUnanswered), after: .milliseconds(50))
        }
        let answer = central.leases.coordinator.ask(
            by: "\(index).\(life)", above: max(highest, central.leases.coordinatorEpoch), at: now.monotonic, duration: settings.fleet.lease.duration)
        guard !faults.contains(.answersLost) else {
            return schedule(.coordinator(index, life: life, .leaseUnanswered), after: FleetSimulation.patience)
        }
        let back = faults.contains(.delay) ? Nanoseconds.milliseconds(Int64(random.below(3_000))) : latency(upTo: 5)
        schedule(.coordinator(index, life: life, .leaseAnswered(answer)), after: back)
    }
}

extension CoordinatorEffect {
    /// Whether it changes something outside.
    var isDeed: Bool {
        switch self {
        case .send, .patch, .claim: true
        case .askLease, .findPlace, .readLog, .wake, .note: false
        }
    }
}
