import Alerting
import Events
import Fleet
import Quantities

/// What a leader holds for as long as its term lasts: the writer of the alerter's stream, and, once it has recalled what its
/// predecessors left, the state of every alert and who was told.
///
/// A change is told only after it stands on the log, and it is sent only after it stands in the outbox. So a crash at any line
/// loses a thought or repeats a message under its old id, and the successor sees the same alerts with the same beginnings.
struct AlertTerm: Sendable {
    let number: Int64
    var writer: CentralWriter
    private var book: AlertBook?
    private var dispatcher = AlertDispatcher()
    /// What the writer was given and the log has not confirmed, in order; nil for a fact that is no alert's change.
    private var unwritten: [AlertTransition?] = []
    /// Due to be told and not yet in the outbox.
    private(set) var unstored: [AlertNotification] = []
    private(set) var storedCursors: [StreamName: Int64] = [:]
    private var cursorsStoredAt: MonotonicTime?
    var isRecalling = false
    /// What is being recalled may be older than what the log holds now.
    private var mustRecallAgain = false
    /// What the outbox was asked to store and has not answered.
    private(set) var entryUnderWay: OutboxEntry?

    /// How often the cursors are stored where nothing else is.
    static let cursorsEvery = Nanoseconds.seconds(30)

    init(number: Int64, hash: HashFunction, seed: UInt64) {
        self.number = number
        writer = CentralWriter(stream: .alerter, term: number, hash: hash, seed: seed)
    }

    /// Whether it knows what its predecessors left.
    var hasRecalled: Bool { book != nil }
    /// Only a stream that is ours is at rest: no older leader's change, and none of our own, can follow what is recalled. Nor may news of what
    /// was known before still be on their way to the outbox.
    var mayRecall: Bool { book == nil && !isRecalling && writer.head != nil && writer.isIdle && entryUnderWay == nil }
    var active: [(state: AlertChange.State, alert: Alert)] { book?.active ?? [] }

    mutating func recall(_ memory: AlertMemory, now: Now) {
        isRecalling = false
        guard !mustRecallAgain else {
            mustRecallAgain = false
            return
        }
        #if DEBUG
        let memory = PlantedBug.successorForgets.isPlanted ? AlertMemory() : memory
        #endif
        book = AlertBook(restoring: memory.changes, now: now)
        dispatcher = AlertDispatcher(restoring: memory.changes, notifications: memory.notifications, now: now.monotonic)
    }

    mutating func notRecalled() { (isRecalling, mustRecallAgain) = (false, false) }

    /// The log was restored to an older state, in which other alerts are active and others were told: what it says then is recalled, and looked
    /// at anew. Else an alert that ended since would stand there for ever.
    mutating func beginAnew() {
        mustRecallAgain = isRecalling
        book = nil
        dispatcher = AlertDispatcher()
        // What came of a delivery rests on no alert's state, and is told all the same.
        let isKept = unwritten.indices.map { $0 < writer.underWay || unwritten[$0] == nil }
        writer.beginAnew(keeping: isKept)
        unwritten = zip(unwritten, isKept).filter(\.1).map(\.0)
        unstored = []
    }

    // MARK: - What changes

    /// Looks at every rule once and writes down what changed; the transitions.
    mutating func evaluate(_ fleet: FleetConfiguration, _ observer: FleetObserver, unjudged: Set<ClusterID>, now: Now) -> [AlertTransition] {
        guard let transitions = book?.evaluate(fleet, observations: observer.observations, unjudged: unjudged, now: now) else { return [] }
        for transition in transitions { write(.alertChanged(transition.change), about: transition, at: now.wall) }
        return transitions
    }

    mutating func write(_ fact: Fact, about transition: AlertTransition? = nil, at time: WallTime) {
        writer.add([LogEntry(EventEnvelope(fact, at: time))])
        unwritten.append(transition)
    }

    /// So many entries, the first ones given, stand on the log now.
    mutating func written(_ count: Int, now: MonotonicTime) {
        for case let transition? in unwritten.prefix(count) { dispatcher.apply(transition, at: now) }
        unwritten.removeFirst(min(count, unwritten.count))
    }

    // MARK: - Who is told

    /// What is to be stored now, if anything. One entry is under way at a time, and no news are made before the last are stored.
    mutating func entry(_ fleet: FleetConfiguration, _ cursors: [StreamName: Int64], now: MonotonicTime) -> OutboxEntry? {
        guard hasRecalled, entryUnderWay == nil else { return nil }
        if unstored.isEmpty { unstored = dispatcher.due(fleet, now: now) }
        let cursorsAreDue = cursorsStoredAt.map { now - $0 >= AlertTerm.cursorsEvery } ?? true
        guard !unstored.isEmpty || cursorsAreDue else { return nil }
        let moved = cursors.filter { storedCursors[$0.key] != $0.value }
        guard !unstored.isEmpty || !moved.isEmpty else { return nil }
        cursorsStoredAt = now
        entryUnderWay = OutboxEntry(term: number, notifications: unstored, cursors: moved)
        return entryUnderWay
    }

    mutating func stored() {
        guard let entry = entryUnderWay else { return }
        entryUnderWay = nil
        unstored = []
        storedCursors.merge(entry.cursors) { _, new in new }
    }

    /// The same notifications go into the next entry: their ids make a second storing harmless.
    mutating func notStored() {
        entryUnderWay = nil
        cursorsStoredAt = nil
    }
}
