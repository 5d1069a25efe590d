public import Alerting
import Coordination
public import Events
public import Fleet
public import Quantities

/// Watches the fleet through its log, and tells people.
///
/// Everybody may read; only the holder of the lease named `alerter` evaluates, writes and tells, and only while it trusts its own
/// hold. What it tells was on the log and in the outbox before; both refuse an older term.
public struct AlerterProcess: Sendable {
    private let fleet: FleetConfiguration
    private let hash: HashFunction
    private let seed: UInt64
    private var lease: LeaseHold
    private var feed = FleetFeed()
    private var term: AlertTerm?
    private var desk: DeliveryDesk
    private var hasPlace = false
    private var isFindingPlace = false
    private var isReading = false
    private var isLoadingDue = false
    private var upkeep = AlerterUpkeep()
    /// The most that one run of the pruning takes.
    public static let maximumPruned = 1_000
    private var wakeAsked: MonotonicTime?
    /// When the log was last read to its end; nil before the first time.
    public private(set) var lastReadAt: MonotonicTime?
    /// After the log could not be read for a while no cluster is called silent until its shipper has had time to reach it again.
    private var blindUntil: MonotonicTime?
    public private(set) var counts = AlerterCounts()

    public init(fleet: FleetConfiguration, hash: HashFunction, seed: UInt64, schedule: DeliverySchedule = .standard) {
        self.fleet = fleet
        self.hash = hash
        self.seed = seed
        lease = LeaseHold(duration: fleet.lease.duration, renewEvery: fleet.lease.renewEvery)
        desk = DeliveryDesk(schedule: schedule, seed: seed &+ 1)
    }

    /// So many entries of a cluster's stream tell how long anything has stood for which a rule waits.
    public static func entriesReadOfCluster(in fleet: FleetConfiguration) -> Int64 {
        let rows = fleet.clusters.map { $0.loops.count * (1 + fleet.law.shadows.count) }.max() ?? 1
        let span = fleet.alerts.rules.map(\.pendingFor).max() ?? .zero
        return RecentPart.entriesOfCluster(watchedFor: span, every: fleet.tick, rows: max(1, rows))
    }

    /// The term in which this one leads now; nil where it does not.
    public func actingTerm(at now: MonotonicTime) -> Int64? { lease.actingTerm(at: now) }
    public var observations: [ClusterID: AlertObservation] { feed.observer.observations }
    /// Entries that no rule sees: their stream may not tell them, or this version cannot read them.
    public var passedOver: Int64 { feed.passedOver + feed.misplaced }
    /// Every alert that is pending or firing, as far as a leader knows; empty for others.
    public var active: [(state: AlertChange.State, alert: Alert)] { term?.active ?? [] }

    public mutating func step(_ input: AlerterInput, _ now: Now) -> [AlerterEffect] {
        switch input {
        case .tick: return askLease(now) + read() + advance(now) + recall(now) + store(now) + loadDue(now) + settle() + keepUp(now)
        case .placed(let place):
            isFindingPlace = false
            hasPlace = true
            feed.begin(at: place)
            return read()
        case .placeUnknown:
            isFindingPlace = false
            return []
        case .read(let reading): return fold(reading, now)
        case .readFailed:
            isReading = false
            return []
        case .leaseAnswered(let answer): return leaseAnswered(answer, now)
        case .leaseUnanswered:
            lease.unanswered()
            return []
        case .logAnswered(let answer): return logAnswered(answer, now)
        case .logUnreachable:
            term?.writer.unreachable(now: now.monotonic)
            return wake()
        case .recalled(let memory, let number):
            guard term?.number == number, term?.isRecalling == true else { return [] }
            term?.recall(memory, now: now)
            guard term?.hasRecalled == true else { return recall(now) }
            return [.note("alerts recalled", ["changes": "\(memory.changes.count)", "notifications": "\(memory.notifications.count)"])]
        case .recallFailed(let number):
            if term?.number == number { term?.notRecalled() }
            return []
        case .stored(let answer, let number): return stored(answer, number, now)
        case .storeFailed(let number):
            if term?.number == number { term?.notStored() }
            return []
        case .due(let due): return begin(due, now)
        case .dueUnknown:
            isLoadingDue = false
            return []
        case .attempted(let id, let outcome): return attempted(id, outcome, now)
        case .settled(let id):
            desk.settled(id)
            return loadDue(now)
        case .settleFailed(let id):
            desk.notSettled(id)
            return []
        case .beaten(let failure):
            upkeep.beatEnded()
            if failure == nil { counts.heartbeats += 1 } else { counts.heartbeatsFailed += 1 }
            return failure.map { [.note("a heartbeat was not taken", ["reason": $0])] } ?? []
        case .pruned(let count):
            upkeep.pruneEnded(isFull: count >= AlerterProcess.maximumPruned)
            counts.pruned += Int64(count)
            return []
        case .pruneFailed:
            upkeep.pruneEnded(isFull: false)
            return []
        case .woke: return advance(now)
        }
    }

    // MARK: - Leadership

    private mutating func askLease(_ now: Now) -> [AlerterEffect] {
        lease.shouldAsk(at: now.monotonic) ? [.askLease] : []
    }

    private mutating func leaseAnswered(_ answer: LeaseAnswer, _ now: Now) -> [AlerterEffect] {
        guard lease.answered(answer) else { return [] }
        guard let number = lease.term else { return endTerm("another holds the lease") }
        term = AlertTerm(number: number, hash: hash, seed: seed &+ UInt64(bitPattern: number))
        return [.note("leadership began", ["term": "\(number)"])] + advance(now)
    }

    private mutating func endTerm(_ reason: String) -> [AlerterEffect] {
        term = nil
        desk.leaveOff()
        upkeep.leaveOff()
        return [.note("leadership ended", ["reason": reason])]
    }

    /// The term in which this one may act now, once it knows what its predecessors left.
    private func isActing(_ now: Now) -> Bool {
        guard let term, term.hasRecalled else { return false }
        return lease.actingTerm(at: now.monotonic) == term.number
    }

    private mutating func recall(_ now: Now) -> [AlerterEffect] {
        guard let number = term?.number, lease.actingTerm(at: now.monotonic) == number, term?.mayRecall == true else { return [] }
        term?.isRecalling = true
        return [.recall(term: number)]
    }

    // MARK: - Reading and judging

    private mutating func read() -> [AlerterEffect] {
        guard hasPlace else {
            guard !isFindingPlace else { return [] }
            isFindingPlace = true
            return [.findPlace]
        }
        guard !isReading else { return [] }
        isReading = true
        return [.readLog(after: feed.cursors)]
    }

    private mutating func fold(_ reading: FeedReading, _ now: Now) -> [AlerterEffect] {
        isReading = false
        feed.fold(reading, now: now.monotonic)
        if !reading.movedBack.isEmpty {
            // What was read is not there any more: begin where the database says now.
            hasPlace = false
            term?.beginAnew()
            return [.note("the log moved back", ["streams": "\(reading.movedBack.count)"])] + read()
        }
        guard reading.isComplete else { return read() }
        noteSight(now.monotonic)
        return evaluate(now) + advance(now) + store(now)
    }

    private var patience: Nanoseconds { fleet.tick * AlertRule.silentAfterTicks }

    /// When the log was away, so were the shippers from it: their silence says nothing until they have had time to come back. They
    /// try again at least as often as the absence was long.
    private mutating func noteSight(_ now: MonotonicTime) {
        if let last = lastReadAt, now - last > patience {
            blindUntil = now + patience + min(now - last, LogWriter.longestWait)
        }
        lastReadAt = now
    }

    /// Those that may be silent because the log was away.
    private func unjudged(_ now: MonotonicTime) -> Set<ClusterID> {
        guard let blindUntil, now < blindUntil else { return [] }
        return Set(fleet.clusters.map(\.id).filter { !feed.isHeard($0, now: now, within: patience) })
    }

    private mutating func evaluate(_ now: Now) -> [AlerterEffect] {
        guard isActing(now), term?.writer.isFull == false else { return [] }
        let unjudged = unjudged(now.monotonic)
        let transitions = term?.evaluate(fleet, feed.observer, unjudged: unjudged, now: now) ?? []
        counts.evaluations += 1
        counts.fired += Int64(transitions.count { $0.to == .firing })
        counts.resolved += Int64(transitions.count { $0.to == .resolved && $0.from == .firing })
        return transitions.map { transition in
            .note(
                "alert changed",
                ["alert": transition.alert.rule, "state": transition.to.rawValue, "cluster": transition.alert.labels["cluster"] ?? "",
                 "summary": transition.alert.summary])
        }
    }

    // MARK: - The log

    private mutating func advance(_ now: Now) -> [AlerterEffect] {
        // A leader that no longer trusts itself sends nothing, whatever it has found.
        guard let term, lease.actingTerm(at: now.monotonic) == term.number else { return [] }
        return (self.term?.writer.proceed(now.monotonic)).map { [.send($0)] } ?? wake()
    }

    /// Asks once for each time.
    private mutating func wake() -> [AlerterEffect] {
        guard let at = term?.writer.wakeAt, at != wakeAsked else { return [] }
        wakeAsked = at
        return [.wake(at: at)]
    }

    private mutating func logAnswered(_ answer: LogAnswer, _ now: Now) -> [AlerterEffect] {
        let movedBack = term?.writer.timesMovedBack
        let settled = term?.writer.answered(answer, now: now.monotonic)
        if term?.writer.timesMovedBack != movedBack { term?.beginAnew() }
        guard let settled else {
            guard let reason = term?.writer.haltReason else { return advance(now) + recall(now) + wake() }
            lease.deposed()
            return endTerm(reason)
        }
        term?.written(settled.stored.count, now: now.monotonic)
        return advance(now) + recall(now) + store(now)
    }

    // MARK: - The outbox

    private mutating func store(_ now: Now) -> [AlerterEffect] {
        guard isActing(now), let entry = term?.entry(fleet, feed.cursors, now: now.monotonic) else { return [] }
        return [.store(entry)]
    }

    private mutating func stored(_ answer: OutboxAnswer, _ number: Int64, _ now: Now) -> [AlerterEffect] {
        guard term?.number == number else { return [] }
        guard answer == .stored else {
            lease.deposed()
            return endTerm("a newer term holds the lease")
        }
        term?.stored()
        return loadDue(now)
    }

    private mutating func loadDue(_ now: Now) -> [AlerterEffect] {
        guard isActing(now), !isLoadingDue else { return [] }
        isLoadingDue = true
        return [.loadDue(perReceiver: DeliveryDesk.maximumUnderWay, except: desk.busy)]
    }

    private mutating func begin(_ due: [DueNotification], _ now: Now) -> [AlerterEffect] {
        isLoadingDue = false
        guard isActing(now) else { return [] }
        let (deliveries, givenUp) = desk.begin(due, fleet.alerts.receivers)
        let notes = givenUp.flatMap { record($0, now) }
        return notes + deliveries.map(AlerterEffect.deliver) + settle() + advance(now)
    }

    private mutating func attempted(_ id: String, _ outcome: DeliveryOutcome, _ now: Now) -> [AlerterEffect] {
        guard let attempt = desk.ended(id, outcome) else { return [] }
        guard isActing(now) else {
            // Another leads, or may: it tries again what failed here.
            desk.leaveOff()
            return settle()
        }
        return record(attempt, now) + settle() + advance(now)
    }

    private mutating func record(_ attempt: DeliveryAttempt, _ now: Now) -> [AlerterEffect] {
        counts.count(attempt.settlement)
        let notes: [AlerterEffect] =
            attempt.settlement == .dead
            ? [
                .note(
                    "a notification is given up: nobody will be told by it",
                    ["notification": attempt.id, "receiver": attempt.receiver, "attempt": "\(attempt.attempt)", "reason": attempt.detail ?? ""])
            ] : []
        guard term?.writer.isFull == false else { return notes }
        let record = NotificationRecord(
            notification: attempt.id, receiver: attempt.receiver, result: attempt.settlement.word, attempt: attempt.attempt,
            detail: attempt.detail)
        term?.write(.notificationSettled(record), at: now.wall)
        return notes
    }

    private mutating func keepUp(_ now: Now) -> [AlerterEffect] {
        guard isActing(now), let number = term?.number else { return [] }
        let sees = lastReadAt.map { now.monotonic - $0 <= patience } ?? false
        return upkeep.due(
            fleet.alerts.heartbeat, sees: sees, term: number, firing: active.count { $0.state == .firing }, now: now)
    }

    private mutating func settle() -> [AlerterEffect] { desk.toSettle().map(AlerterEffect.settle) }
}

/// What this process has done since it started; for metrics.
public struct AlerterCounts: Equatable, Sendable {
    public var evaluations: Int64 = 0
    public var fired: Int64 = 0
    public var resolved: Int64 = 0
    public var delivered: Int64 = 0
    public var retried: Int64 = 0
    public var dead: Int64 = 0
    public var heartbeats: Int64 = 0
    public var heartbeatsFailed: Int64 = 0
    /// Old messages forgotten.
    public var pruned: Int64 = 0

    mutating func count(_ settlement: NotificationSettlement) {
        switch settlement {
        case .delivered: delivered += 1
        case .retry: retried += 1
        case .dead: dead += 1
        }
    }
}

extension NotificationSettlement {
    /// As the log has it.
    fileprivate var word: String {
        switch self {
        case .delivered: "delivered"
        case .retry: "retry"
        case .dead: "dead"
        }
    }
}
