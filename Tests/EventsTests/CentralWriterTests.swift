// Aim: a central part learns exactly which of its entries are on the log, each once and in order. Method: the writer and the
// machine joined by a network that loses requests and answers from a seed.
import Cryptography
import Events
import Quantities
import Testing

@Suite struct CentralWriterTests {
    private func entry(_ number: Int) -> LogEntry {
        LogEntry(EventEnvelope(.processStarted(ProcessStart(role: "coordinator", version: "\(number)", manner: "fresh")), at: WallTime(microseconds: 0)))
    }

    @Test(arguments: seeds(40)) func `every entry is told as stored once and in order, whatever is lost on the way`(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var log = LogMachine(hash: .libcrypto)
        var writer = CentralWriter(stream: .coordinator, term: 5, hash: .libcrypto, seed: seed)
        var now = MonotonicTime(nanoseconds: 0)
        var made: [LogEntry] = []
        var told: [LogEntry] = []
        for turn in 0..<600 {
            now = max(now + .milliseconds(1), writer.wakeAt ?? now)
            if turn < 300 && Bool.random(using: &random) {
                let more = (0..<Int.random(in: 1...4, using: &random)).map { entry(made.count + $0) }
                made += more
                writer.add(more)
            }
            guard let request = writer.proceed(now) else { continue }
            let isLost = turn < 400 && Int.random(in: 0..<3, using: &random) == 0
            let answer = isLost && Bool.random(using: &random) ? nil : log.apply(request, nonce: Int64(turn))
            if isLost || answer == nil {
                writer.unreachable(now: now)
            } else if let answer, let (stored, first) = writer.answered(answer, now: now) {
                #expect(first == Int64(told.count) + 1)
                told += stored
            }
        }
        #expect(writer.isIdle && writer.haltReason == nil)
        #expect(told == made && !made.isEmpty)
        #expect(log.stored(.coordinator) == made)
    }

    @Test func `a newer term halts the writer, and what waited is not written`() {
        var log = LogMachine(hash: .libcrypto)
        let now = MonotonicTime(nanoseconds: 0)
        var old = CentralWriter(stream: .coordinator, term: 5, hash: .libcrypto, seed: 1)
        _ = old.answered(log.apply(old.proceed(now)!), now: now)
        var new = CentralWriter(stream: .coordinator, term: 6, hash: .libcrypto, seed: 1)
        _ = new.answered(log.apply(new.proceed(now)!), now: now)
        old.add([entry(1)])
        #expect(old.answered(log.apply(old.proceed(now)!), now: now) == nil)
        #expect(old.haltReason != nil && old.proceed(now) == nil)
        #expect(log.stored(.coordinator).isEmpty)
        var zombie = CentralWriter(stream: .coordinator, term: 5, hash: .libcrypto, seed: 1)
        _ = zombie.answered(log.apply(zombie.proceed(now)!), now: now)
        #expect(zombie.haltReason?.contains("newer term") == true)
    }

    @Test func `a log that was put back is noticed at the next append and at the next opening`() {
        let now = MonotonicTime(nanoseconds: 0)
        func begin() -> (CentralWriter, backup: LogMachine, log: LogMachine) {
            var log = LogMachine(hash: .libcrypto)
            var writer = CentralWriter(stream: .alerter, term: 5, hash: .libcrypto, seed: 1)
            _ = writer.answered(log.apply(writer.proceed(now)!), now: now)
            let backup = log
            writer.add([entry(1)])
            _ = writer.answered(log.apply(writer.proceed(now)!), now: now)
            #expect(writer.timesMovedBack == 0 && writer.head?.sequence == 1)
            return (writer, backup, log)
        }
        var (writer, backup, _) = begin()
        writer.add([entry(2)])
        _ = writer.answered(backup.apply(writer.proceed(now)!), now: now)
        #expect(writer.timesMovedBack == 1)
        var (other, again, _) = begin()
        other.unreachable(now: now)
        _ = other.answered(again.apply(other.proceed(other.wakeAt!)!), now: now)
        #expect(other.timesMovedBack == 1 && other.head?.sequence == 0)
        var (calm, _, log) = begin()
        calm.unreachable(now: now)
        _ = calm.answered(log.apply(calm.proceed(calm.wakeAt!)!), now: now)
        #expect(calm.timesMovedBack == 0)
    }

    @Test func `a batch is bounded in entries and in bytes, and the rest follows`() {
        var log = LogMachine(hash: .libcrypto)
        let now = MonotonicTime(nanoseconds: 0)
        var writer = CentralWriter(stream: .coordinator, term: 1, hash: .libcrypto, seed: 1)
        _ = writer.answered(log.apply(writer.proceed(now)!), now: now)
        let large = LogEntry(
            EventEnvelope(kind: "allocation_decided", version: 1, at: WallTime(microseconds: 0), body: "{}" + String(repeating: " ", count: (1 << 20) - 2)))
        let all = [large, large, large, large, large] + (0..<600).map(entry)
        writer.add(all)
        var batches: [Int] = []
        while let request = writer.proceed(now) {
            let answer = log.apply(request)
            guard let (stored, _) = writer.answered(answer, now: now) else { break }
            batches.append(stored.count)
        }
        #expect(batches == [3, 500, 102])
        #expect(log.stored(.coordinator) == all)
    }

    @Test func `a full writer says so`() {
        var writer = CentralWriter(stream: .coordinator, term: 1, hash: .libcrypto, seed: 1)
        #expect(!writer.isFull && writer.isIdle)
        writer.add((0..<CentralWriter.maximumWaiting).map(entry))
        #expect(writer.isFull && !writer.isIdle)
    }
}
