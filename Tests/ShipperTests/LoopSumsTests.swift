import Quantities
import Testing

@testable import Shipper

/// How the workloads of one loop count together, and how a total becomes limits.
struct LoopSumsTests {
    static func member(used: Int64, applied: Int64, isIdle: Bool, weight: Int64 = 1_000_000, grant: Int64? = nil) -> LoopSums.Member {
        LoopSums.Member(
            used: .megabits(used), applied: .megabits(applied), grant: grant.map { .megabits($0) }, floor: .megabits(10),
            ceiling: .megabits(1000), weight: weight, idleWish: isIdle ? .megabits(used).scaled(thousandths: 1_250) : nil)
    }

    @Test func `an idle workload beside a busy one counts with what it uses`() {
        let sums = LoopSums([Self.member(used: 20, applied: 60, isIdle: true), Self.member(used: 14, applied: 14, isIdle: false)])
        #expect(sums.used == .megabits(34) && sums.applied == .megabits(34))
    }

    @Test func `a loop that is idle as a whole counts with its limits`() {
        let sums = LoopSums([Self.member(used: 20, applied: 60, isIdle: true), Self.member(used: 4, applied: 14, isIdle: true)])
        #expect(sums.used == .megabits(24) && sums.applied == .megabits(74))
    }

    @Test func `what does not run is in no sum, takes no share, and begins at its floor when it comes back`() {
        var absent = Self.member(used: 0, applied: 100, isIdle: true)
        (absent.applied, absent.isAbsent) = (nil, true)
        let busy = Self.member(used: 95, applied: 100, isIdle: false)
        let sums = LoopSums([absent, busy])
        #expect(sums.applied == .megabits(100) && sums.used == .megabits(95) && sums.floor == .megabits(10) && sums.ceiling == .megabits(1000))
        #expect(LoopSums.divide(.megabits(80), among: [absent, busy], isDecrease: true) == [.megabits(10), .megabits(80)])
        let nobody = LoopSums([absent])
        #expect(nobody.applied == nil && nobody.used == .zero)
    }

    @Test func `a raise goes to those at their limit, and the idle keep a quarter above their use`() {
        let members = [Self.member(used: 20, applied: 60, isIdle: true), Self.member(used: 14, applied: 14, isIdle: false)]
        #expect(LoopSums.divide(.megabits(60), among: members, isDecrease: false) == [.megabits(25), .megabits(40)])
    }

    @Test func `a decrease raises nobody, and keeps every floor`() {
        var random = SplitMixForTest(state: 3)
        for _ in 0..<500 {
            let members = (0..<3).map { _ in
                let applied = Int64(random.next() % 200) + 10
                return Self.member(used: min(applied, Int64(random.next() % 200)), applied: applied, isIdle: random.next() % 2 == 0)
            }
            let total = LoopSums(members).applied?.scaled(thousandths: 700) ?? .zero
            for (member, rate) in zip(members, LoopSums.divide(total, among: members, isDecrease: true)) {
                #expect(rate >= member.floor && rate <= max(member.floor, member.applied ?? .zero))
            }
        }
    }

    @Test func `nobody is raised above its grant`() {
        let members = [Self.member(used: 50, applied: 50, isIdle: false, grant: 55), Self.member(used: 50, applied: 50, isIdle: false, grant: 300)]
        #expect(LoopSums.divide(.megabits(200), among: members, isDecrease: false) == [.megabits(55), .megabits(145)])
    }
}

struct SplitMixForTest {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}
