public import Quantities

/// What is known of each cluster that was heard of. Each stands in its place and is read there: a copy would copy its tables.
public struct ClusterStates: Sendable {
    private var states: [ClusterState] = []
    private var places: [ClusterID: Int] = [:]

    public var isEmpty: Bool { states.isEmpty }
    /// In the order in which they were first heard of.
    public var ids: [ClusterID] { states.map(\.id) }
    public subscript(id: ClusterID) -> ClusterState? { places[id].map { states[$0] } }

    func place(of id: ClusterID) -> Int? { places[id] }
    @inline(__always)
    subscript(place: Int) -> ClusterState {
        _read { yield states[place] }
        _modify { yield &states[place] }
    }
    /// One that was not heard of yet begins to be known.
    mutating func place(orNew id: ClusterID) -> Int {
        if let place = places[id] { return place }
        places[id] = states.count
        states.append(ClusterState(id: id))
        return states.count - 1
    }
}
