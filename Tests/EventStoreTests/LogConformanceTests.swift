import Cryptography
import EventStore
import Events
import Foundation
import PostgreSQL
import Quantities
import Testing

/// Aim: the SQL functions and the pure machine are one log (I1, I2, I3, I4, I6). Method: the same random list of requests, good and
/// bad, goes to both; every answer must be equal, and at the end a reader and a verifier find in the database what the machine holds.
/// 1,000 lists, 10,000 with `FAIRLEAD_FULL=1`; two databases share them. A failing list is named by its seed: `FAIRLEAD_CONFORMANCE_SEED=n` runs
/// that one alone, `FAIRLEAD_CONFORMANCE_LISTS` says how many.
@Suite struct LogConformanceTests {
    @Test func `random request lists get equal answers from the machine and from PostgreSQL`() async throws {
        let environment = ProcessInfo.processInfo.environment
        let lists = environment["FAIRLEAD_CONFORMANCE_LISTS"].flatMap { UInt64($0) } ?? (environment["FAIRLEAD_FULL"] == "1" ? 10_000 : 1_000)
        let seeds = environment["FAIRLEAD_CONFORMANCE_SEED"].flatMap { UInt64($0) }.map { $0...$0 } ?? 1...lists
        async let even = run(seeds.filter { $0 % 2 == 0 })
        async let odd = run(seeds.filter { $0 % 2 == 1 })
        let seen = try await even.merging(try await odd, uniquingKeysWith: +)
        // A generator that no longer reaches an answer would prove nothing about it.
        if seeds.count >= 60 {
            for word in ["opened", "stored", "duplicate", "conflict", "outOfOrder", "fenced", "headMovedBack", "malformed-entry", "empty-batch", "batch-too-large", "foreign-kind", "absurd-time", "unknown-kind", "future-version", "absurd-epoch", "name-too-long", "unknown-stream", "stale-term", "closed"] {
                #expect(seen[word, default: 0] > 0, "no request was answered \(word): \(seen)")
            }
        }
    }

    /// Runs these lists one after the other in one database; returns how often each answer was given.
    private func run(_ seeds: [UInt64]) async throws -> [String: Int] {
        let database = try await TestDatabase.make()
        // A list lasts less than a day: two will do, and fifteen make every plan seven times as long.
        try database.run(
            "DO $$ DECLARE t text; BEGIN FOR t IN SELECT c.oid::regclass::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent IN ('fairlead.tick'::regclass, 'fairlead.event'::regclass) AND to_date(right(c.relname, 8), 'YYYYMMDD') > (now() AT TIME ZONE 'UTC')::date + 1 LOOP EXECUTE 'DROP TABLE ' || t; END LOOP; END $$")
        let (connection, cleaner) = (database.connection(), try database.session())
        var seen: [String: Int] = [:]
        for seed in seeds {
            try cleaner.runScript(
                PostgresStatement(
                    name: "clean",
                    text: "DELETE FROM fairlead.tick; DELETE FROM fairlead.event; DELETE FROM fairlead.stream; DELETE FROM fairlead.roster; DELETE FROM fairlead.grant_head; DELETE FROM fairlead.alert"))
            var list = ConformanceList(seed: seed)
            for step in 0..<40 {
                let request = list.next()
                let answer = try await PostgresLog(connection).answer(request)
                let expected = list.expect(request, answered: answer)
                try #require(answer == expected, "seed \(seed), step \(step): \(request)")
                seen[list.word(answer), default: 0] += 1
                if case (.declareLost, .stored) = (request, answer) { seen["closed", default: 0] += 1 }
            }
            try await compareContents(list.machine, connection, seed: seed)
        }
        return seen
    }

    private func compareContents(_ machine: LogMachine, _ connection: PostgresConnection, seed: UInt64) async throws {
        let reader = LogReader(connection)
        let batch = try await reader.batch(after: [:])
        #expect(batch.isComplete)
        for stream in machine.streamNames {
            let stored = batch.records.filter { $0.position.stream == stream }
            let expected = machine.entries(of: stream, after: 0, limit: .max)
            #expect(stored.map(\.position.sequence) == expected.map(\.sequence), "seed \(seed), \(stream)")
            #expect(try stored.map(\.entry) == expected.map { try $0.entry.decoded() }, "seed \(seed), \(stream)")
        }
        for report in try await LogVerifier(connection, hash: .libcrypto).verify() {
            // The lists close holes and mention none of them: exactly those are found, and nothing else.
            let holes = machine.entries(of: report.stream, after: 0, limit: .max).compactMap { closedRange($0) }
            #expect(report.findings == holes.map { .unmentionedLoss($0) }, "seed \(seed), \(report.stream)")
            #expect(report.entries + report.lost == (machine.head(of: report.stream)?.sequence ?? 0) + Int64(holes.count))
        }
    }
}

/// The hole that this entry closes; nil where it closes none.
private func closedRange(_ stored: (sequence: Int64, entry: LogEntry)) -> ClosedRange<Int64>? {
    guard case .event(let event)? = try? stored.entry.decoded(), case .entriesLost(let lost)? = try? event.fact(),
        lost.isClosed(at: stored.sequence)
    else { return nil }
    return lost.first...lost.last
}

/// One seeded list of requests, with the machine that says what each should be answered.
struct ConformanceList {
    private(set) var machine = LogMachine(hash: .libcrypto)
    private var samples: SampleEntries
    private let streams: [StreamName] = ["plant-a/s1", "plant-a/s2", "plant-b/s1", .coordinator, .alerter]
    private let clusters: [ClusterID] = ["plant-a", "plant-b"]
    /// Every claim ever given, old ones too.
    private var claims: [StreamName: [StreamClaim]] = [:]

    init(seed: UInt64) { samples = SampleEntries(seed: seed) }

    mutating func next() -> LogRequest {
        let stream = streams.randomElement(using: &samples.random)!
        guard let claim = claims[stream]?.last, !samples.chance(6) else { return open(stream) }
        return samples.chance(9) ? .declareLost(loss(stream, claim)) : .append(append(stream, claim))
    }

    /// Mostly a hole right at the head; sometimes one that the log holds, one elsewhere, or one that is none.
    private mutating func loss(_ stream: StreamName, _ newest: StreamClaim) -> LossRequest {
        let head = machine.head(of: stream)!
        var lost = LostRange(
            first: head.sequence + 1, last: head.sequence + samples.number(1...5), digestBefore: head.digest,
            digestAfter: Digest(bytes: (0..<32).map { _ in UInt8(samples.number(0...255)) })!,
            cause: ["full", "damaged", "forgotten", "refused"].randomElement(using: &samples.random)!)
        var claim = newest
        switch samples.number(0...11) {
        case 0:
            lost.first = max(1, head.sequence - samples.number(0...4))
            lost.last = max(lost.first, head.sequence - samples.number(0...2))
            if samples.chance(2) { lost.digestAfter = digest(of: stream, at: lost.last) }
        case 1: lost.first += samples.number(-2...2)
        case 2: lost.last = lost.first - samples.number(1...3)
        case 3: lost.digestBefore = .zero
        case 4: lost.cause = ["", "Full", "two words", String(repeating: "x", count: 41), "a\nb"].randomElement(using: &samples.random)!
        case 5: lost.last = lost.first + LossRequest.maximumCount
        case 6: claim.epoch += samples.number(-1...1)
        case 7: claim.nonce &+= 1
        default: break
        }
        return LossRequest(
            stream: stream, epoch: claim.epoch, nonce: claim.nonce, lost: lost,
            at: WallTime(microseconds: samples.number(1_700_000_000_000_000...1_900_000_000_000_000)))
    }

    private mutating func open(_ stream: StreamName) -> LogRequest {
        if claims[stream] == nil && samples.chance(8) {
            return .append(AppendRequest(stream: stream, epoch: 1, nonce: 1, firstSequence: 1, previousDigest: .zero, entries: []))
        }
        if samples.chance(30) {
            return .open(OpenRequest(stream: StreamName(cluster: "plant-a", spool: String(repeating: "é", count: Int(samples.number(95...97)))), highestEpochSeen: 0))
        }
        let epoch = claims[stream]?.last?.epoch ?? 0
        if samples.chance(20) {
            // A step of the bound itself is taken, and makes epochs large; one more is not.
            let seen = [epoch + OpenRequest.maximumLead + samples.number(0...1), .max, .min].randomElement(using: &samples.random)!
            return .open(OpenRequest(stream: stream, highestEpochSeen: seen, term: stream.cluster == nil && samples.chance(2) ? max(seen, 1) : nil))
        }
        let seen = samples.chance(4) ? epoch + samples.number(0...3) : 0
        let term = stream.cluster == nil && samples.chance(2) ? max(1, epoch + samples.number(-1...2)) : nil
        return .open(OpenRequest(stream: stream, highestEpochSeen: seen, term: term))
    }

    private mutating func append(_ stream: StreamName, _ newest: StreamClaim) -> AppendRequest {
        let head = machine.head(of: stream)!
        var request = AppendRequest(
            stream: stream, epoch: newest.epoch, nonce: newest.nonce, firstSequence: head.sequence + 1, previousDigest: head.digest,
            entries: (0..<samples.number(1...5)).map { _ in entry(for: stream) })
        switch samples.number(0...11) {
        case 0: resend(&request, overlap: false)
        case 1: resend(&request, overlap: true)
        case 2:
            resend(&request, overlap: true)
            let place = Int(samples.number(0...Int64(request.entries.count - 1)))
            request.entries[place] = samples.chance(4) ? samples.malformed() : entry(for: request.stream)
        case 3: request.entries.insert(samples.malformed(), at: Int(samples.number(0...Int64(request.entries.count))))
        case 4: distort(&request)
        default: break
        }
        return request
    }

    /// As a rule one that the stream may tell, at a time that can be.
    private mutating func entry(for stream: StreamName) -> LogEntry {
        if samples.chance(40) { return samples.entry(clusters: clusters) }
        let entry = samples.entry(clusters: clusters, admittedIn: stream)
        guard samples.chance(40), let decoded = try? entry.decoded() else { return entry }
        let time = WallTime(microseconds: [.min, -1, 9_000_000_000_000_001, .max].randomElement(using: &samples.random)!)
        switch decoded {
        case .tick(var tick):
            tick.at = time
            return LogEntry(tick)
        case .event(var event):
            event.at = time
            return LogEntry(event)
        }
    }

    /// From somewhere on the log on: exactly what stands there, and new entries behind where `overlap`.
    private mutating func resend(_ request: inout AppendRequest, overlap: Bool) {
        let head = request.firstSequence - 1
        guard head > 0 else { return }
        let first = max(1, head - samples.number(0...12))
        // Up to the first hole: nobody can resend what is lost.
        let stored = zip(machine.entries(of: request.stream, after: first - 1, limit: Int(samples.number(1...14))), first...)
            .prefix { $0.sequence == $1 }.map(\.0.entry)
        guard !stored.isEmpty else { return }
        let reachesHead = first + Int64(stored.count) - 1 == head
        request.entries = stored + (overlap && reachesHead ? request.entries : [])
        request.firstSequence = first
        request.previousDigest = digest(of: request.stream, at: first - 1)
    }

    private mutating func distort(_ request: inout AppendRequest) {
        switch samples.number(0...7) {
        case 0: request.entries = []
        case 1: request.entries = [LogEntry](repeating: LogEntry(EventEnvelope(kind: "process_started", version: 1, at: WallTime(microseconds: 0), body: "{}")), count: 501)
        case 2: request.firstSequence += samples.number(1...3)
        case 3: request.firstSequence = samples.number(-1...0)
        case 4: request.previousDigest = .zero
        case 5: request.epoch += 1
        case 6: request.nonce &+= 1
        default:
            let old = claims[request.stream]!.randomElement(using: &samples.random)!
            request.epoch = old.epoch
            request.nonce = old.nonce
        }
    }

    /// The digest at a place, or nothing of worth inside a hole.
    private func digest(of stream: StreamName, at sequence: Int64) -> Digest {
        sequence == machine.head(of: stream)?.sequence ? machine.head(of: stream)!.digest : machine.digest(of: stream, at: sequence) ?? .zero
    }

    /// What the machine answers, given the nonce that the database drew.
    mutating func expect(_ request: LogRequest, answered answer: LogAnswer) -> LogAnswer {
        var nonce: Int64 = 0
        if case .opened(let claim, _, _) = answer { nonce = claim.nonce }
        let expected = machine.apply(request, nonce: nonce)
        if case .opened(let claim, _, _) = expected, case .open(let open) = request { claims[open.stream, default: []].append(claim) }
        return expected
    }

    func word(_ answer: LogAnswer) -> String {
        switch answer {
        case .opened: "opened"
        case .stored: "stored"
        case .duplicate: "duplicate"
        case .conflict: "conflict"
        case .outOfOrder: "outOfOrder"
        case .fenced: "fenced"
        case .headMovedBack: "headMovedBack"
        case .refused(let refusal): refusal.rawValue
        }
    }
}
