import ControlLaw
import Events
import Quantities
import Testing

// Aim: the forecaster learns what can be learned, and its law stays inside every promise of plateau. Method: courses with a known
// rule; LawPropertyTests holds both new laws to what every law promises.
@Suite struct DelayForecasterTests {
    /// Mean size of the error over the last quarter of a course. Unit: ms.
    private func error(_ course: [Double], ahead: Int, _ method: DelayForecaster.Method) -> Double {
        var forecaster = DelayForecaster()
        var (sum, count) = (0.0, 0)
        var forecasts: [Int: Delay] = [:]
        for (tick, value) in course.enumerated() {
            if tick > course.count * 3 / 4, let forecast = forecasts[tick] {
                sum += abs(forecast.milliseconds - value)
                count += 1
            }
            forecaster.add(Delay.microseconds(Int32(value * 1000)), usedThousandths: 950, ahead: ahead)
            forecasts[tick + ahead] = forecaster.forecast(ahead: ahead, by: method)
        }
        return count == 0 ? .infinity : sum / Double(count)
    }

    @Test func `it learns an alternating course, which persistence gets wrong every time`() {
        let course = (0..<800).map { $0 % 2 == 0 ? 0.3 : 0.9 }
        #expect(error(course, ahead: 1, .persistence) > 0.55)
        #expect(error(course, ahead: 1, .learned) < 0.1)
    }

    @Test func `it is no worse than persistence on noise about a level`() {
        var generator = SeededGenerator(seed: 5)
        let course = (0..<2_000).map { _ in 0.3 + 0.2 * generator.unit() }
        #expect(error(course, ahead: 2, .learned) < error(course, ahead: 2, .persistence))
    }

    @Test func `before its apprenticeship, and after a gap, it says nothing`() {
        var forecaster = DelayForecaster()
        for _ in 0..<20 { forecaster.add(.microseconds(300), usedThousandths: 900, ahead: 1) }
        #expect(forecaster.forecast(ahead: 1, by: .learned) == nil)
        #expect(forecaster.forecast(ahead: 1, by: .persistence) == .microseconds(300))
        forecaster.interrupt()
        #expect(forecaster.forecast(ahead: 1, by: .persistence) == nil)
    }

    @Test func `a rising trend brakes before the bound is passed, once, and teaches no ceiling`() throws {
        var follower = try Follower("predictive@1", ["forecast": "trend", "forecastTicks": "2"], applied: 200)
        for raw in [300, 300, 300, 300, 500, 900] as [Int32] { follower.step { $0.raw = .microseconds(raw) } }
        let brakes = follower.outcomes.filter { $0.action == .decrease }
        #expect(brakes.count == 1)
        #expect(brakes.first?.smoothed == .microseconds(1_700))
        #expect(follower.outcomes.allSatisfy { $0.sufferedAt == nil })
    }

    @Test func `without forecasts above the bound it decides as plateau does`() throws {
        var generator = SeededGenerator(seed: 9)
        var (plateau, predictive) = (try Follower("plateau@1", applied: 100), try Follower("predictive@1", applied: 100))
        for _ in 0..<300 {
            let raw = Delay.microseconds(Int32(200 + 500 * generator.unit()))
            let (left, right) = (plateau.step { $0.raw = raw }, predictive.step { $0.raw = raw })
            #expect(left.action == right.action && left.desired == right.desired && left.reason == right.reason)
        }
    }
}
