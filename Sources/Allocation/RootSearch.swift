/// Finds the level of one resource in one tier again, the levels of the others given.
///
/// A member that another resource binds at a lower level counts with what it gets there; the others share the rest. Who is bound
/// elsewhere depends on the level that is looked for, so those near it are taken in their order, as a filling would settle them.
struct RootSearch: Sendable {
    private var buffers = FillingBuffers()
    private var members: [Member] = []

    /// A member and the lowest level on its path but for the resource at hand.
    struct Member {
        var term: FillTerm
        var level: FillLevel
        var resource: Int32
    }

    private static var nearness: Double { 0x1p-30 }

    mutating func removeAll() { members.removeAll(keepingCapacity: true) }
    mutating func add(_ member: Member) { members.append(member) }

    private static var mostGuesses: Int { 6 }

    /// The level of `resource` over the members that were added, with `residual` to share above their lower bounds.
    mutating func level(of resource: Int32, residual: FineRate) -> FillLevel {
        if residual == 0 { return firstStart(resource) }
        prepare(members.count)
        guard var guess = guess(FillEstimate.double(residual)) else { return .unbounded }
        for _ in 0..<RootSearch.mostGuesses {
            guard let (left, count) = open(residual, below: guess) else {
                let level = inOrder(resource, residual, near: guess)
                return RootSearch.isNear(level, guess) ? level : inOrder(resource, residual, near: 0)
            }
            let found = level(count, left, near: guess)
            if RootSearch.isNear(found, guess) { return found }
            guess = RootSearch.number(found)
        }
        return inOrder(resource, residual, near: 0)
    }

    /// Where nothing is left: the first level at which somebody who is not bound elsewhere before would leave its lower bound.
    private func firstStart(_ resource: Int32) -> FillLevel {
        var first = FillLevel.unbounded
        for member in members where member.term.lower < member.term.upper && first != .zero {
            let start = member.term.lower == 0 ? FillLevel.zero : FillLevel(member.term.lower, dividedBy: member.term.weight)
            guard start < first else { continue }
            let isBoundBefore = member.level == start ? member.resource < resource : member.level < start
            if !isBoundBefore { first = start }
        }
        return first
    }

    /// Where the members use the residual up, each cut off where another resource binds it; nil where they certainly fit.
    private func guess(_ residual: Double) -> Double? {
        var gaps = 0.0
        for (index, member) in members.enumerated() {
            var estimate = FillEstimate(member.term)
            if member.level != .unbounded {
                estimate.gap = min(estimate.gap, max(0, estimate.weight * member.level.lowerBound - estimate.lower))
            }
            buffers.estimates[index] = estimate
            gaps += estimate.gap
        }
        // Where they fit exactly, who leaves first at equal levels decides.
        if gaps < residual, FillSums.certainlyFit(gaps, residual) { return nil }
        var search = LevelSearch(buffers, buffers.terms)
        let sums = search.load(buffers.members, 0..<members.count, buffers.estimates)
        return search.approximate(sums, residual: residual, notBelow: 0).level
    }

    /// Lays out the members that are not bound elsewhere below a level, and what the others leave them; nil where that is too close
    /// to tell of somebody.
    private func open(_ residual: FineRate, below guess: Double) -> (left: FineRate, count: Int)? {
        var left = residual
        var count = 0
        for member in members {
            let own = RootSearch.number(member.level)
            if own < guess * (1 - RootSearch.nearness) {
                left = left &- (member.term.rate(at: member.level) &- member.term.lower)
                continue
            }
            guard own == .infinity || own > guess * (1 + RootSearch.nearness) else { return nil }
            buffers.terms[count] = member.term
            buffers.estimates[count] = FillEstimate(member.term)
            count += 1
        }
        return left >> 127 == 0 ? (left, count) : nil
    }

    private func level(_ count: Int, _ left: FineRate, near guess: Double) -> FillLevel {
        guard count > 0 else { return .unbounded }
        var search = LevelSearch(buffers, buffers.terms)
        let sums = search.load(buffers.members, 0..<count, buffers.estimates)
        return search.level(sums, residual: left, near: guess)
    }

    private static func number(_ level: FillLevel) -> Double { level == .unbounded ? .infinity : level.lowerBound }

    private static func isNear(_ level: FillLevel, _ guess: Double) -> Bool {
        let own = number(level)
        return own == guess || abs(own - guess) <= guess * (nearness / 4)
    }

    private mutating func prepare(_ count: Int) {
        guard !isKnownUniquelyReferenced(&buffers) || buffers.terms.count < count else { return }
        let size = max(16, 2 * count)
        buffers = FillingBuffers(demands: size, resources: 0, entries: size, largestSegment: size, holdsTerms: true)
        for index in 0..<size { buffers.members[index] = Int32(index) }
    }

    /// As a filling goes: whoever another resource binds no higher than this one leaves first, and the level is found again.
    @inline(never)
    private func inOrder(_ resource: Int32, _ residual: FineRate, near guess: Double) -> FillLevel {
        let order = members.sorted { $0.level == $1.level ? $0.resource < $1.resource : $0.level < $1.level }
        var left = residual
        var settled = 0
        func settle() {
            let member = order[settled]
            left = left &- (member.term.rate(at: member.level) &- member.term.lower)
            settled += 1
        }
        while settled < order.count, RootSearch.number(order[settled].level) < guess * (1 - RootSearch.nearness) { settle() }
        while settled < order.count {
            let open = order[settled...]
            let level = WaterLevel.find(open.map(\.term), room: open.reduce(left) { $0 + $1.term.lower })
            let next = order[settled]
            guard next.level < level || (next.level == level && next.level != .unbounded && next.resource < resource) else { return level }
            settle()
        }
        return .unbounded
    }
}
