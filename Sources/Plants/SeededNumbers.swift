import Events

/// Numbers from a seed, the same on every machine: only additions, multiplications and divisions are made of them.
struct SeededNumbers: Sendable {
    private var generator: SplitMix

    init(seed: UInt64) { generator = SplitMix(seed: seed) }

    /// Evenly in [0, 1).
    mutating func unit() -> Double { Double(generator.next() >> 11) / 9_007_199_254_740_992 }

    /// An independent course, so that one part's draws do not shift another's.
    mutating func fork() -> SeededNumbers { SeededNumbers(seed: generator.next()) }
}
