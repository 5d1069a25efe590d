import ControlLaw
import Events
import JSONDocument
import LawHistory
import Quantities
import Testing

// Aim: a backtest tells what it says it tells. Method: short histories whose counts can be written down by hand, and the law that
// decided held against itself.
@Suite struct LawBacktestTests {
    private func backtest(_ history: History, _ law: String, _ parameters: [String: String] = [:]) throws -> LawBacktest.Tally {
        var backtest = LawBacktest(try Law(name: law, parameters: parameters))
        for record in history.records { backtest.fold(record) }
        #expect(backtest.loops.count == 1 && backtest.unnamedRows == 0)
        return try #require(backtest.loops.first?.value)
    }
    private func spiky() throws -> History {
        var history = History([try Law(name: "plateau@1")])
        for step in 0..<80 { history.tick([20, 21, 50].contains(step) ? 2_500 : step % 31 == 30 ? nil : 400) }
        return history
    }

    @Test func `the law that decided, tried again, is alike in all and diverges nowhere`() throws {
        let tally = try backtest(try spiky(), "plateau@1")
        #expect(tally.decisions == 80 && tally.alike == 80 && tally.alikeRatio == 1 && tally.otherAction == 0)
        #expect(tally.firstDivergence == nil && tally.recorded == tally.tried)
        #expect(tally.aboveBound == 3 && tally.aboveTarget == 3 && tally.unmeasured == 2)
        #expect(tally.recorded.excesses == 2 && tally.recorded.missed == 0 && tally.recorded.brakes >= 2)
    }

    @Test func `it carries its own state, and begins from the recorded one only where the law is the same`() throws {
        var history = History([try Law(name: "plateau@1")])
        for _ in 0..<5 { history.tick(400) }
        history.tick(2_500)
        let marked = history.records.count
        for _ in 0..<40 { history.tick(400) }
        var (late, other) = (LawBacktest(try Law(name: "plateau@1")), LawBacktest(try Law(name: "predictive@1")))
        // From the middle on: what is remembered of the ceiling is in the row.
        for record in [history.records[0]] + history.records[marked...] {
            late.fold(record)
            other.fold(record)
        }
        #expect(late.loops.first?.value.alikeRatio == 1)
        #expect(other.loops.first!.value.alikeRatio < 1)
    }

    @Test func `the first divergence names its place and both sentences`() throws {
        let tally = try backtest(try spiky(), "fixed-step@1")
        let first = try #require(tally.firstDivergence)
        #expect(first.position.description == "plant-a/s/2")
        #expect(first.recorded.hasPrefix("Raised from 200 Mbit/s to 240 Mbit/s"))
        #expect(first.tried.hasPrefix("Would raise from 200 Mbit/s to 210 Mbit/s"), "\(first.tried)")
        #expect(tally.alike < tally.decisions)
    }

    @Test func `a law that holds above the bound has missed, one that lowers in calm braked falsely`() throws {
        // Holds whatever happens, for its target is never passed by so much.
        let blind = try backtest(try spiky(), "hardened@1", ["smoothing": "0.001", "decrease": "1k"])
        #expect(blind.tried.excesses == 2)
        var course = LawCourse()
        func input(_ microseconds: Int32) -> LoopInput {
            LoopInput(
                quality: .measured, count: 100, raw: .microseconds(microseconds), target: .microseconds(1_000), bound: .microseconds(1_500),
                elapsedMilliseconds: 5_000, applied: .megabits(100), floor: .megabits(10), ceiling: .megabits(1_000), evidence: [.mayAct])
        }
        func outcome(_ action: LoopAction, _ reason: DecisionReason = .aboveTarget) -> LoopOutcome {
            LoopOutcome(action: action, reason: reason, lowerThreshold: .zero, upperThreshold: .zero, desired: .megabits(90))
        }
        func play(_ steps: [(Int32, LoopAction)]) -> LawCourse {
            var course = LawCourse()
            for (delay, action) in steps { course.take(input(delay), outcome(action)) }
            return course
        }
        // Missed: neither the first tick above nor the next lowers.
        #expect(play([(300, .hold), (2_000, .hold), (2_000, .hold), (300, .hold)]).missed == 1)
        #expect(play([(300, .hold), (2_000, .hold), (2_000, .decrease), (300, .hold)]).missed == 0)
        #expect(play([(300, .hold), (2_000, .decrease), (2_000, .hold), (2_000, .hold)]).missed == 0)
        // A brake up to two ticks before is foresight; one earlier is a false brake.
        let foreseen = play([(300, .hold), (300, .decrease), (300, .hold), (2_000, .hold), (2_000, .hold)])
        #expect(foreseen.missed == 0 && foreseen.foreseen == 1 && foreseen.falseBrakes == 0)
        let early = play([(300, .decrease), (300, .hold), (300, .hold), (2_000, .hold), (2_000, .hold)])
        #expect(early.missed == 1 && early.foreseen == 0 && early.falseBrakes == 1)
        // Lowering above the target, or after a grant, is no false brake.
        #expect(play([(1_200, .decrease), (300, .hold), (300, .hold), (300, .hold)]).falseBrakes == 0)
        course.take(input(300), outcome(.decrease, .grantLowered))
        for _ in 0..<4 { course.take(input(300), outcome(.hold)) }
        #expect(course.brakes == 0 && course.falseBrakes == 0 && course.patches == 1)
        // At its floor there was nothing to lower.
        course.take(input(2_000), outcome(.hold, .atFloor))
        course.take(input(2_000), outcome(.hold, .atFloor))
        #expect(course.missed == 0 && course.excesses == 1)
    }

    @Test func `a standby's rows are not counted, and a cluster that observes is judged by what it meant`() throws {
        var history = History([try Law(name: "plateau@1")])
        for _ in 0..<10 { history.tick(400, isLeader: false) }
        for step in 0..<10 { history.tick(step == 5 ? 2_500 : 400, mayAct: false) }
        let tally = try backtest(history, "plateau@1")
        #expect(tally.decisions == 10 && tally.recorded.brakes == 1 && tally.recorded.missed == 0 && tally.alikeRatio == 1)
    }

    @Test func `the document says that history is open loop`() throws {
        let backtest = LawBacktest(try Law(name: "plateau@1"))
        #expect(backtest.json["limit"]?.string?.hasPrefix("History is open loop") == true)
    }
}
