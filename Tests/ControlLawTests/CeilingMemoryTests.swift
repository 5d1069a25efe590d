import ControlLaw
import Quantities
import Testing

// Aim: the memory comes back to just below what it learned, from either side. Method: a link of known rate, driven tick by tick.
@Suite struct CeilingMemoryTests {
    private let settings = CeilingSettings()

    @Test func `suffering after calm returns below the use, suffering again further below`() {
        var memory = CeilingMemory()
        #expect(memory.suffered(at: .megabits(200), under: nil, .first, by: settings) == .megabits(190))
        #expect(memory.suffered(at: .megabits(120), under: .megabits(190), .again, by: settings) == .megabits(108))
        #expect(memory.ceilings == [.megabits(120)])
    }

    @Test func `while the queue of an overshoot drains the ceiling stands, and calm climbs back to its plateau in one step`() {
        var memory = CeilingMemory()
        #expect(memory.suffered(at: .megabits(200), under: .megabits(215), .first, by: settings) == .megabits(190))
        let drained = memory.suffered(at: .megabits(189), under: .megabits(190), .draining, by: settings)
        #expect(drained == BitRate(bitsPerSecond: 170_100_000))
        #expect(memory.ceilings == [.megabits(200)])
        #expect(memory.calm(limit: drained, isUsed: true, by: settings).rate == .megabits(190))
    }

    @Test func `less delay under a limit that is not used says that the link is slower, not that it drains`() {
        var memory = CeilingMemory()
        _ = memory.suffered(at: .megabits(200), under: .megabits(215), .first, by: settings)
        #expect(memory.suffered(at: .megabits(120), under: .megabits(190), .draining, by: settings) == .megabits(108))
        #expect(memory.ceilings == [.megabits(120)])
    }

    @Test func `only the first brake is given the time to drain, and only where a quarter of the delay is gone`() {
        func episode(falls: Int, _ raw: Int32) -> CeilingMemory.Episode {
            CeilingMemory.Episode(falls: falls, firstRaw: .microseconds(20_000), raw: .microseconds(raw))
        }
        #expect(episode(falls: 0, 9_000) == .first)
        #expect(episode(falls: 1, 14_900) == .draining && episode(falls: 1, 15_000) == .again)
        #expect(episode(falls: 2, 9_000) == .again)
    }

    @Test func `a mark that proves wrong gives back the ceiling it replaced`() {
        var memory = CeilingMemory()
        _ = memory.suffered(at: .megabits(200), under: nil, .first, by: settings)
        _ = memory.calm(limit: .megabits(190), isUsed: true, by: settings)
        _ = memory.suffered(at: .megabits(189), under: .megabits(190), .first, by: settings)
        _ = memory.suffered(at: .megabits(120), under: .megabits(180), .again, by: settings)
        #expect(memory.ceilings == [.megabits(120), .megabits(200)])
    }

    @Test func `a link that steps down and up is climbed to its old plateau without suffering there again`() {
        var memory = CeilingMemory()
        _ = memory.suffered(at: .megabits(200), under: nil, .first, by: settings)
        var limit = memory.suffered(at: .megabits(120), under: .megabits(190), .first, by: settings)
        var ticks = 0
        while limit < .megabits(190), ticks < 100 {
            limit = max(limit, memory.calm(limit: limit, isUsed: true, by: settings).rate)
            #expect(limit <= .megabits(190))
            ticks += 1
        }
        #expect(limit == .megabits(190) && ticks < 30)
    }

    @Test func `a limit that is not used is never raised, nor counted as calm`() {
        var memory = CeilingMemory()
        let limit = memory.suffered(at: .megabits(200), under: nil, .first, by: settings)
        for _ in 0..<1_000 { #expect(memory.calm(limit: limit, isUsed: false, by: settings).rate == limit) }
        #expect(memory.calmTicks == 0)
    }

    @Test(arguments: 0..<50) func `a return is always below both use and limit, and its bytes survive`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var memory = CeilingMemory()
        var limit = BitRate.megabits(500)
        for _ in 0..<300 {
            if Bool.random(using: &generator) {
                let used = BitRate(bitsPerSecond: Int64.random(in: 1_000_000...600_000_000, using: &generator))
                let rate = memory.suffered(
                    at: used, under: limit, CeilingMemory.Episode.allCases.randomElement(using: &generator)!, isRough: Bool.random(using: &generator), by: settings)
                #expect(rate < limit)
                limit = max(rate, .megabits(1))
            } else {
                let advice = memory.calm(limit: limit, isUsed: Bool.random(using: &generator), by: settings)
                #expect(advice.rate <= limit.scaled(thousandths: 1_200) || advice.step == .probe)
                limit = max(limit, min(advice.rate, .megabits(5_000)))
            }
            #expect(memory.ceilings == memory.ceilings.sorted() && memory.ceilings.count <= CeilingMemory.mostCeilings)
            #expect(CeilingMemory(bytes: memory.bytes) == memory)
        }
    }
}
