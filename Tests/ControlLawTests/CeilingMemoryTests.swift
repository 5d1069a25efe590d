import ControlLaw
import Quantities
import Testing

// Aim: the memory comes back to just below what it learned, from either side. Method: a link of known rate, driven tick by tick.
@Suite struct CeilingMemoryTests {
    private let settings = CeilingSettings()

    @Test func `suffering after calm returns below the use, suffering again further below`() {
        var memory = CeilingMemory()
        #expect(memory.suffered(at: .megabits(200), under: nil, again: false, by: settings) == .megabits(190))
        #expect(memory.suffered(at: .megabits(120), under: .megabits(190), again: true, by: settings) == .megabits(108))
        #expect(memory.ceilings == [.megabits(120)])
    }

    @Test func `a mark that proves wrong gives back the ceiling it replaced`() {
        var memory = CeilingMemory()
        _ = memory.suffered(at: .megabits(200), under: nil, again: false, by: settings)
        _ = memory.calm(limit: .megabits(190), isUsed: true, by: settings)
        _ = memory.suffered(at: .megabits(189), under: .megabits(190), again: false, by: settings)
        _ = memory.suffered(at: .megabits(120), under: .megabits(180), again: true, by: settings)
        #expect(memory.ceilings == [.megabits(120), .megabits(200)])
    }

    @Test func `a link that steps down and up is climbed to its old plateau without suffering there again`() {
        var memory = CeilingMemory()
        _ = memory.suffered(at: .megabits(200), under: nil, again: false, by: settings)
        var limit = memory.suffered(at: .megabits(120), under: .megabits(190), again: false, by: settings)
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
        let limit = memory.suffered(at: .megabits(200), under: nil, again: false, by: settings)
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
                    at: used, under: limit, again: Bool.random(using: &generator), isRough: Bool.random(using: &generator), by: settings)
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
