// Aim: what append reported as kept is there after kill -9 at any moment. Method: a child process of this very test appends and
// notes each success in a second file; the kernel's timer kills it with SIGKILL after a time drawn from the seed.
import Cryptography
import Events
import Glibc
import Quantities
import Spool
import Testing

@Suite(.serialized) struct SpoolKillTests {
    @Test(arguments: UInt64(1)...10) func `every entry reported durable is there after kill -9 in the middle of appends`(seed: UInt64) async throws {
        let directory = ScratchDirectory()
        let path = directory.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, seed] in
            try await appendUntilKilled(path: path, seed: seed)
        }
        let reported = try readFile(path + "/reported").split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        let last = try #require(reported.last.flatMap { Int64($0) }, "the child was killed before its first append")

        let spool = try await openSpool(directory)
        let kept = try await everything(in: spool)
        var source = EntrySource(seed: seed)
        #expect(kept == source.take(kept.count, bodyBytes: 200))
        #expect(kept.count >= Int(last))
        let contents = try await spool.contents()
        #expect(contents.damagedCount == 0)
        #expect(contents.values["count"] == Array(String(kept.count).utf8), "entries and their values are written together")
        // It goes on from there.
        try await spool.append([source.next()])
    }
}

/// Appends in batches of one to eight, and writes the last sequence number of each batch down once it was reported durable.
private func appendUntilKilled(path: String, seed: UInt64) async throws {
    var random = SplitMix(seed: seed)
    let reports = open(path + "/reported", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    let spool = try await SQLiteSpool.open(path: path + "/spool.db", fresh: "plant-a/0000000a", hash: .libcrypto)
    var source = EntrySource(seed: seed)
    // The first batch before the timer starts, so that every run has something to lose.
    try await append(1)
    var event = sigevent()
    event.sigev_notify = Int32(SIGEV_SIGNAL)
    event.sigev_signo = SIGKILL
    var timer: timer_t?
    precondition(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
    var due = itimerspec()
    due.it_value.tv_nsec = Int.random(in: 1_000_000...80_000_000, using: &random)
    // The kernel's first timer has the number 0, which reads as nil.
    precondition(timer_settime(timer, 0, &due, nil) == 0)
    while true { try await append(Int.random(in: 1...8, using: &random)) }

    func append(_ count: Int) async throws {
        let entries = source.take(count, bodyBytes: 200)
        let last = entries[count - 1].sequence
        try await spool.append(entries, and: ["count": Array(String(last).utf8)])
        let line = Array("\(last)\n".utf8)
        precondition(write(reports, line, line.count) == line.count)
    }
}
