import Coordination
import Coordinator
import Cryptography
import Events
import Fleet
import Quantities
import Testing

// Aim: the coordinator's reading of the log always gets further. Method: pages by hand.
@Suite struct CoordinatorReadingTests {
    @Test func `a page of nothing but unreadable entries is gone past, not read again`() {
        var process = CoordinatorProcess(fleet: FleetConfiguration(name: "f"), hash: .libcrypto, seed: 1)
        let now = Now(monotonic: MonotonicTime(nanoseconds: 0), wall: WallTime(microseconds: 0))
        #expect(process.step(.tick, now).contains(.findPlace))
        #expect(process.step(.placed(FleetPlace()), now).contains(.readLog(after: [:])))
        let page = (1...500).map { LogPosition(stream: "plant-a/s", sequence: $0) }
        let effects = process.step(.records([], unreadable: page, isComplete: false), now)
        #expect(effects.contains(.readLog(after: ["plant-a/s": 500])))
        #expect(process.state.unreadable == 500)
    }

    @Test func `a log that moved back is folded anew from where it then begins`() {
        var process = CoordinatorProcess(fleet: FleetConfiguration(name: "f"), hash: .libcrypto, seed: 1)
        let now = Now(monotonic: MonotonicTime(nanoseconds: 0), wall: WallTime(microseconds: 0))
        _ = process.step(.tick, now)
        _ = process.step(.placed(FleetPlace(cursors: ["plant-a/s": 30])), now)
        _ = process.step(.records([], unreadable: [LogPosition(stream: "plant-a/s", sequence: 40)], isComplete: true), now)
        _ = process.step(.tick, now)
        #expect(process.step(.logMovedBack, now).contains(.findPlace))
        #expect(process.step(.placed(FleetPlace()), now).contains(.readLog(after: [:])))
        #expect(process.state.cursors.isEmpty && process.state.unreadable == 0)
    }

    @Test func `a place that cannot be found is asked for again, and nothing is read before`() {
        var process = CoordinatorProcess(fleet: FleetConfiguration(name: "f"), hash: .libcrypto, seed: 1)
        let now = Now(monotonic: MonotonicTime(nanoseconds: 0), wall: WallTime(microseconds: 0))
        for _ in 0..<3 {
            let effects = process.step(.tick, now)
            #expect(effects.contains(.findPlace))
            #expect(!process.step(.tick, now).contains(.findPlace), "one question at a time")
            #expect(process.step(.readFailed, now).isEmpty)
        }
        #expect(process.step(.placed(FleetPlace(cursors: ["plant-a/s": 7])), now) == [.readLog(after: ["plant-a/s": 7])])
    }

    // A lease's row that was put back with the database may name an older term of the same holder. Its versions were used: sites hold them.
    @Test func `who has led asks for no lower term than he had, whatever the log says`() {
        var process = CoordinatorProcess(fleet: FleetConfiguration(name: "f"), hash: .libcrypto, seed: 1)
        var now = Now(monotonic: MonotonicTime(nanoseconds: 0), wall: WallTime(microseconds: 0))
        func asked() -> [Int64] {
            process.step(.tick, now).compactMap { effect in
                if case .askLease(let highest) = effect { highest } else { nil }
            }
        }
        #expect(asked() == [0])
        _ = process.step(.leaseAnswered(.held(term: 5)), now)
        _ = process.step(.logMovedBack, now)
        now = Now(monotonic: now.monotonic + .seconds(60), wall: now.wall + .seconds(60))
        #expect(asked() == [5])
    }
}
