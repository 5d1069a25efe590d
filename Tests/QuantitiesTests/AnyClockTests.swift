import Quantities
import Testing

/// Aim: no civil time that anybody's clock may say traps. Method: the ends of the type, in every operation.
@Suite struct AnyClockTests {
    private static let extremes: [Int64] = [.min, .min + 1, -9_000_000_000_000_001, -1, 0, 1, 1_795_000_000_000_000, .max - 1, .max]

    @Test func `differences and sums of any two instants are held at the ends`() {
        for left in Self.extremes {
            for right in Self.extremes {
                let (one, other) = (WallTime(microseconds: left), WallTime(microseconds: right))
                let span = one - other
                #expect((span > .zero) == (one > other) && (span < .zero) == (one < other))
                #expect(Nanoseconds(-span.count) == other - one)
                _ = one + span
                #expect(!span.readable.isEmpty)
            }
            #expect(!WallTime(microseconds: left).description.isEmpty)
            #expect(WallTime.plausible.contains(WallTime(microseconds: left).madePlausible))
        }
        #expect(WallTime(microseconds: .max) + .seconds(1) == WallTime(microseconds: .max))
        #expect(WallTime(microseconds: .min) + .seconds(-1) == WallTime(microseconds: .min))
    }

    @Test func `what is taken for a writer's time is 1970 to 2255`() {
        #expect(WallTime.plausible.lowerBound.description == "1970-01-01T00:00:00.000Z")
        #expect(WallTime.plausible.upperBound.description == "2255-03-14T16:00:00.000Z")
        #expect(WallTime(microseconds: -1).description == "1969-12-31T23:59:59.999Z")
    }

    @Test func `a span made of any number of units is held too, and has its opposite`() {
        for count in [Int64.min, .max] {
            for span in [Nanoseconds.microseconds(count), .milliseconds(count), .seconds(count)] { #expect(-(-span.count) == span.count) }
        }
        #expect(Nanoseconds.milliseconds(1_500).count == 1_500_000_000)
    }
}
