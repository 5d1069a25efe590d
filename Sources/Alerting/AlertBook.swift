public import Events
public import Fleet
public import Quantities

/// The state of every alert: inactive → pending → firing → resolved.
///
/// A condition that holds for `for` fires; one that ended for `keepFiringFor` resolves. A condition that nobody can tell changes
/// nothing (or counts as true, where the rule says `onNoData: alert`): no data never resolves an alert. The number of alerts is
/// bounded by the subjects of the configuration.
public struct AlertBook: Equatable, Sendable {
    /// By the fingerprint's number. What is not here is inactive.
    private var entries: [UInt64: Entry] = [:]

    private struct Entry: Equatable, Sendable {
        enum Phase: Equatable, Sendable {
            /// True since `since`; not yet for long enough.
            case pending(since: MonotonicTime)
            /// True at `lastMet` at the latest.
            case firing(lastMet: MonotonicTime)
        }
        var phase: Phase
        /// When it became pending; once it fires, when it did that.
        var began: MonotonicTime
        var alert: Alert
        var state: AlertChange.State {
            switch phase {
            case .pending: .pending
            case .firing: .firing
            }
        }

        /// What ended, and how long it had lasted: since it fired, or, for one that did not, since it was first true.
        func ended(at now: Now, because reason: String = "") -> AlertTransition {
            var over = alert
            over.endsAt = now.wall
            let early = state == .pending ? ", before it fired" : ""
            over.summary = "Ended after \((now.monotonic - began).readable)\(early)\(reason). It was: \(alert.summary)"
            return AlertTransition(from: state, to: .resolved, alert: over)
        }
    }

    public init() {}

    /// Goes on where a predecessor stopped, from the newest change of each alert on the log.
    ///
    /// The civil time of an alert's change says how much of its `for` had passed, and how long it fires already; a clock that was
    /// stepped between can make it fire early or late by the step, and never resolves one. A firing alert begins its `keepFiringFor`
    /// anew.
    public init(restoring changes: [(change: AlertChange, at: WallTime)], now: Now) {
        for (change, at) in changes {
            let alert = Alert(
                fingerprint: change.fingerprint, rule: change.rule, labels: change.labels, summary: change.summary, startsAt: at)
            let began = now.monotonic + max(.zero, now.wall - at) * -1
            let number = AlertFingerprint.number(of: change.fingerprint)
            switch change.state {
            case .pending: entries[number] = Entry(phase: .pending(since: began), began: began, alert: alert)
            case .firing: entries[number] = Entry(phase: .firing(lastMet: now.monotonic), began: began, alert: alert)
            case .resolved: entries[number] = nil
            }
        }
    }

    /// Every alert that is pending or firing, by fingerprint.
    public var active: [(state: AlertChange.State, alert: Alert)] {
        entries.values.sorted { $0.alert.fingerprint < $1.alert.fingerprint }.map { ($0.state, $0.alert) }
    }

    /// Looks at every rule and subject of the fleet once. Equal arguments give equal transitions, in the order of the rules, then of
    /// the subjects; alerts whose subject or rule is no longer configured resolve last.
    /// - Parameter unjudged: clusters of which nothing can be told for a reason that is not theirs; their alerts stay as they are.
    public mutating func evaluate(
        _ fleet: FleetConfiguration, observations: [ClusterID: AlertObservation], unjudged: Set<ClusterID> = [], now: Now
    ) -> [AlertTransition] {
        var transitions: [AlertTransition] = []
        var known: Set<UInt64> = []
        // Most subjects are quiet, in clusters of which nothing is told: those need no name at each look.
        let told = Set(entries.values.map { $0.alert.labels["cluster"] })
        let clusters = ClusterView.all(of: fleet, observations, now: now.monotonic).map { view in
            (view: view, isTold: told.contains(view.cluster.id.text), isJudged: !unjudged.contains(view.cluster.id))
        }
        for rule in AlertRule.allCases {
            guard let specification = fleet.alerts.rules.first(where: { $0.name == rule.rawValue }), specification.isEnabled else { continue }
            for (view, isTold, isJudged) in clusters {
                rule.look(at: view) { subject, condition in
                    guard isTold || condition.begins(specification) else { return }
                    let number = AlertFingerprint.hash(of: rule, subject, fleet: fleet.name)
                    guard entries[number] != nil || condition.begins(specification) else { return }
                    known.insert(number)
                    guard isJudged else { return }
                    let transition = step(number, specification, condition, now) {
                        Alert(
                            fingerprint: AlertFingerprint.text(number), rule: rule.rawValue,
                            labels: subject.labels.merging(
                                ["alertname": rule.rawValue, "fleet": fleet.name, "severity": specification.severity.rawValue]) { first, _ in first },
                            summary: "", runbook: specification.runbook, startsAt: now.wall)
                    }
                    if let transition { transitions.append(transition) }
                }
            }
        }
        return transitions + retire(allBut: known, now)
    }

    /// One alert, one moment.
    /// - Parameter blank: what it is where it is not there yet.
    private mutating func step(
        _ number: UInt64, _ rule: AlertRuleSpecification, _ condition: AlertCondition, _ now: Now, _ blank: () -> Alert
    ) -> AlertTransition? {
        var entry = entries[number]
        // What the configuration says of it now, also where it fired under an older one. All other labels are in its name.
        if let alert = entry?.alert, alert.labels["severity"] != rule.severity.rawValue || alert.runbook != rule.runbook {
            entry?.alert.labels["severity"] = rule.severity.rawValue
            entry?.alert.runbook = rule.runbook
        }
        defer { entries[number] = entry }

        let truth: (summary: String, since: MonotonicTime?)?
        switch condition {
        case .met(let summary, let since): truth = (summary, since)
        case .unknown(let summary) where rule.onNoData == .alert: truth = (summary, nil)
        case .unknown: return nil
        case .unmet: truth = nil
        }
        guard let truth else {
            guard let current = entry else { return nil }
            if case .firing(let lastMet) = current.phase, now.monotonic - lastMet < rule.keepFiringFor { return nil }
            entry = nil
            return current.ended(at: now)
        }
        if case .firing = entry?.phase {
            entry?.phase = .firing(lastMet: now.monotonic)
            entry?.alert.summary = truth.summary
            return nil
        }
        let since = min(truth.since ?? now.monotonic, now.monotonic)
        var current = entry ?? Entry(phase: .pending(since: since), began: since, alert: blank())
        current.alert.summary = truth.summary
        if case .pending(let since) = current.phase {
            // The observation may know that what was true before is over and something else began.
            let begun = max(since, min(truth.since ?? since, now.monotonic))
            (current.phase, current.began) = (.pending(since: begun), begun)
            if now.monotonic - begun >= rule.pendingFor {
                let before = entry?.state
                (current.phase, current.began) = (.firing(lastMet: now.monotonic), now.monotonic)
                current.alert.startsAt = now.wall
                entry = current
                return AlertTransition(from: before, to: .firing, alert: current.alert)
            }
        }
        let isNew = entry == nil
        entry = current
        return isNew ? AlertTransition(from: nil, to: .pending, alert: current.alert) : nil
    }

    /// Resolves what is configured no more.
    private mutating func retire(allBut known: Set<UInt64>, _ now: Now) -> [AlertTransition] {
        let gone = entries.filter { !known.contains($0.key) }.sorted { $0.value.alert.fingerprint < $1.value.alert.fingerprint }
        return gone.map { number, entry in
            entries[number] = nil
            return entry.ended(at: now, because: ", no longer watched: the configuration does not have it any more")
        }
    }
}
