import Quantities
import Testing

@testable import fairlead

// Aim: no rate seen in tc is excused by an event of another change. Method: rates by hand.
@Suite struct LabResultTests {
    private func rates(_ megabits: [Int64]) -> [BitRate] { megabits.map(BitRate.megabits) }

    @Test func `each rate seen needs an event of its own, in order, and the log may tell of more`() {
        #expect(LabResult.withoutEvent(rates([190, 120, 190]), told: rates([700, 190, 150, 120, 190])) == 0)
        #expect(LabResult.withoutEvent(rates([190, 120, 190]), told: rates([190, 120])) == 1, "a rate logged once excuses no later change to it")
        #expect(LabResult.withoutEvent(rates([120, 190]), told: rates([190, 120])) == 1)
        #expect(LabResult.withoutEvent([], told: rates([190])) == 0)
    }
}
