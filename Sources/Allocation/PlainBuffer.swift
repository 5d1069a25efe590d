/// Memory for plain numbers. Every index is checked in debug builds, which is what every test runs, and in no other.
///
/// An allocation touches each path entry about ten times and is judged against one addition per entry: a check per touch is a
/// third of the whole. What makes an index valid is established once, where an instance is made and its rows are laid out.
/// A buffer is a view: the class that made it owns the memory and frees it last of all.
@safe
struct PlainBuffer<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
    private let base: UnsafeMutablePointer<Element>
    let count: Int

    init(repeating value: Element, count: Int) {
        unsafe base = UnsafeMutablePointer<Element>.allocate(capacity: max(count, 1))
        unsafe base.initialize(repeating: value, count: max(count, 1))
        self.count = count
    }

    init(_ elements: [Element]) {
        unsafe base = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
        count = elements.count
        for index in elements.indices { unsafe (base + index).initialize(to: elements[index]) }
    }

    func deallocate() { unsafe base.deallocate() }

    @inline(__always)
    subscript(index: Int) -> Element {
        get {
            assert(index >= 0 && index < count, "an index lies inside its buffer")
            return unsafe base[index]
        }
        nonmutating _modify {
            assert(index >= 0 && index < count, "an index lies inside its buffer")
            yield unsafe &base[index]
        }
    }

    @inline(__always)
    subscript(index: Int32) -> Element {
        get { self[Int(index)] }
        nonmutating _modify { yield &self[Int(index)] }
    }

    @inline(__always)
    func fill(_ value: Element, _ range: Range<Int>) {
        assert(range.lowerBound >= 0 && range.upperBound <= count, "a range lies inside its buffer")
        unsafe (base + range.lowerBound).update(repeating: value, count: range.count)
    }

    /// Copies all elements of another buffer, which holds as many.
    @inline(__always)
    func update(from other: PlainBuffer) {
        assert(other.count == count, "buffers of one size are copied")
        unsafe base.update(from: other.base, count: count)
    }

    /// Copies the first elements into an array of their number.
    @inline(__always)
    func copy(to elements: inout [Element]) {
        let source = unsafe base
        assert(elements.count <= count, "a buffer holds what is copied from it")
        unsafe elements.withUnsafeMutableBufferPointer { target in
            guard let start = target.baseAddress else { return }
            unsafe start.update(from: source, count: target.count)
        }
    }
}

extension PlainBuffer<Double> {
    /// Two neighbours at once; the first has an even index.
    @inline(__always)
    func pair(at index: Int) -> SIMD2<Double> {
        assert(index >= 0 && index + 1 < count && index % 2 == 0, "a pair lies inside its buffer")
        return unsafe UnsafeRawPointer(base + index).load(as: SIMD2<Double>.self)
    }
}
