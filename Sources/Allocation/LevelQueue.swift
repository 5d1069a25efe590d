/// Resources by level, lowest first, at most one entry each. An entry's bound is never above the level of its resource.
///
/// Levels only rise, so entries wait unordered in drawers, sixteen per power of two, and only those of the lowest drawer that holds
/// any are ordered, in a heap. Resources that are settled while they wait are thrown away unseen.
struct LevelQueue {
    private let waiting: PlainBuffer<Waiting>
    /// The first resource of each drawer; `nobody` where it is empty.
    private let drawers: PlainBuffer<Int32>
    private var heap: LevelHeap
    /// The drawer whose entries are in the heap; those of later drawers wait.
    private var current = 0
    private var last = 0

    struct Waiting: Sendable, BitwiseCopyable {
        var bound = 0.0
        var next: Int32 = 0
        var isExact = false
    }

    static var drawerCount: Int { 1024 }
    private static var nobody: Int32 { -1 }
    /// Levels below 2⁻³² share the first drawer, those of 2³¹ and above the last.
    private static var offset: Int { (1023 - 32) * 16 }

    init(_ buffers: FillingBuffers) {
        waiting = buffers.waiting
        drawers = buffers.drawers
        heap = LevelHeap(buffers.heap, buffers.levels)
        drawers.fill(LevelQueue.nobody, 0..<LevelQueue.drawerCount)
    }

    @inline(__always)
    private static func drawer(of bound: Double) -> Int {
        let place = Int(truncatingIfNeeded: bound.bitPattern >> 48) - offset
        return max(0, min(drawerCount - 1, place))
    }

    /// Empties the drawers, for the next tier.
    mutating func removeAll() {
        heap.removeAll()
        if current < last { drawers.fill(LevelQueue.nobody, current + 1..<last + 1) }
        current = -1
        last = -1
    }

    mutating func push(_ resource: Int32, at bound: Double, isExact: Bool) {
        let drawer = LevelQueue.drawer(of: bound)
        guard drawer > current else { return heap.push(LevelHeap.Entry(bound: bound, resource: resource, isExact: isExact)) }
        waiting[resource] = Waiting(bound: bound, next: drawers[drawer], isExact: isExact)
        drawers[drawer] = resource
        last = max(last, drawer)
    }

    mutating func popLowest(_ resources: PlainBuffer<FillResource>) -> LevelHeap.Entry? {
        guard fillHeap(resources) else { return nil }
        return heap.popLowest()
    }

    /// The lowest entry, left where it is; in the heap also where it alone is waiting.
    mutating func lowest(_ resources: PlainBuffer<FillResource>) -> LevelHeap.Entry? {
        fillHeap(resources) ? heap.first : nil
    }

    @inline(__always)
    func precedes(_ left: LevelHeap.Entry, _ right: LevelHeap.Entry) -> Bool { heap.precedes(left, right) }

    /// Moves the next drawer's entries into the heap where that is empty.
    @inline(__always)
    private mutating func fillHeap(_ resources: PlainBuffer<FillResource>) -> Bool {
        heap.first != nil || openNext(resources)
    }

    private mutating func openNext(_ resources: PlainBuffer<FillResource>) -> Bool {
        while current < last {
            current += 1
            var resource = drawers[current]
            guard resource != LevelQueue.nobody else { continue }
            drawers[current] = LevelQueue.nobody
            while resource != LevelQueue.nobody {
                let entry = waiting[resource]
                if resources[resource].unsettled > 0 {
                    heap.append(LevelHeap.Entry(bound: entry.bound, resource: resource, isExact: entry.isExact))
                }
                resource = entry.next
            }
            heap.order()
            if heap.first != nil { return true }
        }
        return false
    }
}
