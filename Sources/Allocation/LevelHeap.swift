/// Resources by level, lowest first, at most one entry each. An entry's bound is never above the level of its resource.
///
/// Where bounds are equal, entries whose level is only bounded come first, so that it is found before anybody is settled; exact
/// levels are then compared themselves, and equal ones by the resources' numbers: the order never depends on that of the input.
struct LevelHeap {
    struct Entry: Sendable, BitwiseCopyable {
        let bound: Double
        let resource: Int32
        let isExact: Bool
    }

    private let entries: PlainBuffer<Entry>
    private let levels: PlainBuffer<FillLevel>
    private var count = 0

    init(_ entries: PlainBuffer<Entry>, _ levels: PlainBuffer<FillLevel>) {
        self.entries = entries
        self.levels = levels
    }

    mutating func removeAll() { count = 0 }
    var first: Entry? { count > 0 ? entries[0] : nil }

    /// Adds without ordering; `order` must follow before the next `popLowest`.
    mutating func append(_ entry: Entry) {
        entries[count] = entry
        count += 1
    }

    func order() {
        for index in stride(from: count / 2 - 1, through: 0, by: -1) { sink(entries[index], from: index) }
    }

    mutating func push(_ entry: Entry) {
        var index = count
        count += 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard precedes(entry, entries[parent]) else { break }
            entries[index] = entries[parent]
            index = parent
        }
        entries[index] = entry
    }

    mutating func popLowest() -> Entry? {
        guard count > 0 else { return nil }
        let lowest = entries[0]
        count -= 1
        if count > 0 { sink(entries[count], from: 0) }
        return lowest
    }

    private func sink(_ entry: Entry, from start: Int) {
        var index = start
        while true {
            var child = 2 * index + 1
            guard child < count else { break }
            if child + 1 < count, precedes(entries[child + 1], entries[child]) { child += 1 }
            guard precedes(entries[child], entry) else { break }
            entries[index] = entries[child]
            index = child
        }
        entries[index] = entry
    }

    @inline(__always)
    func precedes(_ left: Entry, _ right: Entry) -> Bool {
        left.bound != right.bound ? left.bound < right.bound : breaksTie(left, right)
    }

    @inline(never)
    private func breaksTie(_ left: Entry, _ right: Entry) -> Bool {
        guard left.isExact == right.isExact else { return right.isExact }
        guard left.isExact else { return left.resource < right.resource }
        let (a, b) = (levels[left.resource], levels[right.resource])
        return a == b ? left.resource < right.resource : a < b
    }
}
