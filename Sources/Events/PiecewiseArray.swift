/// A long list in pieces: a copy shares them all, and to append to it afterwards copies the last piece alone.
///
/// A stream of the log grows for as long as it lives, and whoever keeps a copy of it (a backup, a reader) keeps it for a moment only.
struct PiecewiseArray<Element: Sendable>: Sendable {
    /// Of `length` elements each.
    private var full: [[Element]] = []
    private var last: [Element] = []
    private static var length: Int { 256 }

    var count: Int { full.count * PiecewiseArray.length + last.count }
    var indices: Range<Int> { 0..<count }

    subscript(index: Int) -> Element {
        let piece = index / PiecewiseArray.length
        return piece < full.count ? full[piece][index % PiecewiseArray.length] : last[index - full.count * PiecewiseArray.length]
    }

    mutating func append(_ element: Element) {
        last.append(element)
        guard last.count == PiecewiseArray.length else { return }
        full.append(last)
        last = []
    }

    /// Keeps the first `count` elements.
    mutating func keep(first count: Int) {
        let pieces = count / PiecewiseArray.length
        if pieces < full.count {
            last = full[pieces]
            full.removeSubrange(pieces...)
        }
        last.removeSubrange((count - full.count * PiecewiseArray.length)...)
    }
}
