@testable import Allocation
import Testing

/// The level by its turns against the one found bit by bit.
@Suite struct WaterLevelTests {
    @Test func `the level leaves less than one part per member and one step more does not fit`() {
        for seed in 1...500 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let terms = (0..<Int.random(in: 1...7, using: &generator)).map { _ in
                let lower = (FineRate(UInt64.random(in: 0...100, using: &generator)) << 64) >> UInt64.random(in: 0...70, using: &generator)
                return FillTerm(
                    lower: lower, upper: lower + (FineRate(UInt64.random(in: 1...200, using: &generator)) << 64) + FineRate(generator.next()),
                    weight: UInt64.random(in: 1...1_000_000, using: &generator))
            }
            let lowest = terms.reduce(FineRate(0)) { $0 + $1.lower }
            let highest = terms.reduce(FineRate(0)) { $0 + $1.upper }
            // Also exactly at the lower bounds, a part above them, and a part below all upper bounds.
            let spread = FineRate(UInt64.random(in: 0...UInt64((highest - lowest) >> 64), using: &generator)) << 64
            for room in [lowest, lowest + 1, min(lowest + spread, highest - 1), highest - 1] {
                let level = WaterLevel.find(terms, room: room)
                let exact = WaterLevelTests.bisect(terms, room: room)
                func sum(_ level: FillLevel) -> FineRate { terms.reduce(0) { $0 + $1.rate(at: level) } }
                #expect(level <= exact, "seed \(seed)")
                #expect(sum(level) <= room, "seed \(seed)")
                #expect(room - sum(level) <= FineRate(terms.count), "seed \(seed)")
            }
            #expect(WaterLevel.find(terms, room: highest) == .unbounded, "seed \(seed)")
        }
    }

    @Test func `dividing and multiplying go down and by less than one part`() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<5_000 {
            let capacity = FineRate(generator.next() >> 14) << 64 | FineRate(generator.next())
            let weight = UInt64.random(in: 1...(1 << 61), using: &generator) >> UInt64.random(in: 0...60, using: &generator) | 1
            let level = FillLevel(capacity, dividedBy: weight)
            let back = level.times(weight)
            #expect(back <= capacity && capacity - back <= 1)
            #expect(FillLevel.zero.times(weight) == 0)
        }
        #expect(FillLevel.unbounded.times(5) == .max)
    }

    /// The largest level at which the rates, each rounded down, fit: bit by bit.
    private static func bisect(_ terms: [FillTerm], room: FineRate) -> FillLevel {
        var words: [UInt64] = [0, 0, 0]
        for bit in 0..<192 {
            let mask: UInt64 = 1 << UInt64(63 - bit % 64)
            words[bit / 64] |= mask
            let trial = FillLevel(high: words[0], middle: words[1], low: words[2])
            if !fit(terms, at: trial, room: room) { words[bit / 64] &= ~mask }
        }
        return FillLevel(high: words[0], middle: words[1], low: words[2])
    }

    private static func fit(_ terms: [FillTerm], at level: FillLevel, room: FineRate) -> Bool {
        var sum: FineRate = 0
        for term in terms {
            let rate = term.rate(at: level)
            guard rate <= room, sum <= room - rate else { return false }
            sum += rate
        }
        return true
    }
}
