/// The same work for every seed, `width` at a time; the answer is in the order of the seeds and does not depend on the width.
func overSeeds<Value: Sendable>(
    _ seeds: ClosedRange<UInt64>, width: Int, _ work: @escaping @Sendable (UInt64) throws -> Value
) async throws -> [Value] {
    try await withThrowingTaskGroup(of: (UInt64, Value).self) { group in
        var waiting = seeds.makeIterator()
        func begin() {
            guard let seed = waiting.next() else { return }
            group.addTask { (seed, try work(seed)) }
        }
        for _ in 0..<max(1, width) { begin() }
        var found: [UInt64: Value] = [:]
        while let (seed, value) = try await group.next() {
            found[seed] = value
            begin()
        }
        return seeds.compactMap { found[$0] }
    }
}
