import Alerter
import Alerting
import Cryptography
import Events
import Fleet
import Quantities
import Testing

/// Aim: what the alerter makes of the rows it reads. Method: readings by hand, given to the process.
@Suite struct FleetFeedTests {
    private var process = AlerterProcess(fleet: .story, hash: .libcrypto, seed: 1)
    private let now = Now(monotonic: MonotonicTime(nanoseconds: 9_000_000_000_000), wall: WallTime(microseconds: 5_000_000_000_000))
    private let logTime = WallTime(microseconds: 1_800_000_000_000_000)

    private func roster(_ spool: String) -> LogRecord { record(spool, 1, age: 900, .event(EventEnvelope(.rosterDeclared(.story), at: logTime))) }
    private func tick(_ spool: String, _ sequence: Int64, age: Int64, _ quality: SampleQuality = .measured, lease: Int32 = 1, roster: Int64 = 1) -> LogRecord {
        var tick = Tick.story(sequence, quality, at: WallTime(microseconds: 0))
        tick.leaseTransitions = lease
        tick.rosterSequence = roster
        return record(spool, sequence, age: age, .tick(tick))
    }
    private func record(_ spool: String, _ sequence: Int64, age: Int64, _ entry: DecodedEntry) -> LogRecord {
        LogRecord(
            position: LogPosition(stream: StreamName("plant-a/\(spool)"), sequence: sequence), entry: entry, receivedAt: logTime + .seconds(-age))
    }
    private mutating func read(_ records: [LogRecord], movedBack: [StreamName] = []) -> [AlerterEffect] {
        if process.step(.tick, now).contains(.findPlace) { _ = process.step(.placed(FeedPlace()), now) }
        return process.step(.read(FeedReading(records: records, isComplete: true, logTime: logTime, movedBack: movedBack)), now)
    }
    private var lastTickAge: Nanoseconds? { process.observations["plant-a"]?.lastTickAt.map { now.monotonic - $0 } }
    private var quality: SampleQuality? { process.observations["plant-a"]?.flow("robot-control")?.quality }

    @Test mutating func `a row is as old as the log's clock says, whatever our own and the shipper's say`() {
        _ = read([roster("s1"), tick("s1", 2, age: 40)])
        #expect(lastTickAge == .seconds(40))
    }

    @Test mutating func `a log whose clock stepped back makes no row newer than now`() {
        _ = read([roster("s1"), tick("s1", 2, age: -3_600)])
        #expect(lastTickAge == .zero)
    }

    @Test mutating func `what another spool sent before what is known is history, unless it led later`() {
        _ = read([roster("s1"), tick("s1", 2, age: 10, .missing), roster("s2"), tick("s2", 2, age: 30, .measured)])
        #expect(lastTickAge == .seconds(10) && quality == .missing)
        _ = read([tick("s2", 3, age: 25, .partial, lease: 2)])
        #expect(quality == .partial, "a later leader")
        _ = read([tick("s2", 4, age: 5, .measured, lease: 2)])
        #expect(lastTickAge == .seconds(5) && quality == .measured)
    }

    @Test mutating func `shares come from the coordinator's stream, and from no other`() {
        let allocation = AllocationRecord(
            version: GrantVersion(term: 1, version: 1), isFeasible: false, links: [],
            shares: [.init(cluster: "plant-a", workload: "telemetry-upload", share: .megabits(5), granted: .megabits(5), binding: "link wan", next: nil)],
            certificate: "", foldedThrough: [])
        func told(by stream: StreamName) -> LogRecord {
            LogRecord(
                position: LogPosition(stream: stream, sequence: 1), entry: .event(EventEnvelope(.allocationDecided(allocation), at: logTime)),
                receivedAt: logTime + .seconds(-3))
        }
        _ = read([told(by: "plant-a/s1"), told(by: .operator)])
        #expect(process.observations["plant-a"]?.share(of: "telemetry-upload") == nil)
        _ = read([told(by: .coordinator)])
        let share = process.observations["plant-a"]?.share(of: "telemetry-upload")
        #expect(share?.share == .megabits(5) && share.map { now.monotonic - $0.decidedAt } == .seconds(3))
    }

    @Test mutating func `a row that names a roster which was not read is passed over`() {
        _ = read([roster("s1"), tick("s1", 2, age: 1, roster: 7)])
        #expect(lastTickAge == nil)
    }

    @Test mutating func `a spool that calls itself another cluster is not believed`() {
        var roster = Roster.story
        roster.cluster = "plant-b"
        let forged = record("s1", 1, age: 9, .event(EventEnvelope(.rosterDeclared(roster), at: logTime)))
        _ = read([forged, tick("s1", 2, age: 1, .missing)])
        #expect(process.observations.isEmpty)
        let position = LogPosition(stream: "plant-a/s3", sequence: 1)
        _ = process.step(.placed(FeedPlace(cursors: ["plant-a/s3": 1], rosters: [position: roster])), now)
        _ = read([tick("s3", 2, age: 1, .missing)])
        #expect(process.observations.isEmpty)
    }

    @Test mutating func `a page of nothing but unreadable entries is gone past, not read again`() {
        _ = read([])
        let page = (1...500).map { LogPosition(stream: "plant-a/s1", sequence: $0) }
        let reading = FeedReading(records: [], unreadable: page, isComplete: false, logTime: logTime)
        #expect(process.step(.read(reading), now) == [.readLog(after: ["plant-a/s1": 500])])
    }

    @Test mutating func `the roster may come with the place`() {
        _ = process.step(.tick, now)
        let position = LogPosition(stream: "plant-a/s1", sequence: 1)
        let effects = process.step(.placed(FeedPlace(cursors: ["plant-a/s1": 600], rosters: [position: .story])), now)
        #expect(effects == [.readLog(after: ["plant-a/s1": 600])])
        _ = read([tick("s1", 599, age: 80), tick("s1", 601, age: 2)])
        #expect(lastTickAge == .seconds(2))
    }

    @Test mutating func `a log that moved back is read from where the database says`() {
        _ = read([roster("s1"), tick("s1", 2, age: 1)])
        #expect(read([], movedBack: ["plant-a/s1"]).contains(.findPlace))
        #expect(process.step(.placed(FeedPlace()), now) == [.readLog(after: [:])])
    }
}
