/// Resources by level, lowest first. An entry's bound is never above the level of its resource.
///
/// Where bounds are equal, entries whose level is only bounded come first, so that it is computed before anybody is settled;
/// exact levels are then compared themselves, and equal ones by the resources' numbers: the order never depends on that of the input.
struct LevelHeap: Sendable {
    struct Entry: Sendable {
        let bound: Double
        let resource: Int32
        let isExact: Bool
    }

    private var entries: [Entry] = []

    mutating func removeAll() { entries.removeAll(keepingCapacity: true) }
    var first: Entry? { entries.first }

    /// Adds without ordering; `order` must follow before the next `popLowest`.
    mutating func append(_ entry: Entry) { entries.append(entry) }

    mutating func order(_ levels: [FillLevel]) {
        for index in stride(from: entries.count / 2 - 1, through: 0, by: -1) { sink(entries[index], from: index, levels) }
    }

    mutating func push(_ entry: Entry, _ levels: [FillLevel]) {
        entries.append(entry)
        var entries = self.entries.mutableSpan
        var index = entries.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard LevelHeap.precedes(entry, entries[parent], levels) else { break }
            entries[index] = entries[parent]
            index = parent
        }
        entries[index] = entry
    }

    mutating func popLowest(_ levels: [FillLevel]) -> Entry? {
        guard let lowest = entries.first, let last = entries.popLast() else { return nil }
        if !entries.isEmpty { sink(last, from: 0, levels) }
        return lowest
    }

    private mutating func sink(_ entry: Entry, from start: Int, _ levels: [FillLevel]) {
        var entries = self.entries.mutableSpan
        let count = entries.count
        var index = start
        while true {
            var child = 2 * index + 1
            guard child < count else { break }
            if child + 1 < count, LevelHeap.precedes(entries[child + 1], entries[child], levels) { child += 1 }
            guard LevelHeap.precedes(entries[child], entry, levels) else { break }
            entries[index] = entries[child]
            index = child
        }
        entries[index] = entry
    }

    @inline(__always)
    static func precedes(_ left: Entry, _ right: Entry, _ levels: [FillLevel]) -> Bool {
        left.bound != right.bound ? left.bound < right.bound : breaksTie(left, right, levels)
    }

    @inline(never)
    private static func breaksTie(_ left: Entry, _ right: Entry, _ levels: [FillLevel]) -> Bool {
        guard left.isExact == right.isExact else { return right.isExact }
        guard left.isExact else { return left.resource < right.resource }
        let (a, b) = (levels[Int(left.resource)], levels[Int(right.resource)])
        return a == b ? left.resource < right.resource : a < b
    }
}
