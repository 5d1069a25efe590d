// Aim: an entry's bytes are exact for ever, and bytes that are none are refused. Method: seeded random ticks, golden bytes, cuts
// and flips.
import Cryptography
import Events
import Quantities
import Testing

@Suite struct RecordCodecTests {
    @Test(arguments: seeds(10)) func `a tick is read back as it was written, whatever its columns hold`(seed: UInt64) throws {
        var source = RandomTick(seed: seed)
        for _ in 0..<60 {
            let tick = source.next()
            let bytes = tick.recordBytes()
            #expect(try Tick(recordBytes: bytes) == tick)
            #expect(tick.recordBytes() == bytes)
            #expect(try LogEntry(tick).decoded() == .tick(tick))
        }
    }

    @Test func `an event is read back with the exact text of its body`() throws {
        for body in ["{}", "", "{\"a\": 1 }", "{\"ü\":\"\u{1F600}\"}"] {
            let event = EventEnvelope(kind: "grant_received", version: -3, at: WallTime(microseconds: .min), body: body)
            #expect(try EventEnvelope(recordBytes: event.recordBytes()) == event)
            #expect(try LogEntry(event).decoded() == .event(event))
        }
    }

    @Test func `the bytes of a tick with every column set never change`() throws {
        try GoldenFile.expect(GoldenFile.lines(exampleTick.recordBytes()), in: "tick.hex")
    }

    @Test func `the bytes of an event never change`() throws {
        let event = EventEnvelope(.grantReceived(GrantVersion(term: 7, version: 31)), at: WallTime(microseconds: 1_795_416_000_125_000))
        try GoldenFile.expect(GoldenFile.lines(event.recordBytes()), in: "event.hex")
    }

    @Test func `an empty tick is small`() {
        let tick = Tick(number: 1, at: WallTime(microseconds: 0), intervalMilliseconds: 5_000, rosterSequence: 1)
        #expect(tick.recordBytes().count < 800)
    }

    @Test func `a record cut at any place is refused`() {
        for record in [exampleTick.recordBytes(), EventEnvelope(kind: "k", version: 1, at: WallTime(microseconds: 0), body: "{}").recordBytes()] {
            for length in 0..<record.count {
                let cut = Array(record[..<length])
                #expect(throws: RecordError.self) { try Tick(recordBytes: cut) }
                #expect(throws: RecordError.self) { try EventEnvelope(recordBytes: cut) }
            }
            #expect(throws: RecordError.self) { try Tick(recordBytes: record + [0]) }
        }
    }

    @Test func `any byte changed is another record or none, and never the same one`() throws {
        let record = exampleTick.recordBytes()
        var refused = 0
        for place in record.indices {
            for change in [UInt8(1), 0x80, 0xFF] {
                var changed = record
                changed[place] ^= change
                do throws(RecordError) {
                    // NULL flags of arrays and the byte of a true boolean have more than one spelling; they do not count as changed.
                    let tick = try Tick(recordBytes: changed)
                    if tick == exampleTick { #expect(tick.recordBytes() == record) }
                } catch { refused += 1 }
            }
        }
        #expect(refused > record.count)
    }

    @Test(arguments: UInt64(1)...4) func `bytes of chance are refused`(seed: UInt64) {
        var random = SplitMix(seed: seed)
        for _ in 0..<300 {
            var bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            if bytes.count >= 4 { bytes.replaceSubrange(0..<4, with: [0, 0, 0, UInt8(Tick.columnCount)]) }
            #expect(throws: RecordError.self) { try Tick(recordBytes: bytes) }
            #expect(throws: RecordError.self) { try EventEnvelope(recordBytes: bytes) }
        }
    }

    @Test func `a sample with negative counts is refused`() {
        for (count, lost) in [(-1, 0), (0, -1), (Int32.min, Int32.max)] as [(Int32, Int32)] {
            var tick = exampleTick
            tick.flows[0].count = count
            tick.flows[0].lost = lost
            #expect(throws: RecordError.self) { try Tick(recordBytes: tick.recordBytes()) }
        }
    }

    @Test func `loss is told in parts per million of what was sent`() {
        #expect(FlowSample(quality: .measured, count: 99, lost: 1, windowMilliseconds: 5_000).lossPartsPerMillion == 10_000)
        #expect(FlowSample.missing(lost: 7, windowMilliseconds: 5_000).lossPartsPerMillion == 1_000_000)
        #expect(FlowSample.missing(lost: 0, windowMilliseconds: 5_000).lossPartsPerMillion == nil)
        #expect(FlowSample(quality: .measured, count: .max, lost: .max, windowMilliseconds: 1).lossPartsPerMillion == 500_000)
    }
}

@Suite struct HashChainTests {
    private let chain = HashChain(.libcrypto)

    @Test func `the genesis and the first links never change`() throws {
        let stream: StreamName = "plant-a/4f21c09a"
        var digest = chain.genesis(of: stream)
        var lines = ["0 \(digest)"]
        let entries = [LogEntry(exampleTick), LogEntry(EventEnvelope(.grantExpired(GrantVersion(term: 1, version: 2)), at: WallTime(microseconds: 0)))]
        for (place, entry) in entries.enumerated() {
            digest = chain.digest(after: digest, sequence: Int64(place) + 1, entry: entry)
            lines.append("\(place + 1) \(digest)")
        }
        try GoldenFile.expect(lines.map { $0 + "\n" }.joined(), in: "chain.txt")
    }

    @Test func `a link covers its place, its kind, its bytes and its predecessor`() {
        let bytes: [UInt8] = [1, 2, 3]
        let all = [
            chain.digest(after: .zero, sequence: 1, entry: .tick(recordBytes: bytes)), chain.digest(after: .zero, sequence: 2, entry: .tick(recordBytes: bytes)),
            chain.digest(after: .zero, sequence: 1, entry: .event(recordBytes: bytes)), chain.digest(after: .zero, sequence: 1, entry: .tick(recordBytes: [1, 2])),
            chain.digest(after: chain.genesis(of: "a"), sequence: 1, entry: .tick(recordBytes: bytes)),
        ]
        #expect(Set(all).count == all.count)
        #expect(chain.genesis(of: "a") != chain.genesis(of: "b"))
    }

    @Test func `positions are read as they are written, and other texts are none`() {
        for text in ["plant-a/4f21c09a/118", "coordinator/1", "a/b/c/9223372036854775807"] {
            #expect(LogPosition(parsing: text)?.description == text)
        }
        for text in ["", "plant-a", "/5", "plant-a/", "plant-a/0", "plant-a/-1", "plant-a/x"] { #expect(LogPosition(parsing: text) == nil) }
        #expect(StreamName("plant-a/4f21c09a").cluster == "plant-a" && StreamName.coordinator.cluster == nil)
    }
}
