/// Finds the level of one resource over its unsettled members: nearly, in floating point, and exactly.
struct LevelSearch {
    enum Place: UInt8, Sendable, BitwiseCopyable {
        /// Clearly held by its lower bound, clearly rising, clearly held by its upper bound.
        case lower, rising, upper
        /// Within rounding of a bound: only the exact product tells.
        case near
    }

    private let terms: PlainBuffer<FillTerm>
    /// The members at hand, side by side, as the processor takes them; the one behind the last weighs nothing.
    private let weights: PlainBuffer<Double>
    private let lowers: PlainBuffer<Double>
    private let gaps: PlainBuffer<Double>
    /// Where each of them stands at the level that was found last.
    let places: PlainBuffer<Place>
    private let members: PlainBuffer<Int32>
    private var begin = 0
    private var count = 0

    /// How often a guess is improved before the best proven one is taken.
    private static let mostTrials = 24
    /// How often the exact level may correct who is held by a bound.
    private static let mostCorrections = 4

    init(_ buffers: FillingBuffers, _ terms: PlainBuffer<FillTerm>) {
        self.terms = terms
        weights = buffers.weights
        lowers = buffers.lowers
        gaps = buffers.gaps
        places = buffers.places
        members = buffers.members
    }

    mutating func load(_ members: PlainBuffer<Int32>, _ range: Range<Int>, _ estimates: PlainBuffer<FillEstimate>) -> FillSums {
        var sums = FillSums()
        begin = range.lowerBound
        count = range.count
        for index in 0..<count {
            let estimate = estimates[members[begin + index]]
            weights[index] = estimate.weight
            lowers[index] = estimate.lower
            gaps[index] = estimate.gap
            sums.add(estimate)
        }
        weights[count] = 0
        lowers[count] = 0
        gaps[count] = 0
        return sums
    }

    // MARK: - Nearly

    /// The level at which the members' gains use up the residual, and one that is certainly not above it. `known` is certain.
    ///
    /// Newton's method on the sum of gains, which grows with the level in straight pieces: where the trial lies in the right piece
    /// the next one is the root. Trials that leave the bracket of those before are replaced by its middle. Each gain is off by a
    /// few parts in 2⁵³ of what it was taken from, and so is their sum, a little more with each of them: a trial is proven where
    /// the sum is below the residual by more than that, so a little less than the residual is aimed at.
    func approximate(_ sums: FillSums, residual: Double, notBelow known: Double) -> (level: Double, bound: Double) {
        let error = Double(count + 16) * 0x1p-51 * (residual + sums.lowers)
        let most = residual - error
        let target = residual - 2 * error
        // Nothing is left but what rounding left: the first who leaves its lower bound finds nothing.
        guard target > 0 else { return (sums.start, known) }
        var low = known
        var high = Double.infinity
        var trial = max(known, (target + sums.lowers) / sums.weights)
        for _ in 0..<LevelSearch.mostTrials {
            let (gains, rising) = self.gains(at: trial)
            if gains <= most {
                low = max(low, trial)
                if gains >= target - error { return (trial + (residual - gains) / rising, low) }
            } else {
                high = min(high, trial)
            }
            var next = trial + (target - gains) / rising
            if !(next > low && next < high) { next = high < .infinity ? (low + high) / 2 : trial * 2 + 1 }
            if next == trial { break }
            trial = next
        }
        return (trial, low)
    }

    /// The sum of what members gain above their lower bounds at a level, and of the weights of those who are held by no bound there.
    @inline(__always)
    private func gains(at level: Double) -> (gains: Double, rising: Double) {
        let level = SIMD2<Double>(repeating: level)
        let zero = SIMD2<Double>(repeating: 0)
        var gains = zero
        var rising = zero
        for index in stride(from: 0, to: count, by: 2) {
            let weight = weights.pair(at: index)
            let gap = gaps.pair(at: index)
            let rise = weight * level - lowers.pair(at: index)
            let isAbove = rise .>= gap
            let isBelow = rise .< zero
            gains += rise.replacing(with: gap, where: isAbove).replacing(with: zero, where: isBelow)
            rising += weight.replacing(with: zero, where: isAbove .| isBelow)
        }
        return (gains[0] + gains[1], rising[0] + rising[1])
    }

    // MARK: - Exactly

    /// How far from a bound, relative, a member must be to count as clearly off it.
    private static let nearness = 0x1p-30

    /// The level, exactly, and in `places` where the members stand there; `.unbounded` where all of them have room for all they can use.
    ///
    /// Who is held by a bound is told by a guess. Where the level that follows from it agrees, for those who are near a bound by
    /// exact comparison, it is the level: whoever guessed.
    func level(_ sums: FillSums, residual: FineRate, near guess: Double) -> FillLevel {
        var guess = guess
        if !sums.certainlyExceed(FillEstimate.double(residual)), fits(residual) { return .unbounded }
        for _ in 0..<LevelSearch.mostCorrections {
            guard let (rest, weight) = split(residual, at: guess) else { break }
            let level = FillLevel(rest, dividedBy: weight)
            let found = level.lowerBound
            if abs(found - guess) > guess * (LevelSearch.nearness / 4) {
                guess = found
                continue
            }
            guard agrees(rest, weight) else { break }
            return level
        }
        return slowly(residual)
    }

    private func fits(_ residual: FineRate) -> Bool {
        var spare = residual
        for index in 0..<count {
            let term = terms[members[begin + index]]
            guard term.upper - term.lower <= spare else { return false }
            spare -= term.upper - term.lower
        }
        return true
    }

    /// What those who rise share at a level near the guess, and the sum of their weights; nil where nobody clearly rises beyond it.
    @inline(__always)
    private func split(_ residual: FineRate, at guess: Double) -> (rest: FineRate, weight: UInt64)? {
        var rest = residual
        var weight: UInt64 = 0
        var risesOn = false
        for index in 0..<count {
            let rate = weights[index] * guess
            let rise = rate - lowers[index]
            let margin = rate * LevelSearch.nearness
            if rise < -margin {
                places[index] = .lower
                continue
            }
            let term = terms[members[begin + index]]
            if rise - gaps[index] > margin {
                rest = rest &- (term.upper &- term.lower)
                places[index] = .upper
                continue
            }
            let isBelowUpper = rise - gaps[index] < -margin
            places[index] = isBelowUpper && rise > margin ? .rising : .near
            risesOn = risesOn || isBelowUpper
            rest = rest &+ term.lower
            weight &+= term.weight
        }
        return risesOn && rest >> 127 == 0 ? (rest, weight) : nil
    }

    /// Whether those who are near a bound, all of whom were taken to rise, do so.
    @inline(__always)
    private func agrees(_ rest: FineRate, _ weight: UInt64) -> Bool {
        for index in 0..<count where places[index] == .near {
            let term = terms[members[begin + index]]
            let rate = WideProduct(rest, term.weight)
            if rate < WideProduct(term.lower, weight) || WideProduct(term.upper, weight) < rate { return false }
        }
        return true
    }

    /// After which every member's rate is to be taken from the exact product.
    func placeNear() { places.fill(.near, 0..<count) }

    @inline(never)
    private func slowly(_ residual: FineRate) -> FillLevel {
        placeNear()
        let all = (0..<count).map { terms[members[begin + $0]] }
        return WaterLevel.find(all, room: all.reduce(residual) { $0 + $1.lower })
    }
}
