internal import JSONDocument

extension PrometheusSource {
    /// The existing metric whose name is nearest to one that does not exist, for a person who wrote it wrong; nil where the server
    /// has no metric at all. Names that differ by more than half are not offered.
    public func metric(nearestTo name: String) async throws(PrometheusFailure) -> String? {
        let data = try await api(get("/api/v1/label/__name__/values"))
        let names = (data.array ?? []).compactMap(\.string)
        let nearest = names.map { (name: $0, distance: editDistance(Array($0.utf8), Array(name.utf8))) }.min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        guard let nearest, nearest.distance * 2 <= name.utf8.count else { return nil }
        return nearest.name
    }

    /// The metric that a query's first range selector reads, or nil where it has none.
    public static func metric(of query: String) -> String? { PrometheusSelector(firstRangeOf: query)?.name }
}

/// The least number of single-byte insertions, deletions and replacements (V. Levenshtein, 1966).
func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var previous = Array(0...right.count)
    for (row, byte) in left.enumerated() {
        var current = [row + 1]
        for (column, other) in right.enumerated() {
            current.append(min(previous[column + 1] + 1, current[column] + 1, previous[column] + (byte == other ? 0 : 1)))
        }
        previous = current
    }
    return previous[right.count]
}
