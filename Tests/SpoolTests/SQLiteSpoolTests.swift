// Aim: the spool keeps what it was given, in order, and says so truthfully. Method: a real file in a scratch directory.
import Cryptography
import Events
import Quantities
import Spool
import Testing

@Suite struct SQLiteSpoolTests {
    @Test func `a new spool is empty and keeps the name it was made with`() async throws {
        let directory = ScratchDirectory()
        let spool = try await openSpool(directory)
        let contents = try await spool.contents()
        #expect(contents.stream == "plant-a/0000000a")
        #expect(contents.spoolID == "0000000a")
        #expect(contents.head == nil)
        #expect(contents.entryCount == 0 && contents.byteCount == 0 && contents.values.isEmpty && contents.undeclared.isEmpty)
        try await spool.close()

        let again = try await openSpool(directory, stream: "plant-a/0000000b")
        #expect(try await again.contents().stream == "plant-a/0000000a")
    }

    @Test func `what was appended is read back byte for byte after a restart`() async throws {
        let directory = ScratchDirectory()
        var source = EntrySource()
        let spool = try await openSpool(directory)
        let first = source.take(70)
        let second = source.take(70)
        #expect(try await spool.append(first, and: ["base/robot": [1, 2, 3]]) == nil)
        #expect(try await spool.append(second, and: ["law/wan": []]) == nil)
        try await spool.close()

        let again = try await openSpool(directory)
        #expect(try await everything(in: again, limit: 33) == first + second)
        let contents = try await again.contents()
        #expect(contents.head == source.head)
        #expect(contents.entryCount == 140)
        #expect(contents.byteCount == (first + second).reduce(0) { $0 + $1.entry.recordBytes.count + SpoolLimits.entryOverhead })
        #expect(contents.values == ["base/robot": [1, 2, 3], "law/wan": []])
    }

    @Test func `an append that does not continue the chain writes nothing`() async throws {
        let directory = ScratchDirectory()
        var source = EntrySource()
        let spool = try await openSpool(directory)
        try await spool.append(source.take(3))
        let before = try await spool.contents()
        var gap = source
        _ = gap.next()
        var forged = source.next()
        forged.digest = .zero
        for entries in [[gap.next()], [forged]] {
            let error = await #expect(throws: SpoolError.self) { try await spool.append(entries, and: ["law": [9]]) }
            #expect(error?.code == .discontinuous)
            #expect(error?.isRetriable == false)
        }
        #expect(try await spool.contents() == before)
    }

    @Test func `a read is bounded by count and bytes and gives one entry at least`() async throws {
        let directory = ScratchDirectory()
        var source = EntrySource()
        let spool = try await openSpool(directory)
        let entries = source.take(10, bodyBytes: 1_000)
        try await spool.append(entries)
        #expect(try await spool.entries(after: 0, limit: 4, maximumBytes: 1 << 20).entries == Array(entries[..<4]))
        #expect(try await spool.entries(after: 2, limit: 100, maximumBytes: 3_500).entries == Array(entries[2..<5]))
        #expect(try await spool.entries(after: 9, limit: 5, maximumBytes: 1).entries == [entries[9]])
        let atHead = try await spool.entries(after: 10, limit: 5, maximumBytes: 1)
        #expect(atHead == SpoolBatch(previousDigest: entries[9].digest, entries: []))
    }

    @Test func `digests are known from the genesis to the head`() async throws {
        let directory = ScratchDirectory()
        var source = EntrySource()
        let genesis = source.head.digest
        let spool = try await openSpool(directory)
        let entries = source.take(5)
        try await spool.append(entries)
        #expect(try await spool.digest(at: 0) == genesis)
        for entry in entries { #expect(try await spool.digest(at: entry.sequence) == entry.digest) }
        #expect(try await spool.digest(at: 6) == nil)
    }

    @Test func `acknowledged entries stay for their grace and then go, and the chain still continues`() async throws {
        let directory = ScratchDirectory()
        var source = EntrySource()
        let spool = try await openSpool(directory)
        let entries = source.take(30)
        try await spool.append(entries)
        let minute: Int64 = 60_000_000
        try await spool.acknowledge(upTo: 10, at: WallTime(microseconds: 1_000 * minute))
        try await spool.acknowledge(upTo: 20, at: WallTime(microseconds: 1_001 * minute))
        #expect(try await spool.prune(acknowledgedBefore: WallTime(microseconds: 1_000 * minute)) == 0)
        #expect(try await everything(in: spool) == entries)
        #expect(try await spool.prune(acknowledgedBefore: WallTime(microseconds: 1_001 * minute)) == 10)
        #expect(try await spool.digest(at: 10) == entries[9].digest)
        #expect(try await spool.digest(at: 9) == nil)
        #expect(try await everything(in: spool, after: 10) == Array(entries[10...]))
        #expect(try await spool.prune(acknowledgedBefore: WallTime(microseconds: 9_999 * minute)) == 10)
        #expect(try await spool.prune(acknowledgedBefore: WallTime(microseconds: 9_999 * minute)) == 0)
        #expect(try await spool.contents().entryCount == 10)
    }

    @Test func `what was acknowledged a day ago goes by itself with a later acknowledgement`() async throws {
        let directory = ScratchDirectory()
        var source = EntrySource()
        let spool = try await openSpool(directory)
        try await spool.append(source.take(30))
        let hour: Int64 = 3_600_000_000
        for (upTo, at) in [(5, 0), (10, 12), (15, 24), (20, 25), (30, 36)] as [(Int64, Int64)] {
            try await spool.acknowledge(upTo: upTo, at: WallTime(microseconds: at * hour))
        }
        // At hour 36 only what was acknowledged before hour 12 had its day.
        #expect(try await spool.contents().entryCount == 25)
        #expect(try await everything(in: spool, after: 5).count == 25)
    }

    @Test func `one prune forgets no more than its bound`() async throws {
        let directory = ScratchDirectory()
        var source = EntrySource()
        let spool = try await SQLiteSpool.open(
            path: directory.file, fresh: source.stream, hash: .libcrypto, limits: SpoolLimits(maximumBytes: 1 << 20, pruneEntries: 7))
        try await spool.append(source.take(20))
        try await spool.acknowledge(upTo: 16, at: WallTime(microseconds: 0))
        let later = WallTime(microseconds: 3_600_000_000)
        var counts: [Int] = []
        for _ in 0..<4 { counts.append(try await spool.prune(acknowledgedBefore: later)) }
        #expect(counts == [7, 7, 2, 0])
    }

    @Test func `a log that went back takes its acknowledgement back and gets the entries again`() async throws {
        let directory = ScratchDirectory()
        var source = EntrySource()
        let spool = try await openSpool(directory)
        let entries = source.take(20)
        try await spool.append(entries)
        try await spool.acknowledge(upTo: 15, at: WallTime(microseconds: 0))
        try await spool.acknowledge(upTo: 5, at: WallTime(microseconds: 1))
        #expect(try await spool.contents().acknowledged == 5)
        #expect(try await everything(in: spool, after: 5) == Array(entries[5...]))
        #expect(try await spool.prune(acknowledgedBefore: WallTime(microseconds: 3_600_000_000)) == 5)
    }

    @Test func `a log that went back further than the spool keeps is told the hole`() async throws {
        let directory = ScratchDirectory()
        var source = EntrySource()
        let spool = try await openSpool(directory)
        let entries = source.take(20)
        try await spool.append(entries)
        try await spool.acknowledge(upTo: 15, at: WallTime(microseconds: 0))
        try await spool.prune(acknowledgedBefore: WallTime(microseconds: 3_600_000_000))
        let batch = try await spool.entries(after: 3, limit: 10, maximumBytes: 1 << 20)
        #expect(batch.entries.isEmpty)
        #expect(batch.missing == SpoolLoss(first: 4, last: 15, digestBefore: nil, digestAfter: entries[14].digest, cause: .forgotten))
        #expect(try await everything(in: spool, after: 15) == Array(entries[15...]))
    }

    @Test func `nothing beyond the head can be acknowledged`() async throws {
        let directory = ScratchDirectory()
        var source = EntrySource()
        let spool = try await openSpool(directory)
        try await spool.append(source.take(3))
        let error = await #expect(throws: SpoolError.self) { try await spool.acknowledge(upTo: 4, at: WallTime(microseconds: 0)) }
        #expect(error?.code == .discontinuous)
    }

    @Test func `epochs and terms never fall`() async throws {
        let directory = ScratchDirectory()
        let spool = try await openSpool(directory)
        try await spool.remember(epoch: 7, term: 3)
        try await spool.remember(epoch: 5, term: 9)
        try await spool.close()
        let contents = try await openSpool(directory).contents()
        #expect(contents.highestEpochSeen == 7 && contents.highestTermSeen == 9)
    }

    @Test func `values are replaced and removed`() async throws {
        let directory = ScratchDirectory()
        let spool = try await openSpool(directory)
        try await spool.put("law", [1])
        try await spool.put("law", [2, 3])
        try await spool.put("base", [4])
        #expect(try await spool.get("law") == [2, 3])
        try await spool.append([], and: ["law": nil])
        #expect(try await spool.get("law") == nil)
        #expect(try await spool.contents().values == ["base": [4]])
    }

    @Test func `a second process finds the spool busy`() async throws {
        let directory = ScratchDirectory()
        let spool = try await openSpool(directory)
        let error = await #expect(throws: SpoolError.self) { _ = try await openSpool(directory) }
        #expect(error?.code == .busy)
        #expect(error?.isRetriable == true)
        #expect(try await spool.contents().entryCount == 0)
    }

    @Test func `a spool of another cluster, another database and no directory are refused with a reason`() async throws {
        let directory = ScratchDirectory()
        let spool = try await openSpool(directory)
        try await spool.close()
        let foreign = await #expect(throws: SpoolError.self) { _ = try await openSpool(directory, stream: "plant-b/0000000b") }
        #expect(foreign?.code == .cannotOpen)
        #expect(foreign?.context.contains("plant-a/0000000a") == true)

        let nowhere = await #expect(throws: SpoolError.self) {
            _ = try await SQLiteSpool.open(path: "\(directory.path)/no/such/spool.db", fresh: "plant-a/1", hash: .libcrypto)
        }
        #expect(nowhere?.code == .cannotOpen)
        #expect(nowhere?.underlying == 14)

        let text = "\(directory.path)/text"
        try writeFile(text, Array(repeating: UInt8(ascii: "?"), count: 4_096))
        let noDatabase = await #expect(throws: SpoolError.self) {
            _ = try await SQLiteSpool.open(path: text, fresh: "plant-a/1", hash: .libcrypto)
        }
        #expect(noDatabase?.code == .corrupt)
    }

    @Test func `spool ids are eight hexadecimal digits, the same for one seed`() {
        var random = SplitMix(seed: 11)
        var sameAgain = SplitMix(seed: 11)
        let ids = (0..<200).map { _ in newSpoolID(using: &random) }
        #expect(ids.allSatisfy { $0.count == 8 && $0.allSatisfy { "0123456789abcdef".contains($0) } })
        #expect(Set(ids).count == 200)
        #expect(ids == (0..<200).map { _ in newSpoolID(using: &sameAgain) })
    }
}
