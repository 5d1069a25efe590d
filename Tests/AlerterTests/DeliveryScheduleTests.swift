import Alerter
import Quantities
import Testing

/// Aim: when a notification is tried again. Method: the documented waits, by hand.
@Suite struct DeliveryScheduleTests {
    private let schedule = DeliverySchedule.standard

    @Test func `the waits grow to five minutes and stay there for three days, then it is dead`() {
        let waits = (1...8).map { schedule.wait(afterAttempts: $0, retryAfter: nil, jitterThousandths: 0) }
        #expect(waits == [5, 15, 30, 60, 120, 300, 300, 300].map { Nanoseconds.seconds($0) })
        var total = Nanoseconds.zero
        var attempts = 0
        while let wait = schedule.wait(afterAttempts: attempts + 1, retryAfter: nil, jitterThousandths: 0) {
            attempts += 1
            total = total + wait
        }
        #expect(attempts + 1 == schedule.maximumAttempts)
        #expect((.seconds(72 * 3_600))...(.seconds(73 * 3_600)) ~= total, "\(total)")
    }

    @Test func `the lot adds up to a fifth`() {
        #expect(schedule.wait(afterAttempts: 1, retryAfter: nil, jitterThousandths: 1_000) == .seconds(6))
        #expect(schedule.wait(afterAttempts: 1, retryAfter: nil, jitterThousandths: 500) == .milliseconds(5_500))
    }

    @Test func `a receiver may ask for longer, not for shorter, and for an hour at most`() {
        func wait(_ asked: Int64) -> Nanoseconds? {
            schedule.wait(afterAttempts: 2, retryAfter: .seconds(asked), jitterThousandths: 0)
        }
        #expect(wait(1) == .seconds(15))
        #expect(wait(90) == .seconds(90))
        #expect(wait(86_400) == .seconds(3_600))
        #expect(wait(-5) == .seconds(15))
    }
}
