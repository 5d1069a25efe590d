import Events
import Fleet
import Jitter
import Quantities
import Shipper

/// The shippers: what they are given to see, and what becomes of their effects.
extension FleetSimulation {
    mutating func tick(shipper index: Int) {
        guard sites[index].process != nil else { return }
        let observation = observe(index)
        step(shipper: index, .tick(observation))
        sites[index].observedTo = now.monotonic
    }

    mutating func step(shipper index: Int, _ input: ShipperInput) {
        guard sites[index].process != nil else { return }
        let clock = sites[index].clock.read(now)
        let effects = sites[index].process?.step(input, clock) ?? []
        checker.shipper(sites[index].cluster, index, took: input, answered: effects)
        let life = sites[index].life
        for effect in effects {
            if let left = sites[index].effectsToLive {
                guard left > 0 else { return crash(shipper: index) }
                sites[index].effectsToLive = left - 1
            }
            carryOut(effect, of: index)
            guard sites[index].life == life else { return }
        }
    }

    private mutating func carryOut(_ effect: ShipperEffect, of index: Int) {
        let life = sites[index].life
        switch effect {
        case .spool(let batch):
            schedule(.synced(index, life: life, batch), after: lane(index, latency(upTo: 2)))
        case .send, .readSpool, .acknowledge, .rememberEpoch, .renewSpool:
            if sites[index].laneFreeAt <= now.monotonic { return run(errand: effect, of: index) }
            schedule(.errand(index, life: life, effect), after: sites[index].laneFreeAt - now.monotonic)
        case .patch(let patch):
            schedule(.patchRead(PatchOrder(by: .shipper(index, life: life, patch), cluster: index, sentAt: now.monotonic)), after: latency(upTo: 10))
        case .wake(let at): schedule(.shipper(index, life: life, .woke), after: at - now.monotonic)
        case .note: break
        }
    }

    /// The disk and the requests are one lane: what was asked for later is done later. Returns when this is done.
    private mutating func lane(_ index: Int, _ span: Nanoseconds) -> Nanoseconds {
        sites[index].laneFreeAt = max(sites[index].laneFreeAt, now.monotonic) + span
        return sites[index].laneFreeAt - now.monotonic
    }

    mutating func run(errand effect: ShipperEffect, of index: Int) {
        let life = sites[index].life
        switch effect {
        case .send(let request): send(request, from: .shipper(index, life: life))
        case .readSpool(let sequence):
            schedule(.shipper(index, life: life, .spoolRead(sites[index].spool.read(after: sequence))), after: latency(upTo: 1))
        case .acknowledge(let sequence):
            sites[index].spool.acknowledge(upTo: min(sequence, sites[index].spool.head.sequence))
            checker.acknowledged(sites[index].spool.stream, upTo: sequence, index)
        case .rememberEpoch(let epoch): sites[index].spool.remember(epoch: epoch)
        case .renewSpool: renewSpool(of: index)
        case .spool, .patch, .wake, .note: break
        }
    }

    mutating func sync(_ batch: Shipper.SpoolBatch, of index: Int) {
        if sites[index].isSpoolRuined { return step(shipper: index, .spoolFailed(batch: batch.id, problem: "the file is no database", isBeyondUse: true)) }
        if sites[index].faults.contains(.diskFull) { return step(shipper: index, .spoolFailed(batch: batch.id, problem: "the disk is full")) }
        checker.spooled(batch, in: sites[index].spool, index)
        guard !checker.isBroken else { return }
        let dropped = sites[index].spool.sync(batch)
        step(shipper: index, .spooled(batch: batch.id, dropped: dropped))
    }

    private mutating func renewSpool(of index: Int) {
        let life = sites[index].life
        guard !sites[index].faults.contains(.diskFull) else {
            return schedule(.shipper(index, life: life, .spoolRenewalFailed(problem: "the disk is full")), after: latency(upTo: 5))
        }
        let old = sites[index].spool.stream
        checker.setAside(old, index)
        beginSpool(of: index)
        schedule(.shipper(index, life: life, .spoolRenewed(sites[index].spool.resumption, keptAs: "set aside")), after: latency(upTo: 5))
    }

    private mutating func beginSpool(of index: Int) {
        sites[index].spoolsBegun += 1
        let name = StreamName(cluster: sites[index].cluster.id, spool: "\(10_000_000 + sites[index].spoolsBegun)")
        sites[index].spool = SimulatedSpool(stream: name, hash: settings.hash)
        sites[index].isSpoolRuined = false
    }

    // MARK: - Death and birth

    mutating func crash(shipper index: Int) {
        guard sites[index].process != nil else { return }
        sites[index].process = nil
        sites[index].effectsToLive = nil
        sites[index].life += 1
        sites[index].flight = nil
        sites[index].laneFreeAt = now.monotonic
        checker.died(cluster: index)
    }

    mutating func start(shipper index: Int) {
        guard sites[index].process == nil else { return }
        // A file that cannot be opened is set aside by the program before its process begins.
        if sites[index].isSpoolRuined {
            checker.setAside(sites[index].spool.stream, index)
            beginSpool(of: index)
        }
        sites[index].shipper.seed = random.next()
        sites[index].process = ShipperProcess(sites[index].shipper, from: sites[index].spool.resumption)
        sites[index].observedTo = now.monotonic
    }

    // MARK: - What a shipper sees

    /// What each source has of the time since the last tick, and the limits and counters as they stand.
    private mutating func observe(_ index: Int) -> Observation {
        let cluster = sites[index].cluster
        var flows: [Shipper.FlowObservation] = []
        for (place, flow) in cluster.flows.enumerated() {
            if case .probe(let probe) = flow.source {
                flows.append(.probes(probes(flow: sites[index].flows[place], every: probe.interval, of: index)))
            } else {
                flows.append(.external(external(flow: sites[index].flows[place], of: index)))
            }
        }
        return Observation(flows: flows, workloads: cluster.workloads.indices.map { reading(of: $0, in: index) })
    }

    private mutating func reading(of workload: Int, in index: Int) -> WorkloadReading {
        let counter: WorkloadReading.Counter =
            sites[index].cluster.usage == .none
            ? .noSource : .bytes(world.bytes(of: sites[index].workloads.lowerBound + workload, at: now.monotonic), at: now.monotonic)
        if !sites[index].faults.isDisjoint(with: [.apiSilent, .apiError]) {
            return WorkloadReading(limit: .unknown("the API server does not answer"), counter: counter)
        }
        let count = sites[index].pods.workloads[workload].count
        guard count > 0 else { return WorkloadReading(limit: .absent, counter: counter, replicas: 0) }
        return WorkloadReading(
            limit: sites[index].pods.limit(of: workload).map { .limited($0) } ?? .unlimited, counter: counter, replicas: Int16(count),
            term: sites[index].pods.term(of: workload))
    }

    private mutating func probes(flow: Int, every interval: Nanoseconds, of index: Int) -> [ProbeRecord] {
        var records: [ProbeRecord] = []
        var at = sites[index].observedTo + interval
        let answersFew = sites[index].faults.contains(.sourcePoor)
        while at <= now.monotonic {
            sites[index].probesSent += 1
            let isLost = answersFew && sites[index].probesSent % 4 != 0
            let delay = isLost ? nil : world.delay(flow: flow, at: at)
            records.append(
                ProbeRecord(sequence: sites[index].probesSent, sentAt: at, outcome: delay.map { .roundTrip($0 + .microseconds(60)) } ?? .lost))
            at = at + interval
        }
        return records
    }

    /// What a server that measures for us says of the window.
    private mutating func external(flow: Int, of index: Int) -> ExternalAnswer {
        guard !world.isSilent(flow: flow) else { return .absent }
        var reading = windowReading(flow: flow, since: sites[index].observedTo)
        guard sites[index].faults.contains(.sourcePoor) else { return .reading(reading) }
        switch sites[index].sourceStrength % 4 {
        case 0: return .failed
        case 1: return .absent
        case 2: reading.age = settings.fleet.tick * 3
        default: reading.count = 20
        }
        return .reading(reading)
    }

    /// A window's quantiles from the queue's own course: exact where it stood still, else from forty instants.
    private mutating func windowReading(flow: Int, since begun: MonotonicTime) -> ExternalReading {
        let noise = Int64(random.next() % 4_000)
        let length = now.monotonic - begun
        var (middle, high): (Int64, Int64)
        if world.hasStoodStill(flow: flow, since: begun) {
            middle = world.standing(flow: flow, at: now.monotonic)
            high = middle
        } else {
            var waits = (1...40).map { world.standing(flow: flow, at: begun + Nanoseconds(length.count / 40 * $0)) }
            waits.sort()
            (middle, high) = (waits[19], waits[37])
        }
        return ExternalReading(
            p50: Nanoseconds(middle + 20_000 + noise), p95: Nanoseconds(high + high * 3 / 10 + 36_000 + noise),
            count: Int32(clamping: length.count / 50_000_000), age: .milliseconds(200))
    }
}
