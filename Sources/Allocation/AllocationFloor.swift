/// The least that any way of sharing must do, for measuring beside it: read the input once, and touch each path entry once.
package struct AllocationFloor {
    private let layout: AllocationLayout
    private let memory: FloorMemory
    /// Keeps what was read from being left out.
    private var sum: UInt64 = 0

    package init(_ instance: AllocationInstance) {
        layout = instance.layout
        memory = FloorMemory(layout)
    }

    package var entryCount: Int { layout.path.count }

    /// One addition per path entry: the weights of the demands, on the resources that they cross.
    package mutating func scatter() {
        let sums = memory.sums
        for demand in 0..<layout.demandCount {
            let weight = memory.weights[demand]
            for entry in layout.entries(of: demand) { sums[layout.path[entry]] += weight }
        }
    }

    /// One read of every number of the input.
    package mutating func read() {
        var found: UInt64 = 0
        for number in 0..<layout.resourceCount { found &+= UInt64(truncatingIfNeeded: layout.capacities[number] >> 64) }
        for demand in 0..<layout.demandCount {
            let term = layout.terms[demand]
            found &+= UInt64(truncatingIfNeeded: term.lower >> 64) &+ UInt64(truncatingIfNeeded: term.upper >> 64) &+ term.weight
        }
        for entry in 0..<layout.path.count { found &+= UInt64(truncatingIfNeeded: layout.path[entry]) }
        sum &+= found
    }
}

private final class FloorMemory: Sendable {
    let sums: PlainBuffer<Double>
    let weights: PlainBuffer<Double>

    init(_ layout: AllocationLayout) {
        sums = PlainBuffer(repeating: 0, count: layout.resourceCount)
        weights = PlainBuffer((0..<layout.demandCount).map { layout.estimates[$0].weight })
    }

    deinit {
        sums.deallocate()
        weights.deallocate()
    }
}
