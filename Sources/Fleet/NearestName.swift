/// The known name that a person most likely meant, and the words in which to say so.
enum NearestName {
    /// The candidate with the fewest edits to `written`, if that is at most a third of its length (and at least one is allowed).
    /// Letter case is not an edit. Among equals the first in byte order.
    static func nearest(to written: String, among candidates: some Sequence<String>) -> String? {
        let bound = max(1, written.count / 3)
        let ranked = candidates.map { (edits(from: written.lowercased(), to: $0.lowercased()), $0) }
        return ranked.filter { $0.0 <= bound }.min { $0 < $1 }?.1
    }

    /// `did you mean 'port'?`, or what is known where nothing is near.
    static func hint(for written: String, among candidates: [String]) -> String {
        if let near = nearest(to: written, among: candidates) { return "did you mean '\(near)'?" }
        guard !candidates.isEmpty else { return "there is none" }
        return "known: \(candidates.sorted().joined(separator: ", "))"
    }

    /// The optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours
    /// (F. Damerau, "A technique for computer detection and correction of spelling errors", 1964).
    static func edits(from left: String, to right: String) -> Int {
        let left = Array(left), right = Array(right)
        var twoBack: [Int] = []
        var previous = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1] + [Int](repeating: 0, count: right.count)
            for column in right.indices {
                let substitution = previous[column] + (left[row] == right[column] ? 0 : 1)
                current[column + 1] = min(substitution, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    current[column + 1] = min(current[column + 1], twoBack[column - 1] + 1)
                }
            }
            twoBack = previous
            previous = current
        }
        return previous[right.count]
    }
}
