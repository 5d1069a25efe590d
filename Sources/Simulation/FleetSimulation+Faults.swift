import Events
import Fleet
import Quantities
import Shipper

/// What begins and ends with each fault.
extension FleetSimulation {
    mutating func begin(fault index: Int) {
        let fault = settings.faults[index]
        checker.struck(by: fault)
        faultsBegun.append(index)
        switch fault.place {
        case .cluster(let site): beginAt(site: site % sites.count, fault)
        case .coordinator(let index): centres[index % centres.count].begin(fault, standing(at: fault.place), at: now.monotonic)
        case .alerter(let index): alerters[index % alerters.count].begin(fault, standing(at: fault.place), at: now.monotonic)
        case .log: beginAtLog(fault, index)
        }
        schedule(.faultEnds(index), after: fault.lasts)
    }

    mutating func end(fault index: Int) {
        let fault = settings.faults[index]
        faultsBegun.removeAll { $0 == index }
        switch fault.place {
        case .cluster(let site): endAt(site: site % sites.count, fault)
        case .coordinator(let centre): endAt(centre: centre % centres.count, fault)
        case .alerter(let index): endAt(alerter: index % alerters.count, fault)
        case .log: endAtLog(fault, index)
        }
    }

    /// The faults that hold at a place now: two of one kind may overlap.
    private func standing(at place: FaultPlace) -> FaultSet {
        let at = now.monotonic - beganAt
        return faultsBegun.reduce(into: FaultSet()) { set, index in
            let fault = settings.faults[index]
            if fault.place == place, fault.begins <= at, fault.begins + fault.lasts > at { set.insert(FaultSet(fault.kind)) }
        }
    }

    // MARK: - Clusters

    private mutating func beginAt(site index: Int, _ fault: Fault) {
        sites[index].faults = standing(at: fault.place)
        let strength = Int(fault.strength)
        let workload = strength % sites[index].cluster.workloads.count
        switch fault.kind {
        case .crash: sites[index].effectsToLive = strength % 12
        case .spoolTorn:
            sites[index].spool.tear(1 + strength % 4)
            crash(shipper: index)
        case .spoolRuined: sites[index].isSpoolRuined = true
        case .sourcePoor: sites[index].sourceStrength = fault.strength
        case .clockJump, .clockDrift: sites[index].clock.begin(fault, at: now.monotonic)
        case .podReplaced:
            sites[index].pods.replace(workload, pod: strength / 8)
            podsChanged(index, workload)
        case .scaled:
            sites[index].pods.scale(workload, to: strength / 8 % (settings.mostReplicas + 2))
            podsChanged(index, workload)
        case .foreignPatch:
            sites[index].pods.writeForeign(workload, pod: strength / 8, limit: .megabits(Int64(5 + strength / 16 % 600)))
            podsChanged(index, workload)
        default: break
        }
    }

    private mutating func endAt(site index: Int, _ fault: Fault) {
        sites[index].faults = standing(at: fault.place)
        switch fault.kind {
        case .crash, .spoolTorn:
            // One that has had nothing to do since dies now.
            if sites[index].effectsToLive != nil { crash(shipper: index) }
            start(shipper: index)
        case .clockDrift: sites[index].clock.end(fault, at: now.monotonic)
        case .scaled:
            let workload = Int(fault.strength) % sites[index].cluster.workloads.count
            // Nothing of a workload runs for no longer than this.
            if sites[index].pods.workloads[workload].isEmpty {
                sites[index].pods.scale(workload, to: 1)
                podsChanged(index, workload)
            }
        default: break
        }
    }

    /// A watch tells of new Pods within a second; a shipper that is not there hears nothing.
    private mutating func podsChanged(_ index: Int, _ workload: Int) {
        enforceLimits(of: index)
        guard sites[index].cluster.mode == .enforce else { return }
        let id = sites[index].cluster.workloads[workload].id
        schedule(.shipper(index, life: sites[index].life, .workloadArrived(id)), after: .milliseconds(50 + Int64(random.below(600))))
    }

    // MARK: - Coordinators and alerters

    private mutating func endAt(centre index: Int, _ fault: Fault) {
        centres[index].end(fault, standing(at: fault.place), at: now.monotonic)
        guard fault.kind == .crash else { return }
        if centres[index].effectsToLive != nil { crash(coordinator: index) }
        start(coordinator: index)
    }

    private mutating func endAt(alerter index: Int, _ fault: Fault) {
        alerters[index].end(fault, standing(at: fault.place), at: now.monotonic)
        guard fault.kind == .crash else { return }
        if alerters[index].effectsToLive != nil { crash(alerter: index) }
        start(alerter: index)
    }

    // MARK: - The log

    private mutating func beginAtLog(_ fault: Fault, _ index: Int) {
        switch fault.kind {
        case .logDown:
            central.isDown = true
            checker.alerts.sawTrouble(now.monotonic)
        case .logRestored: central.kept[index] = KeptLog(log: log, tables: central.tables, told: checker.log.kept)
        case .clockJump, .clockDrift: central.clock.begin(fault, at: now.monotonic)
        default: break
        }
    }

    private mutating func endAtLog(_ fault: Fault, _ index: Int) {
        switch fault.kind {
        case .logDown: central.isDown = standing(at: .log).contains(.logDown)
        case .logRestored:
            guard let kept = central.kept.removeValue(forKey: index) else { return }
            let outbox = central.outbox
            log = kept.log
            central.tables = kept.tables
            checker.restored(log, kept.told, alerts: central.alertChanges.values.map(\.change), from: outbox)
        case .clockDrift: central.clock.end(fault, at: now.monotonic)
        default: break
        }
    }
}

/// A backup of the database.
struct KeptLog: Sendable {
    var log: LogMachine
    var tables: CentralLog.Tables
    /// What the checker had been told by then.
    var told: [StreamName: LogInvariants.Kept]
}
