import Alerting
import Events
import Fleet
import Quantities

/// Plays a story in text against the observer, the book and the dispatcher, and writes down what happens.
///
/// A line that begins with `>` is a command, the lines below it are what it prints:
///
///     > tick 12 delay=2.3ms applied=10M     so many ticks of 5 s; what is set stays set
///     > silence 12                          so many times 5 s pass without a tick
///     > restart                             a successor goes on from what the log and the outbox hold
///     > remove plant-a                      the cluster leaves the configuration
///
/// Settings: `delay` (or `-` with `quality`), `quality`, `desired`, `applied` (`-`: unlimited), `paused`, `lease`,
/// `share` (of an allocation with each tick; `-`: none is made).
struct AlertScript {
    var fleet: FleetConfiguration
    var observer = FleetObserver()
    var book = AlertBook()
    var dispatcher = AlertDispatcher()
    var changes: [(change: AlertChange, at: WallTime)] = []
    var outbox: [AlertNotification] = []
    private var elapsed = Nanoseconds.zero
    private var number: Int64 = 0
    private var settings = ["delay": "0.5ms", "quality": "measured", "desired": "100M", "applied": "100M", "paused": "no", "lease": "1", "loop": "yes", "share": "-"]
    /// The wall clock may be stepped; nothing but the printed times follows it.
    var wallStep = Nanoseconds.zero
    var lines: [String] = []

    init(_ change: (inout FleetConfiguration) -> Void = { _ in }) {
        fleet = FleetConfiguration(name: "test", links: [LinkSpecification(id: "uplink", capacity: .megabits(1_000))])
        fleet.clusters = [
            ClusterSpecification(
                id: "plant-a", mode: .enforce, enforcer: .simulated(url: "http://world"),
                guardrails: Guardrails(minimum: .megabits(10), maximum: .megabits(1_000)),
                flows: [
                    FlowSpecification(
                        id: "robot-control", transport: .udp, port: 5201, source: .trace(path: "none"), slaClass: "robot-control", links: ["uplink"])
                ],
                workloads: [WorkloadSpecification(id: "telemetry-upload", floor: .megabits(10), ceiling: .megabits(1_000), links: ["uplink"])])
        ]
        fleet.alerts.receivers = [WebhookReceiver(name: "on-call", url: "http://on-call")]
        change(&fleet)
    }

    /// The commands of `script` with what they print now.
    mutating func play(_ script: String) -> String {
        for line in script.split(separator: "\n").map(String.init) where line.hasPrefix(">") {
            lines.append(line)
            run(line.dropFirst(2).split(separator: " ").map(String.init))
        }
        return lines.joined(separator: "\n")
    }

    var now: Now {
        Now(
            monotonic: MonotonicTime(nanoseconds: 1_000_000_000_000) + elapsed,
            wall: WallTime(microseconds: 1_800_000_000_000_000) + elapsed + wallStep)
    }

    private mutating func run(_ words: [String]) {
        for word in words.dropFirst(2) {
            let pair = word.split(separator: "=").map(String.init)
            settings[pair[0]] = pair.count > 1 ? pair[1] : "yes"
        }
        switch words[0] {
        case "tick":
            for _ in 0..<Int(words[1])! {
                elapsed = elapsed + .seconds(5)
                number += 1
                observer.apply(tick, of: roster.cluster, roster: roster, arrivedAt: now.monotonic)
                if let share = rate("share") { observer.apply(allocation(share), arrivedAt: now.monotonic) }
                evaluate()
            }
        case "silence":
            for _ in 0..<Int(words[1])! {
                elapsed = elapsed + .seconds(5)
                evaluate()
            }
        case "step-wall-clock": wallStep = try! Nanoseconds(parsing: words[1])
        case "restart":
            book = AlertBook(restoring: changes, now: now)
            var newest: [String: (change: AlertChange, at: WallTime)] = [:]
            for entry in changes { newest[entry.change.fingerprint] = entry }
            let stored = outbox.map { notification in
                var copy = notification
                copy.told = ToldAlert.list(parsing: ToldAlert.text(of: notification.told))!
                return copy
            }
            dispatcher = AlertDispatcher(
                restoring: newest.values.sorted { $0.change.fingerprint < $1.change.fingerprint }, notifications: stored, now: now.monotonic)
        case "remove": fleet.clusters.removeAll { $0.id.text == words[1] }
        default: preconditionFailure("no command '\(words[0])'")
        }
    }

    private mutating func evaluate() {
        for transition in book.evaluate(fleet, observations: observer.observations, now: now) {
            changes.append((transition.change, now.wall))
            let labels = transition.alert.labels
            let part = labels["link"] ?? labels["flow"] ?? labels["workload"] ?? ""
            lines.append(
                "\(clock) \(transition.alert.rule) \(labels["cluster"]!)\(part.isEmpty ? "" : "/")\(part) "
                    + "\(transition.from?.rawValue ?? "inactive") → \(transition.to.rawValue): \(transition.alert.summary)")
            dispatcher.apply(transition, at: now.monotonic)
        }
        for notification in dispatcher.due(fleet, now: now.monotonic) {
            outbox.append(notification)
            let firing = notification.told.filter(\.isFiring).count
            lines.append("\(clock) to \(notification.receiver): \(firing) firing, \(notification.told.count - firing) resolved")
        }
    }

    /// Minutes and seconds since the beginning.
    private var clock: String {
        let seconds = elapsed.count / 1_000_000_000
        return "\(seconds / 60 < 10 ? "0" : "")\(seconds / 60):\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)"
    }

    private func rate(_ key: String) -> BitRate? { settings[key] == "-" ? nil : try! BitRate(parsing: settings[key]!) }

    private var tick: Tick {
        let quality = SampleQuality.allCases.first { $0.word == settings["quality"] }!
        let delay = quality.hasValue ? Delay(rounding: try! Nanoseconds(parsing: settings["delay"]!)) : nil
        let sample = FlowSample(quality: quality, count: quality.hasValue ? 100 : 0, lost: 0, windowMilliseconds: 5_000, p95: delay)
        var evidence: LoopEvidence = [.mayAct]
        if settings["paused"] == "yes" { evidence.insert(.paused) }
        let input = LoopInput(
            flow: 0, quality: quality, count: sample.count, raw: delay, target: .microseconds(1_000), bound: .microseconds(1_500),
            elapsedMilliseconds: 5_000, applied: rate("applied"), floor: .megabits(10), ceiling: .megabits(1_000), evidence: evidence)
        let outcome = LoopOutcome(action: .hold, reason: .insideDeadband, lowerThreshold: .microseconds(800), upperThreshold: .microseconds(1_200))
        return Tick(
            number: number, at: now.wall, intervalMilliseconds: 5_000, rosterSequence: 1, leaseTransitions: Int32(settings["lease"]!)!,
            flows: [sample],
            workloads: [WorkloadUse(quality: .noSource, applied: rate("applied"), desired: rate("desired"))],
            decision: settings["loop"] == "yes" ? LoopDecision(link: 0, law: 0, stateBefore: [], input: input, outcome: outcome) : nil)
    }

    private func allocation(_ share: BitRate) -> AllocationRecord {
        AllocationRecord(
            version: GrantVersion(term: 1, version: number), isFeasible: share >= .megabits(10), links: [],
            shares: [.init(cluster: "plant-a", workload: "telemetry-upload", share: share, granted: share, binding: "link uplink", next: nil)],
            certificate: "", foldedThrough: [])
    }

    private var roster: Roster {
        Roster(
            cluster: "plant-a", configuration: .zero, mode: "enforce",
            flows: [
                Roster.Flow(
                    id: "robot-control", vantage: "plant-a", source: "trace", serviceLevel: "robot-control", target: .microseconds(1_000),
                    bound: .microseconds(1_500), links: ["uplink"])
            ],
            workloads: [Roster.Workload(id: "telemetry-upload", floor: .megabits(10), ceiling: .megabits(1_000), links: ["uplink"])],
            links: ["uplink"], laws: [Roster.Law(name: "plateau@1", parameters: "")])
    }
}
