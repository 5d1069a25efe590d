import Events
import Quantities
import Testing

// Aim: steps in proportion to the error, and no wind-up. Method: a rate that follows at once, or not at all.
@Suite struct ProportionalTests {
    @Test func `twice the error above the bound is a larger step`() throws {
        func fall(_ raw: Int32) throws -> BitRate {
            var follower = try Follower("proportional@1", applied: 200)
            return try #require(follower.step { $0.raw = .microseconds(raw) }.desired)
        }
        #expect(try fall(2_000) < .megabits(200))
        #expect(try fall(3_000) < fall(2_000))
        // Never below largestFall.
        #expect(try fall(60_000) == .megabits(140))
    }

    @Test func `the nearer to the target, the smaller the raise`() throws {
        func rise(_ raw: Int32) throws -> BitRate {
            var follower = try Follower("proportional@1", applied: 200)
            return try #require(follower.step { $0.raw = .microseconds(raw) }.desired)
        }
        #expect(try rise(100) > rise(600))
        #expect(try rise(600) > .megabits(200))
    }

    @Test func `while a raise cannot be carried out nothing winds up`() throws {
        func firstRaise(afterHolding ticks: Int) throws -> BitRate {
            var follower = try Follower("proportional@1", ["cooldown": "0s"], applied: 200)
            for _ in 0..<ticks {
                follower.step { input in
                    input.raw = .microseconds(300)
                    input.evidence.subtract([.freshSinceChange])
                }
            }
            return try #require(follower.step { $0.raw = .microseconds(300) }.desired)
        }
        // The sum is bounded: a hundred ticks of waiting owe no more than a few.
        #expect(try firstRaise(afterHolding: 100) == firstRaise(afterHolding: 10))
    }

    @Test func `inside the deadband it patches nothing, however long`() throws {
        var follower = try Follower("proportional@1", applied: 200)
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<2_000 { follower.step { $0.raw = .microseconds(Int32(810 + 380 * generator.unit())) } }
        #expect(follower.patches == 0)
    }
}
