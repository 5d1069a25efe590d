// Aim: a full spool gives up the right entries, says which, and never forgets that it did. Method: a small bound, and a model.
import Cryptography
import Events
import Quantities
import Spool
import Testing

@Suite struct SpoolBoundTests {
    /// Room for about forty entries of `bodyBytes: 200`.
    static let bound = 14_000

    @Test func `acknowledged entries go first and nothing is lost`() async throws {
        let directory = ScratchDirectory()
        var source = EntrySource()
        let spool = try await openSpool(directory, maximumBytes: Self.bound)
        try await spool.append(source.take(30, bodyBytes: 200))
        try await spool.acknowledge(upTo: 30, at: WallTime(microseconds: 0))
        #expect(try await spool.append(source.take(30, bodyBytes: 200)) == nil)
        let contents = try await spool.contents()
        #expect(contents.byteCount <= Self.bound)
        #expect(contents.undeclared.isEmpty)
        #expect(try await everything(in: spool, after: 30).map(\.sequence) == Array(31...60))
    }

    @Test func `then the oldest unsent go, and the range and its digests are told and remembered`() async throws {
        let directory = ScratchDirectory()
        var source = EntrySource()
        let spool = try await openSpool(directory, maximumBytes: Self.bound)
        let entries = source.take(30, bodyBytes: 200)
        try await spool.append(entries)
        try await spool.acknowledge(upTo: 10, at: WallTime(microseconds: 0))
        let loss = try #require(try await spool.append(source.take(30, bodyBytes: 200)))
        #expect(loss.cause == .full)
        #expect(loss.first == 11)
        #expect(loss.digestBefore == entries[9].digest)
        #expect(loss.digestAfter == entries[Int(loss.last) - 1].digest)
        try await spool.close()

        let again = try await openSpool(directory, maximumBytes: Self.bound)
        #expect(try await again.contents().undeclared == [loss])
        let batch = try await again.entries(after: 10, limit: 5, maximumBytes: 1 << 20)
        #expect(batch.missing == loss && batch.entries.isEmpty)
        #expect(try await everything(in: again, after: loss.last).count == 60 - Int(loss.last))
        // The declaration itself needs room in a full spool; what that costs is a loss of its own.
        let further = try await again.append([source.next()], declaring: [loss])
        #expect(further?.first == loss.last + 1 && further?.digestBefore == loss.digestAfter)
        #expect(try await again.contents().undeclared == [further].compactMap(\.self))
    }

    @Test func `losses that follow one another become one, and a declaration takes its part away`() async throws {
        let directory = ScratchDirectory()
        var source = EntrySource()
        let spool = try await openSpool(directory, maximumBytes: Self.bound)
        var told: [SpoolLoss] = []
        for _ in 0..<150 {
            if let loss = try await spool.append([source.next(bodyBytes: 200)]) { told.append(loss) }
        }
        #expect(told.count > 3)
        let undeclared = try await spool.contents().undeclared
        #expect(undeclared.count == 1)
        #expect(undeclared.first?.first == 1 && undeclared.first?.last == told.last?.last)
        #expect(undeclared.first?.digestBefore == told.first?.digestBefore)

        try await spool.append([], declaring: [told[0]])
        let rest = try await spool.contents().undeclared
        #expect(rest.map(\.first) == [told[1].first] && rest.map(\.last) == [told[told.count - 1].last])
        #expect(rest.first?.digestBefore == told[0].digestAfter)
    }

    @Test func `a batch larger than the bound is refused and changes nothing`() async throws {
        let directory = ScratchDirectory()
        var source = EntrySource()
        let spool = try await openSpool(directory, maximumBytes: Self.bound)
        try await spool.append(source.take(5))
        let before = try await spool.contents()
        let error = await #expect(throws: SpoolError.self) { try await spool.append([source.next(bodyBytes: Self.bound)]) }
        #expect(error?.code == .full && error?.isRetriable == true)
        #expect(try await spool.contents() == before)
    }

    @Test func `the file stops growing soon after the bound`() async throws {
        let directory = ScratchDirectory()
        var source = EntrySource()
        let spool = try await openSpool(directory, maximumBytes: 1 << 20)
        for _ in 0..<40 { try await spool.append(source.take(100, bodyBytes: 900)) }
        #expect(try await spool.contents().byteCount <= 1 << 20)
        try await spool.close()
        #expect(try readFile(directory.file).count < 3 << 20)
    }

    /// Against an obvious model: random appends, acknowledgements, prunes, reads and restarts.
    @Test(arguments: UInt64(1)...8) func `random use agrees with a list in memory`(seed: UInt64) async throws {
        let directory = ScratchDirectory()
        var random = SplitMix(seed: seed)
        var source = EntrySource(seed: seed)
        var spool = try await openSpool(directory, maximumBytes: Self.bound)
        var made: [SpooledEntry] = []
        var acknowledged: Int64 = 0
        var lost: Set<Int64> = []
        for _ in 0..<120 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0...2:
                let entries = source.take(Int.random(in: 1...9, using: &random), bodyBytes: Int.random(in: 0...400, using: &random))
                if let loss = try await spool.append(entries) { lost.formUnion(loss.first...loss.last) }
                made += entries
            case 3:
                acknowledged = Int64.random(in: acknowledged...Int64(made.count), using: &random)
                try await spool.acknowledge(upTo: acknowledged, at: WallTime(microseconds: 0))
            case 4:
                try await spool.prune(acknowledgedBefore: WallTime(microseconds: 120_000_000))
            default:
                try await spool.close()
                spool = try await openSpool(directory, maximumBytes: Self.bound)
            }
            let contents = try await spool.contents()
            #expect(contents.byteCount <= Self.bound)
            #expect(contents.acknowledged == acknowledged)
            #expect(contents.head?.sequence ?? 0 == Int64(made.count))
            // Every unsent entry is there, or was told as lost.
            let unsentLost = lost.filter { $0 > acknowledged }.max() ?? acknowledged
            #expect(try await everything(in: spool, after: unsentLost) == Array(made[Int(unsentLost)...]))
        }
        #expect(!made.isEmpty)
    }
}
