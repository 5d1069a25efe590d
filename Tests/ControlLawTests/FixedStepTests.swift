import ControlLaw
import Events
import Quantities
import Testing

// Aim: the ancestor's rule, bit for bit. Method: its own scenarios with the figures that its rule gives when run.
@Suite struct FixedStepTests {
    private func run(from start: Int64, _ raws: [Int32]) throws -> [Int64] {
        var follower = try Follower("fixed-step@1", applied: start)
        return raws.map { raw in
            follower.step { $0.raw = .microseconds(raw) }
            return follower.applied!.bitsPerSecond / 1_000_000
        }
    }

    @Test func `normal operation from 100M goes to 700M with 60 patches and mean 405M`() throws {
        let rates = try run(from: 100, (0..<60).map { 300 + Int32($0 * 7 % 80) })
        #expect(rates.first == 110 && rates.last == 700)
        #expect(rates.reduce(0, +) / 60 == 405)
        #expect(Set(rates).count == 60)
    }

    @Test func `sustained high load from 400M patches 8 times and stands 52 steps at the floor`() throws {
        // 1.00 → 5.70 ms over 30 steps, then stays.
        let rates = try run(from: 400, (0..<60).map { 1_000 + min(Int32($0), 29) * 4_700 / 29 })
        let patches = zip([400] + rates, rates).count { $0 != $1 }
        #expect(patches == 8)
        #expect(rates.count { $0 == 10 } == 52)
    }

    @Test func `oscillation between 1.0 and 1.7 ms only lowers and ends at the floor`() throws {
        let rates = try run(from: 500, (0..<60).map { 1_001 + Int32($0 * 13 % 700) })
        #expect(zip([500] + rates, rates).count { $0 != $1 } == 10)
        #expect(rates[9...].allSatisfy { $0 == 10 })
    }

    @Test(arguments: [(999, 110), (1_000, 100), (1_001, 50)]) func `above lowers, equal holds, below raises`(raw: Int32, rate: Int64) throws {
        #expect(try run(from: 100, [raw]) == [rate])
    }

    @Test func `it agrees with the rule written out, for any sequence`() throws {
        var generator = SeededGenerator(seed: 3)
        let raws = (0..<2_000).map { _ in Int32.random(in: 900...1_080, using: &generator) }
        var expected: [Int64] = []
        var rate: Int64 = 400
        for raw in raws {
            if raw > 1_000 { rate = max(10, rate - 50) } else if raw < 1_000 { rate = min(1_000, rate + 10) }
            expected.append(rate)
        }
        #expect(try run(from: 400, raws) == expected)
    }

    @Test func `an unlimited loop steps down from the maximum and is never raised into a limit`() throws {
        var follower = try Follower("fixed-step@1", applied: nil)
        #expect(follower.step { $0.raw = .microseconds(200) }.reason == .unlimited)
        #expect(follower.applied == nil)
        follower.step { $0.raw = .microseconds(2_000) }
        #expect(follower.applied == .megabits(950))
    }
}
