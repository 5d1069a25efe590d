import Alerter
import Alerting
import Coordination
import Cryptography
import Events
import Fleet
import Quantities

/// Plays a story in text: alerters, the log, the lease's row, the outbox and a receiver, second by second, and writes down what
/// happens. The processes are the ones of production; what stands around them are plain values.
///
/// A line that begins with `>` is a command, the lines below it are what it prints:
///
///     > start a                        an alerter begins
///     > pass 20 quality=missing        so many seconds; the shipper ticks each, what is set stays set
///     > kill a                         it dies, with all that was under way
///     > kill a at before-delivery      it dies at that stage, the next time it reaches it
///     > freeze a at before-store       it stops there, as by SIGSTOP; time goes on
///     > thaw a                         it goes on where it stopped
///     > receiver fails 2               the next two attempts are answered with 503
///     > receiver hangs / answers       attempts are not answered; they are
///     > log down / up                  the database answers nobody
///     > log kept / restored            a backup of the database is made, and put back
///     > shipper stops / starts
struct AlerterStory {
    private struct Actor {
        var process: AlerterProcess
        var effects: [AlerterEffect] = []
        var isFrozen = false
        var killAt: AlerterStage?
        var freezeAt: AlerterStage?
        var wakes: [MonotonicTime] = []
        var term: Int64?
        /// Outcomes that the hanging receiver owes.
        var unanswered: [String] = []
    }

    var fleet: FleetConfiguration
    var schedule = DeliverySchedule(waits: [.seconds(5), .seconds(15)], maximumAttempts: 4)
    private var actors: [String: Actor] = [:]
    private var log = LogMachine(hash: .libcrypto)
    private var streams: [StreamName: [LogRecord]] = [:]
    /// All that stands on the log, by stream.
    var records: [LogRecord] { streams.sorted { $0.key < $1.key }.flatMap(\.value) }
    private var database = StoryDatabase()
    private var backup: (log: LogMachine, streams: [StreamName: [LogRecord]], database: StoryDatabase)?
    private var elapsed: Int64 = 0
    private var isLogDown = false
    private var shipperRuns = true
    private var receiverFailures = 0
    private var receiverHangs = false
    private var quality = SampleQuality.measured
    private var tickNumber: Int64 = 0
    private(set) var lines: [String] = []
    /// What reached the receiver, in order: ids.
    private(set) var heard: [String] = []
    /// The terms under which old messages were looked for.
    private(set) var prunes: [Int64] = []

    init(_ change: (inout FleetConfiguration) -> Void = { _ in }) {
        fleet = .story
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
            monotonic: MonotonicTime(nanoseconds: 1_000_000_000_000) + .seconds(elapsed),
            wall: WallTime(microseconds: 1_800_000_000_000_000) + .seconds(elapsed))
    }

    private mutating func run(_ words: [String]) {
        switch (words[0], words[1]) {
        case ("start", let name):
            let seed = UInt64(name.utf8.first ?? 0)
            actors[name] = Actor(process: AlerterProcess(fleet: fleet, hash: .libcrypto, seed: seed, schedule: schedule))
        case ("pass", let count):
            if let setting = words.dropFirst(2).first { quality = SampleQuality.allCases.first { "quality=\($0.word)" == setting }! }
            for _ in 0..<Int(count)! { passSecond() }
        case ("kill", let name):
            if words.count > 2 { actors[name]?.killAt = AlerterStage(rawValue: "alerter.\(words[3])")! } else { actors[name] = nil }
        case ("freeze", let name): actors[name]?.freezeAt = AlerterStage(rawValue: "alerter.\(words[3])")!
        case ("thaw", let name):
            actors[name]?.isFrozen = false
            drain(name)
        case ("receiver", "fails"): receiverFailures = Int(words[2])!
        case ("receiver", let word): answer(hangs: word == "hangs")
        case ("log", "kept"): backup = (log, streams, database)
        case ("log", "restored"): (log, streams, database) = backup!
        case ("log", let word): isLogDown = word == "down"
        case ("shipper", let word): shipperRuns = word == "starts"
        default: preconditionFailure("no command '\(words)'")
        }
    }

    private mutating func passSecond() {
        elapsed += 1
        if shipperRuns && !isLogDown { ship() }
        for name in actors.keys.sorted() where actors[name]?.isFrozen == false {
            let (time, wakes) = (now.monotonic, actors[name]!.wakes)
            actors[name]!.wakes = wakes.filter { $0 > time }
            for wake in wakes where wake <= time { feed(name, .woke) }
            feed(name, .tick)
        }
    }

    private mutating func answer(hangs: Bool) {
        receiverHangs = hangs
        guard !hangs else { return }
        for name in actors.keys.sorted() {
            let owed = actors[name]!.unanswered
            actors[name]!.unanswered = []
            for id in owed { feed(name, .attempted(id: id, .delivered)) }
        }
    }

    // MARK: - One process

    private mutating func feed(_ name: String, _ input: AlerterInput) {
        guard actors[name] != nil else { return }
        let now = self.now
        let effects = actors[name]!.process.step(input, now)
        actors[name]!.effects += effects
        let term = actors[name]?.process.actingTerm(at: now.monotonic)
        if term != actors[name]?.term {
            say(term.map { "\(name) leads, term \($0)" } ?? "\(name) does not lead any more")
            actors[name]?.term = term
        }
        drain(name)
    }

    private mutating func drain(_ name: String) {
        while let actor = actors[name], !actor.isFrozen, let effect = actor.effects.first {
            if let stage = effect.stage {
                if actor.killAt == stage {
                    say("\(name) dies \(stage.rawValue.dropFirst(8))")
                    actors[name] = nil
                    return
                }
                if actor.freezeAt == stage {
                    say("\(name) stops \(stage.rawValue.dropFirst(8))")
                    actors[name]?.freezeAt = nil
                    actors[name]?.isFrozen = true
                    return
                }
            }
            actors[name]?.effects.removeFirst()
            if let input = answer(to: effect, name) { feed(name, input) }
        }
    }

    private mutating func answer(to effect: AlerterEffect, _ name: String) -> AlerterInput? {
        switch effect {
        case .askLease: return isLogDown ? .leaseUnanswered : .leaseAnswered(database.askLease(name, fleet.lease.duration, now.monotonic))
        case .findPlace: return isLogDown ? .placeUnknown : .placed(FeedPlace())
        case .readLog(let cursors):
            let movedBack = cursors.filter { $0.value > streams[$0.key, default: []].count }.keys.sorted()
            let news = streams.sorted { $0.key < $1.key }.flatMap { $0.value.dropFirst(Int(cursors[$0.key, default: 0])) }
            return isLogDown ? .readFailed : .read(FeedReading(records: movedBack.isEmpty ? news : [], isComplete: movedBack.isEmpty, logTime: now.wall, movedBack: movedBack))
        case .send(let request): return isLogDown ? .logUnreachable : .logAnswered(apply(request))
        case .recall(let term): return isLogDown ? .recallFailed(term: term) : .recalled(database.recall(records), term: term)
        case .store(let entry): return store(entry, name)
        case .loadDue(let perReceiver, let except):
            return isLogDown ? .dueUnknown : .due(database.due(perReceiver: perReceiver, except: except, now.monotonic))
        case .deliver(let delivery): return deliver(delivery, name)
        case .settle(let attempt):
            if isLogDown { return .settleFailed(id: attempt.id) }
            database.settle(attempt, now.monotonic)
            return .settled(id: attempt.id)
        case .beat(let heartbeat):
            say("\(name) beats, \(heartbeat.firing) firing")
            return .beaten(failure: nil)
        case .prune(let term, _):
            prunes.append(term)
            return isLogDown ? .pruneFailed : .pruned(0)
        case .wake(let at): actors[name]?.wakes.append(at)
        case .note: break
        }
        return nil
    }

    private mutating func store(_ entry: OutboxEntry, _ name: String) -> AlerterInput {
        guard !isLogDown else { return .storeFailed(term: entry.term) }
        let answer = database.store(entry, holder: name, now.monotonic)
        for notification in entry.notifications {
            say("\(name) \(answer == .stored ? "stores" : "is refused to store") \(notification.words)")
        }
        return .stored(answer, term: entry.term)
    }

    private mutating func deliver(_ delivery: AlertDelivery, _ name: String) -> AlerterInput? {
        let words = "attempt \(delivery.attempt): \(delivery.notification.words)"
        // As the run does: whoever was stopped since it decided looks at its lease again.
        guard actors[name]?.process.actingTerm(at: now.monotonic) != nil else {
            say("\(name) does not send, \(words)")
            return .attempted(id: delivery.notification.id, .failed(retryAfter: nil, reason: "the lease ended before it was sent"))
        }
        if receiverHangs {
            say("\(delivery.receiver.name) does not answer \(name), \(words)")
            actors[name]?.unanswered.append(delivery.notification.id)
            return nil
        }
        if receiverFailures > 0 {
            receiverFailures -= 1
            say("\(delivery.receiver.name) refuses \(name), \(words)")
            return .attempted(id: delivery.notification.id, .failed(retryAfter: nil, reason: "the receiver answered 503"))
        }
        let again = heard.contains(delivery.notification.id) ? ", again" : ""
        heard.append(delivery.notification.id)
        say("\(delivery.receiver.name) hears \(name)\(again), \(words)")
        return .attempted(id: delivery.notification.id, .delivered)
    }

    // MARK: - The log

    private mutating func apply(_ request: LogRequest) -> LogAnswer {
        let answer = log.apply(request, nonce: elapsed)
        guard case .append(let append) = request, case .stored = answer else { return answer }
        for (offset, entry) in append.entries.enumerated() {
            let position = LogPosition(stream: append.stream, sequence: append.firstSequence + Int64(offset))
            let decoded = try! entry.decoded()
            streams[append.stream, default: []].append(LogRecord(position: position, entry: decoded, receivedAt: now.wall))
            if case .event(let envelope) = decoded, case .alertChanged(let change)? = try? envelope.fact() {
                say("on the log: \(change.rule) \(change.labels["flow"] ?? change.labels["cluster"]!) \(change.state.rawValue)")
            }
        }
        return answer
    }

    /// The shipper's stream is not what these stories are about: its rows are put there, without the log's protocol.
    private mutating func ship() {
        let stream = StreamName("plant-a/s1")
        func put(_ entry: DecodedEntry) {
            let position = LogPosition(stream: stream, sequence: Int64(streams[stream, default: []].count) + 1)
            streams[stream, default: []].append(LogRecord(position: position, entry: entry, receivedAt: now.wall))
        }
        tickNumber += 1
        if tickNumber == 1 { put(.event(EventEnvelope(.rosterDeclared(.story), at: now.wall))) }
        put(.tick(.story(tickNumber, quality, at: now.wall)))
    }

    private mutating func say(_ line: String) {
        lines.append("\(elapsed / 60 < 10 ? "0" : "")\(elapsed / 60):\(elapsed % 60 < 10 ? "0" : "")\(elapsed % 60) \(line)")
    }

    /// What the alerter's stream says of attempts: `delivered`, `retry`, `dead`.
    var attemptsOnTheLog: [String] {
        records.compactMap { record in
            guard case .event(let envelope) = record.entry, case .notificationSettled(let attempt)? = try? envelope.fact() else { return nil }
            return "\(attempt.attempt) \(attempt.result)"
        }
    }
    /// Every change of an alert, as the log has it.
    var changes: [AlertChange] {
        records.compactMap { record in
            guard case .event(let envelope) = record.entry, case .alertChanged(let change)? = try? envelope.fact() else { return nil }
            return change
        }
    }
    var outbox: [StoryDatabase.Row] { database.rows }
    var cursors: [StreamName: Int64] { database.cursors }
}

extension AlerterEffect {
    fileprivate var stage: AlerterStage? {
        switch self {
        case .store(let entry): entry.notifications.isEmpty ? nil : .beforeStore
        case .deliver: .beforeDelivery
        case .settle: .beforeSettlement
        default: nil
        }
    }
}

extension AlertNotification {
    fileprivate var words: String { "\(told.count(where: \.isFiring)) firing, \(told.count { !$0.isFiring }) resolved" }
}
