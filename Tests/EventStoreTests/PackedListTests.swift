import Events
import PostgreSQL
import Quantities
import Testing

/// Aim: the database reads a tick's lists as the binary does, and lets in no list that a reader would stumble over.
/// Method: seeded random ticks through `record_send`'s form; then single bytes of their lists forged.
@Suite struct PackedListTests {
    @Test func `SQL reads the lists that the codec writes`() async throws {
        let database = try await TestDatabase.make()
        let session = try database.session()
        var samples = SampleEntries(seed: 3)
        for _ in 0..<25 {
            let tick = samples.tick()
            let read = try session.queryOne(
                PostgresStatement(
                    name: "lists",
                    text: "SELECT fairlead.ticks_are_sound(ARRAY[t]) AS sound, fairlead.unpacked(t.flow_p95_100ns) AS p95, fairlead.unpacked(t.workload_used_bps) AS used, fairlead.unpacked(t.flow_count) AS counts FROM unnest($1::fairlead.tick_body[]) AS t LIMIT 1"),
                [try parameter(tick.recordBytes(), in: session)]
            ) { row throws(PostgresError) in
                (
                    try row.value("sound", as: Bool.self), try row.value("p95", as: [Int64?].self), try row.value("used", as: [Int64?].self),
                    try row.value("counts", as: [Int64?].self)
                )
            }
            #expect(read.0)
            #expect(try isSound(tick.recordBytes(), session))
            #expect(read.1 == tick.flows.map { $0.p95.map { Int64($0.hundredNanoseconds) } })
            #expect(read.2 == tick.workloads.map { $0.used?.bitsPerSecond })
            #expect(read.3 == tick.flows.map { Int64($0.count) })
        }
    }

    @Test func `a tick whose lists disagree, or hold what no reader knows, is not sound`() async throws {
        let database = try await TestDatabase.make()
        let session = try database.session()
        var tick = Tick(number: 1, at: WallTime(microseconds: 0), intervalMilliseconds: 5_000, rosterSequence: 1)
        tick.flows = (0..<20).map { FlowSample(quality: .measured, count: 100 + $0, lost: 0, windowMilliseconds: 5_000, p95: .microseconds(10 * $0)) }
        tick.workloads = [WorkloadUse(used: .megabits(1), quality: .measured)]
        let record = tick.recordBytes()
        #expect(try isSound(record, session))
        // Widths, lengths and bases of each list, one after the other: whatever the binary refuses, the database refuses too.
        var refused = 0
        for place in PackedListTests.listBytes(of: record) {
            for change in [UInt8(0x01), 0x80] {
                var forged = record
                forged[place] ^= change
                guard (try? Tick(recordBytes: forged)) == nil else { continue }  // another tick, and a good one
                // Bytes that are no record at all do not even arrive.
                guard let sound = try? isSound(forged, after: record, session) else { continue }
                #expect(!sound, "byte \(place) changed by \(change)")
                refused += 1
            }
        }
        #expect(refused > 30)
    }

    @Test func `a tick as a plant writes it is known to be sound without a look at each value`() async throws {
        let database = try await TestDatabase.make()
        let session = try database.session()
        for count in 0..<Int32(40) {
            var tick = Tick(number: 1, at: WallTime(microseconds: 0), intervalMilliseconds: 5_000, rosterSequence: 1)
            // From none to many, one in seven missing.
            for place in 0..<count {
                var flow = FlowSample(quality: .missing, count: 100 - place, lost: place % 2, windowMilliseconds: 5_000)
                if place % 7 != 3 {
                    flow.quality = .measured
                    flow.ageMilliseconds = 40
                    flow.base = .microseconds(1_900)
                    flow.p95 = .microseconds(10 * place)
                }
                tick.flows.append(flow)
            }
            for place in 0..<(count % 6) {
                tick.workloads.append(WorkloadUse(used: .megabits(50 + Int64(place)), quality: .measured, applied: .megabits(10_000), replicas: 3))
            }
            let looksSound = try session.queryOne(
                PostgresStatement(name: "looks", text: "SELECT fairlead.tick_looks_sound(t) AND fairlead.ticks_look_sound(ARRAY[t, t]) AS sound FROM unnest($1::fairlead.tick_body[]) AS t LIMIT 1"),
                [try parameter(tick.recordBytes(), in: session)]
            ) { row throws(PostgresError) in try row.value("sound", as: Bool.self) }
            #expect(looksSound, "\(count) flows")
        }
    }

    @Test func `for a batch a list of nothing is surely no bytes, and four bytes of zero are asked about`() async throws {
        let session = try (try await TestDatabase.make()).session()
        let (none, zeros) = try session.queryOne(
            PostgresStatement(
                name: "empty",
                text: """
                    SELECT fairlead.is_plain_list('', '\\x0000', 0, 30, 3) AS none,
                        fairlead.is_plain_list('\\x00000000', '\\x0000', 0, 30, 3) AS zeros
                    """)
        ) { row throws(PostgresError) in (try row.value("none", as: Bool.self), try row.value("zeros", as: Bool.self)) }
        #expect(none && !zeros)
    }

    /// The places of the lists' own bytes in a tick's record: columns 9 to 28. (A type's number may be another: the server reads over it,
    /// and hashes its own.)
    private static func listBytes(of record: [UInt8]) -> [Int] {
        var places: [Int] = []
        var place = 4
        for column in 0..<29 {
            let length = record[place + 4..<place + 8].reduce(Int32(0)) { $0 << 8 | Int32($1) }
            if column >= 9 { places += (place + 8)..<(place + 8 + Int(length)) }
            place += 8 + Int(max(0, length))
        }
        return places
    }

    private func parameter(_ records: [UInt8]..., in session: PostgresSession) throws -> PostgresParameter {
        let type = try session.compositeType(
            "fairlead.tick_body",
            lookup: PostgresStatement(name: "type", text: "SELECT oid AS element, typarray AS array FROM pg_catalog.pg_type WHERE oid = $1::text::regtype"))
        return .compositeArray(type, records: records)
    }

    /// What `ticks_are_sound` says. The short ways that `append` takes may doubt a sound tick, and never pass an unsound one: neither alone nor as
    /// the last of a batch, behind its like or behind another.
    private func isSound(_ record: [UInt8], after other: [UInt8]? = nil, _ session: PostgresSession) throws -> Bool {
        let (isSound, looksSound, batchLooksSound) = try session.queryOne(
            PostgresStatement(
                name: "sound",
                text: """
                    SELECT fairlead.ticks_are_sound(t[1:1]) AS sound, fairlead.tick_looks_sound(t[1]) AS looks_sound,
                        fairlead.ticks_look_sound(ARRAY[t[1], t[1]]) OR fairlead.ticks_look_sound(ARRAY[t[2], t[1]]) AS batch_looks_sound
                    FROM (VALUES ($1::fairlead.tick_body[])) AS v (t)
                    """),
            [try parameter(record, other ?? record, in: session)]
        ) { row throws(PostgresError) in
            (try row.value("sound", as: Bool.self), try row.value("looks_sound", as: Bool.self), try row.value("batch_looks_sound", as: Bool.self))
        }
        #expect(isSound || !looksSound)
        #expect(isSound || !batchLooksSound)
        return isSound
    }
}
