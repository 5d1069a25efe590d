import Allocation
import Quantities

/// What one loop's workloads come to together, as its law reads them, and how its total becomes limits again.
///
/// A limit that nobody uses teaches nothing, and must not hold back the one beside it. So where some workload is at its limit, one
/// that stays below its own counts with what it *uses*, in every sum: the law then speaks of the rate that the others share. When
/// limits change, an idle workload keeps a quarter of head-room above its use and gives the rest to those at their limits.
struct LoopSums {
    struct Member {
        var used: BitRate?
        var applied: BitRate?
        var grant: BitRate?
        var floor: BitRate
        var ceiling: BitRate
        var weight: Int64
        /// What it is left while it is idle (`WorkloadUse.idleWish`); nil where it is not.
        var idleWish: BitRate?
        /// Nothing of it runs: it is in no sum.
        var isAbsent = false
        var isIdle: Bool { idleWish != nil }

        /// What an idle workload keeps when limits change: its wish, within its bounds and its present limit.
        var idleLimit: BitRate {
            let wanted = max(floor, min(ceiling, idleWish ?? ceiling))
            return min(wanted, applied ?? wanted)
        }
    }
    /// Nil unless all are measured.
    let used: BitRate?
    /// Nil where one has no limit.
    let applied: BitRate?
    let floor: BitRate
    var ceiling: BitRate
    /// Nil without a living grant.
    var grant: BitRate?

    /// Without any member that runs: a use of nothing, and neither limit, ceiling nor grant.
    init(_ all: [Member]) {
        let members = all.filter { !$0.isAbsent }
        func sum(_ part: (Member) -> BitRate?) -> BitRate? {
            var total = BitRate.zero
            for member in members {
                guard let rate = part(member) else { return nil }
                total = total + rate
            }
            return total
        }
        let idle = LoopSums.countsAsIdle(members)
        used = sum(\.used)
        applied = members.isEmpty ? nil : sum { idle($0) ? $0.used : $0.applied }
        floor = sum { idle($0) ? $0.used : $0.floor } ?? .zero
        ceiling = members.isEmpty ? .maximum : sum { idle($0) ? $0.used : $0.ceiling } ?? .zero
        grant = members.isEmpty ? nil : sum { member in idle(member) ? member.grant.map { min($0, member.used ?? .zero) } : member.grant }
    }

    /// The limits of the members for a total. Nobody rises where the loop decreases; nobody rises above its grant. What comes back
    /// after an absence begins at its floor.
    static func divide(_ total: BitRate, among members: [Member], isDecrease: Bool) -> [BitRate] {
        var rates = dividePresent(total, among: members.filter { !$0.isAbsent }, isDecrease: isDecrease).makeIterator()
        return members.map { $0.isAbsent ? $0.floor : rates.next() ?? $0.floor }
    }

    private static func dividePresent(_ total: BitRate, among members: [Member], isDecrease: Bool) -> [BitRate] {
        let idle = countsAsIdle(members)
        let idleUse = members.filter(idle).reduce(BitRate.zero) { $0 + ($1.used ?? .zero) }
        let bound = members.filter { !idle($0) }
        let floors = bound.reduce(BitRate.zero) { $0 + $1.floor }
        // A total too small even for what the idle ones use comes down on everybody.
        guard total.minus(idleUse) >= floors else {
            return RateDivision.divide(total: total, among: members.map { claim(of: $0, isDecrease: isDecrease) })
        }
        var shares = RateDivision.divide(total: total.minus(idleUse), among: bound.map { claim(of: $0, isDecrease: isDecrease) }).makeIterator()
        return members.map { idle($0) ? $0.idleLimit : shares.next() ?? $0.floor }
    }

    private static func claim(of member: Member, isDecrease: Bool) -> (floor: BitRate, ceiling: BitRate, weight: Int64) {
        var ceiling = member.ceiling
        if isDecrease, let applied = member.applied { ceiling = min(ceiling, applied) }
        if !isDecrease, let grant = member.grant { ceiling = min(ceiling, grant) }
        return (member.floor, max(member.floor, ceiling), member.weight)
    }

    /// Idle ones count as such only beside one that is not: a loop that is idle as a whole has nothing to give on.
    private static func countsAsIdle(_ members: [Member]) -> (Member) -> Bool {
        let isMixed = members.contains { !$0.isIdle }
        return { isMixed && $0.isIdle && $0.used != nil }
    }
}
