/// Resources by level, lowest first; equal levels by number, so that the order never depends on the order of the input.
struct LevelHeap: Sendable {
    struct Entry: Sendable {
        let level: FillLevel
        let resource: Int32
    }

    private var entries: [Entry] = []

    mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

    /// Adds without ordering; `order()` must follow before the next `popLowest()`.
    mutating func append(_ level: FillLevel, _ resource: Int32) { entries.append(Entry(level: level, resource: resource)) }

    mutating func order() {
        for index in stride(from: entries.count / 2 - 1, through: 0, by: -1) { sink(entries[index], from: index) }
    }

    mutating func push(_ level: FillLevel, _ resource: Int32) {
        let entry = Entry(level: level, resource: resource)
        entries.append(entry)
        var index = entries.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard LevelHeap.precedes(entry, entries[parent]) else { break }
            entries[index] = entries[parent]
            index = parent
        }
        entries[index] = entry
    }

    mutating func popLowest() -> Int32? {
        guard let lowest = entries.first, let last = entries.popLast() else { return nil }
        if !entries.isEmpty { sink(last, from: 0) }
        return lowest.resource
    }

    private mutating func sink(_ entry: Entry, from start: Int) {
        var index = start
        while true {
            var child = 2 * index + 1
            guard child < entries.count else { break }
            if child + 1 < entries.count, LevelHeap.precedes(entries[child + 1], entries[child]) { child += 1 }
            guard LevelHeap.precedes(entries[child], entry) else { break }
            entries[index] = entries[child]
            index = child
        }
        entries[index] = entry
    }

    @inline(__always)
    private static func precedes(_ left: Entry, _ right: Entry) -> Bool {
        left.level == right.level ? left.resource < right.resource : left.level < right.level
    }
}
