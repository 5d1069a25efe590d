// Aim: damage on disk costs what it hit and no more, and is never believed. Method: the real files, cut and flipped.
import Cryptography
import Events
import Quantities
import Spool
import Testing

@Suite struct SpoolDamageTests {
    /// A closed spool with 60 entries, 20 of them acknowledged, all in the main file.
    private func closedSpool(_ directory: ScratchDirectory) async throws -> [SpooledEntry] {
        var source = EntrySource(seed: 5)
        let spool = try await openSpool(directory)
        let entries = source.take(60, bodyBytes: 100)
        try await spool.append(entries, and: ["law": Array("a state of the law".utf8), "base": [7]])
        try await spool.acknowledge(upTo: 20, at: WallTime(microseconds: 0))
        try await spool.close()
        return entries
    }
    /// Flips one bit in the first copy of some bytes in the file.
    private func flip(_ needle: [UInt8], byte: Int, bit: UInt8 = 0, in path: String) throws {
        var bytes = try readFile(path)
        let start = try #require(offset(of: needle, in: bytes), "the bytes are not in the file")
        bytes[start + byte] ^= 1 << bit
        try writeFile(path, bytes)
    }

    @Test(arguments: [21, 33, 60]) func `a bit flipped in an unsent record costs that record alone`(sequence: Int) async throws {
        let directory = ScratchDirectory()
        let entries = try await closedSpool(directory)
        let hit = entries[sequence - 1]
        try flip(hit.entry.recordBytes, byte: 60, in: directory.file)

        let spool = try await openSpool(directory)
        let before = try await everything(in: spool, after: 20)
        #expect(before == Array(entries[20..<sequence - 1]))
        let hole = try await spool.entries(after: Int64(sequence - 1), limit: 100, maximumBytes: 1 << 20)
        let loss = SpoolLoss(
            first: Int64(sequence), last: Int64(sequence), digestBefore: entries[sequence - 2].digest, digestAfter: hit.digest, cause: .damaged)
        #expect(hole.missing == loss && hole.entries.isEmpty)
        #expect(try await everything(in: spool, after: Int64(sequence)) == Array(entries[sequence...]))
        let contents = try await spool.contents()
        #expect(contents.damagedCount == 1)
        #expect(contents.undeclared == [loss])
        #expect(contents.head == StreamHead(sequence: 60, digest: entries[59].digest))
    }

    @Test(arguments: [21, 40, 60]) func `a bit flipped in a digest is mended from the chain and costs nothing`(sequence: Int) async throws {
        let directory = ScratchDirectory()
        let entries = try await closedSpool(directory)
        // The digest stands beside its record in the row; elsewhere (in the header) it stands alone.
        let hit = entries[sequence - 1]
        try flip(hit.digest.bytes + hit.entry.recordBytes, byte: 17, bit: 3, in: directory.file)
        let spool = try await openSpool(directory)
        #expect(try await everything(in: spool, after: 20) == Array(entries[20...]))
        #expect(try await spool.digest(at: Int64(sequence)) == hit.digest)
        #expect(try await spool.contents().undeclared.isEmpty)
    }

    @Test func `a damaged digest under the place asked for does not make its successor suspect`() async throws {
        let directory = ScratchDirectory()
        let entries = try await closedSpool(directory)
        let hit = entries[29]
        try flip(hit.digest.bytes + hit.entry.recordBytes, byte: 0, in: directory.file)
        let spool = try await openSpool(directory)
        #expect(try await everything(in: spool, after: 30) == Array(entries[30...]))
        #expect(try await spool.contents().damagedCount == 0)
    }

    @Test func `two damaged records side by side are one hole`() async throws {
        let directory = ScratchDirectory()
        let entries = try await closedSpool(directory)
        for place in [30, 31] { try flip(entries[place].entry.recordBytes, byte: 70, in: directory.file) }
        let spool = try await openSpool(directory)
        #expect(try await everything(in: spool, after: 20) == Array(entries[20..<30]))
        let hole = try await spool.entries(after: 30, limit: 9, maximumBytes: 1 << 20).missing
        #expect(hole?.first == 31 && hole?.last == 32 && hole?.digestAfter == entries[31].digest)
        #expect(try await everything(in: spool, after: 32) == Array(entries[32...]))
    }

    @Test func `a damaged record that the log already holds is no loss`() async throws {
        let directory = ScratchDirectory()
        let entries = try await closedSpool(directory)
        try flip(entries[9].entry.recordBytes, byte: 50, in: directory.file)
        let spool = try await openSpool(directory)
        #expect(try await everything(in: spool).count == 9)
        let contents = try await spool.contents()
        #expect(contents.damagedCount == 1 && contents.undeclared.isEmpty)
    }

    @Test func `a damaged value is no value`() async throws {
        let directory = ScratchDirectory()
        _ = try await closedSpool(directory)
        try flip(Array("a state of the law".utf8), byte: 3, in: directory.file)
        let spool = try await openSpool(directory)
        #expect(try await spool.get("law") == nil)
        #expect(try await spool.contents().values == ["base": [7]])
        #expect(try await spool.contents().damagedCount == 1)
    }

    @Test func `a damaged copy of the header is mended from the other`() async throws {
        let directory = ScratchDirectory()
        let entries = try await closedSpool(directory)
        try flip(Array("plant-a/0000000a".utf8), byte: 8, in: directory.file)
        for _ in 0..<2 {
            let spool = try await openSpool(directory)
            let contents = try await spool.contents()
            #expect(contents.stream == "plant-a/0000000a" && contents.head?.digest == entries[59].digest && contents.acknowledged == 20)
            try await spool.close()
        }
    }

    @Test func `a file damaged in its structure is refused, set aside, and a new spool begins`() async throws {
        let directory = ScratchDirectory()
        _ = try await closedSpool(directory)
        var bytes = try readFile(directory.file)
        // The cell counts of the tree's pages.
        for page in stride(from: 4_096, to: bytes.count, by: 4_096) { bytes[page + 3] ^= 0x7f }
        try writeFile(directory.file, bytes)
        let error = await #expect(throws: SpoolError.self) { _ = try await openSpool(directory) }
        #expect(error?.code == .corrupt && error?.isRetriable == false)

        let aside = try #require(try SQLiteSpool.setAside(path: directory.file))
        #expect(try readFile(aside) == bytes)
        let fresh = try await openSpool(directory, stream: "plant-a/0000000b")
        #expect(try await fresh.contents().stream == "plant-a/0000000b")
    }

    @Test func `a journal torn at any place leaves a prefix of whole appends`() async throws {
        let directory = ScratchDirectory()
        var source = EntrySource(seed: 9)
        let spool = try await openSpool(directory)
        var ends: [Int] = [0]
        var entries: [SpooledEntry] = []
        for count in [1, 4, 2, 7, 3, 5] {
            entries += source.take(count, bodyBytes: 300)
            try await spool.append(Array(entries.suffix(count)))
            ends.append(entries.count)
        }
        // As a power cut finds it: the writer has not closed, so nothing was moved out of the journal by a checkpoint.
        let main = try readFile(directory.file)
        let journal = try readFile(directory.file + "-wal")
        try await spool.close()
        var seen: Set<Int> = []
        for cut in stride(from: 0, through: journal.count, by: max(1, journal.count / 40)) {
            let copy = ScratchDirectory()
            try writeFile(copy.file, main)
            try writeFile(copy.file + "-wal", Array(journal[..<cut]))
            let reopened = try await openSpool(copy)
            let survived = try await everything(in: reopened)
            #expect(survived == Array(entries[..<survived.count]))
            #expect(ends.contains(survived.count), "an append is whole or not there")
            #expect(try await reopened.contents().head?.sequence ?? 0 == Int64(survived.count))
            seen.insert(survived.count)
            try await reopened.close()
        }
        #expect(seen.isSuperset(of: [0, 1, entries.count - 5]))
    }
}
