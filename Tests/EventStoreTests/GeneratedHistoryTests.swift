import Cryptography
import EventStore
import Events
import Foundation
import PostgreSQL
import PrivatePostgres
import Quantities
import Schema
import Testing

/// Aim: the log of a month is still a log: its days are dropped, it verifies, its projections are made again and are equal, its roll-ups outlive
/// the raw rows, a server clock that steps back opens nothing again (I7, I11), and no shipped query reads more than its budget.
/// Method: a server that believes in other days (libfaketime) takes a generated history through the real append. Sparse, and printed: 6 days × 12
/// streams with a tick per half hour and a dense hour; with `FAIRLEAD_FULL=1` 30 days × 200 streams with one per 5 minutes and a dense day × 10,
/// in ten minutes; with `FAIRLEAD_HISTORY=days,streams,ticks-a-day,dense-streams,dense-ticks` as it says. What each part took is printed.
@Suite(.serialized) struct GeneratedHistoryTests {
    private struct Scale {
        var (days, streams, ticksPerDay, denseStreams, denseTicks) = (6, 12, 48, 2, 600)
        static let chosen: Scale = {
            var scale = Scale()
            let given = (ProcessInfo.processInfo.environment["FAIRLEAD_HISTORY"] ?? "").split(separator: ",").compactMap { Int($0) }
            if given.count == 5 {
                (scale.days, scale.streams, scale.ticksPerDay, scale.denseStreams, scale.denseTicks) = (given[0], given[1], given[2], given[3], given[4])
                return scale
            }
            guard ProcessInfo.processInfo.environment["FAIRLEAD_FULL"] == "1" else { return scale }
            (scale.days, scale.streams, scale.ticksPerDay, scale.denseStreams, scale.denseTicks) = (30, 200, 288, 10, 17_280)
            return scale
        }()
    }
    private static let keptDays: Int32 = 2
    private static let firstDay: Int64 = 20_513  // 2026-03-01, days since 1970

    @Test func `days go, the chain holds, a rebuild is equal, no clock opens a day again, and each query keeps its budget (I6, I7, I11)`() async throws {
        let scale = Scale.chosen
        var phases = Phases()
        let clock = try OtherDay()
        let server = try clock.server()
        var settings = ConnectionSettings.socket(directory: server.socketDirectory, user: server.superuser, database: "postgres")
        settings.statementTimeout = .seconds(3_600)  // as fairlead db rebuild has it
        // The server would hold its own timers against the false clock, which a handler of signals has been seen to read wrongly: only ours counts.
        settings.keywords["options"] = "-c statement_timeout=0"
        let connection = PostgresConnection(settings)
        let administration = LogAdministration(connection)
        clock.set(day: Self.firstDay)
        try await DatabaseSchema(connection).migrate()
        var writers: [HistoryWriter] = []
        for number in 0..<scale.streams { writers.append(try await HistoryWriter(PostgresLog(connection), StreamName(cluster: ClusterID("plant-\(number)"), spool: "s"))) }
        for day in 0..<scale.days {
            clock.set(day: Self.firstDay + Int64(day))
            try await administration.makePartitions()
            for place in writers.indices {
                let isDense = day == scale.days - 1 && place < scale.denseStreams
                try await writers[place].write(day: Self.firstDay + Int64(day), ticks: isDense ? scale.denseTicks : scale.ticksPerDay, isDense: isDense)
            }
        }
        phases.end("written")
        let ticks = writers.reduce(0) { $0 + $1.ticks }
        print("history: \(scale.days) days × \(scale.streams) streams × \(scale.ticksPerDay) ticks a day, the last day of \(scale.denseStreams) with \(scale.denseTicks) 5 s apart: \(ticks) ticks")
        #expect(try number("SELECT count(*)::text FROM fairlead.tick", settings) == Int64(ticks))
        #expect(try number("SELECT count(DISTINCT received_on)::text FROM fairlead.tick", settings) == Int64(scale.days))

        let projections = Projections(connection)
        while try await projections.fold() > 0 {}
        phases.end("folded")
        let verifier = LogVerifier(connection, hash: .libcrypto)
        #expect(try await verifier.verify().flatMap(\.findings) == [])
        phases.end("verified")
        let before = try await projections.digests()
        phases.end("projections' digests")
        let rolledUp = try number("SELECT sum(ticks_counted)::text FROM (SELECT count(*) AS ticks_counted FROM analytics.flow_rollup) AS r", settings)
        phases.end("roll-ups counted through the view")

        let retention = LogRetention(connection)
        var dropped: [String] = []
        for day in try await retention.days() where day.bytes != nil {
            guard try await retention.obstacles(day: day.day, keepDays: Self.keptDays) == [] else { break }
            #expect(try await retention.drop(day: day.day, keepDays: Self.keptDays) == Int32(scale.streams))
            dropped.append(day.day)
        }
        phases.end("days dropped")
        #expect(dropped.count == scale.days - 1 - Int(Self.keptDays))
        #expect(try await verifier.verify().flatMap(\.findings) == [], "from the seals on")
        phases.end("verified from the seals on")
        #expect(try await projections.digests() == before)
        _ = try await projections.rebuild()
        phases.end("rebuilt")
        #expect(try await projections.digests() == before, "made again from what is left, with the sealed windows as they were")
        #expect(try number("SELECT count(*)::text FROM analytics.flow_rollup", settings) == rolledUp)
        phases.end("compared")
        try QueryBudgets(session: try PostgresSession(settings), writer: writers[0], streams: scale.streams, now: Self.firstDay + Int64(scale.days)).expectAll()
        phases.end("queries held to their budgets")

        // The clock steps back to the first day, which is sealed and gone.
        clock.set(day: Self.firstDay)
        #expect(try number("SELECT (clock_timestamp()::date - date '1970-01-01')::text", settings) == Self.firstDay)
        try await administration.makePartitions()
        try await writers[0].write(day: Self.firstDay, ticks: 1, isDense: false)
        #expect(try number("SELECT (min(received_on) - date '1970-01-01')::text FROM fairlead.tick", settings) == Self.firstDay + Int64(dropped.count))
        await #expect(throws: HistoryWriter.NotStored(answer: .refused(.noPartition)), "a stream that is new today has no day to stand in") {
            var late = try await HistoryWriter(PostgresLog(connection), "plant-late/s")
            try await late.write(day: Self.firstDay, ticks: 1, isDense: false)
        }
        #expect(try await retention.days().filter { $0.bytes != nil }.allSatisfy { !dropped.contains($0.day) })
        #expect(try await verifier.verify().flatMap(\.findings) == [])
        phases.end("the clock stepped back, and verified")
        await connection.close()
    }

    /// Where the time of a long history goes, told at once, so that one that is given up says what it was at.
    private struct Phases {
        private var begun = ContinuousClock.now
        mutating func end(_ phase: String) {
            print("  \(phase): \(begun.duration(to: .now).formatted(.units(allowed: [.minutes, .seconds], fractionalPart: .show(length: 1))))")
            fflush(nil)
            begun = .now
        }
    }

    private func number(_ text: String, _ settings: ConnectionSettings) throws -> Int64? {
        try PostgresSession(settings).queryOne(PostgresStatement(name: "number", text: text)) { row throws(PostgresError) in
            Int64(try row.value(at: 0, as: String.self))
        }
    }
}

/// One stream of the history, and where it stands.
struct HistoryWriter {
    struct NotStored: Error, Equatable { let answer: LogAnswer }
    private static let batch = 250

    let log: PostgresLog
    let stream: StreamName
    let claim: StreamClaim
    private(set) var head: StreamHead
    private(set) var ticks = 0
    var sequence: Int64 { head.sequence }

    init(_ log: PostgresLog, _ stream: StreamName) async throws {
        (self.log, self.stream) = (log, stream)
        let answer = try await log.answer(.open(OpenRequest(stream: stream, highestEpochSeen: 0)))
        guard case .opened(let claim, _, _) = answer else { throw NotStored(answer: answer) }
        (self.claim, head) = (claim, claim.head)
    }

    /// A day's ticks at their even distance, or 5 s apart; before the first the roster.
    mutating func write(day: Int64, ticks count: Int, isDense: Bool) async throws {
        let step = isDense ? 5_000_000 : 86_400_000_000 / Int64(count)
        var entries: [LogEntry] = []
        if head.sequence == 0 { entries.append(LogEntry(EventEnvelope(.rosterDeclared(SampleEntries.roster(stream.cluster!)), at: WallTime(microseconds: day * 86_400_000_000)))) }
        for place in 0..<Int64(count) {
            ticks += 1
            entries.append(LogEntry(tick(at: WallTime(microseconds: day * 86_400_000_000 + place * step))))
            if entries.count == HistoryWriter.batch { try await send(&entries) }
        }
        try await send(&entries)
    }

    private mutating func send(_ entries: inout [LogEntry]) async throws {
        guard !entries.isEmpty else { return }
        let answer = try await log.answer(
            .append(
                AppendRequest(
                    stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: head.sequence + 1, previousDigest: head.digest, entries: entries)))
        guard case .stored(let stored, _) = answer else { throw NotStored(answer: answer) }
        head = stored
        entries = []
    }

    func tick(at: WallTime) -> Tick {
        let swing = Int32(ticks % 97)
        var tick = Tick(number: Int64(ticks), at: at, intervalMilliseconds: 5_000, rosterSequence: 1)
        for flow in 0..<Int32(2) {
            tick.flows.append(
                FlowSample(
                    quality: .measured, count: 99, lost: 1, windowMilliseconds: 5_000, ageMilliseconds: 40, base: .microseconds(1_900),
                    p50: .microseconds(100 + swing), p95: .microseconds(400 + 9 * swing + flow), p99: .microseconds(600 + 10 * swing), max: .microseconds(900 + 12 * swing)))
        }
        tick.workloads = [WorkloadUse(used: .megabits(90), quality: .measured, offered: .atLimit, applied: .megabits(100), desired: .megabits(100), replicas: 3)]
        tick.decision = LoopDecision(
            link: 0, law: 0, stateBefore: [1],
            input: LoopInput(
                flow: 0, quality: .measured, target: .microseconds(1_000), bound: .microseconds(1_500), elapsedMilliseconds: 5_000, floor: .megabits(10),
                ceiling: .megabits(1_000), evidence: []),
            outcome: LoopOutcome(action: .hold, reason: .insideDeadband, lowerThreshold: .zero, upperThreshold: .zero, desired: .megabits(500)))
        return tick
    }
}

/// A clock file that libfaketime reads, and servers that believe it.
private final class OtherDay: Sendable {
    private let library: String
    private let directory: String

    init() throws {
        let roots = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib").map { "/usr/lib/\($0)/faketime/libfaketime.so.1" }
        library = try #require(roots.first { FileManager.default.fileExists(atPath: $0) }, "libfaketime is needed (deploy/packages)")
        directory = FileManager.default.temporaryDirectory.appending(path: "fairlead-clock-\(UInt64.random(in: 0 ... .max))").path()
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        set(day: 0)
    }
    deinit { try? FileManager.default.removeItem(atPath: directory) }  // a leftover in /tmp harms nobody

    /// Ten in the morning of that day (since 1970), UTC.
    func set(day: Int64) {
        let date = Date(timeIntervalSince1970: Double(day) * 86_400).formatted(.iso8601.year().month().day())
        let isWritten = FileManager.default.createFile(atPath: "\(directory)/clock", contents: Data("@\(date) 10:00:00\n".utf8), attributes: [.posixPermissions: 0o644])
        precondition(isWritten, "\(directory)/clock cannot be written")
    }

    func server() throws -> PrivateServer {
        var options = PrivateServer.Options()
        options.syncsToDisk = false
        options.environment = [
            "LD_PRELOAD=\(library)", "FAKETIME_TIMESTAMP_FILE=\(directory)/clock", "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1",
        ]
        options.settings = ["autovacuum=off"]
        return try PrivateServer.temporary(options: options)
    }
}
