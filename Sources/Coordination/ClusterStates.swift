public import Quantities

/// What is known of each cluster that was heard of.
public struct ClusterStates: Sendable {
    private var states: [ClusterState] = []
    private var places: [ClusterID: Int] = [:]

    public var isEmpty: Bool { states.isEmpty }
    /// In the order in which they were first heard of.
    public var ids: [ClusterID] { states.map(\.id) }
    public subscript(id: ClusterID) -> ClusterState? { places[id].map { states[$0] } }

    /// In place, or each row would copy its cluster's tables. One that was not heard of yet begins to be known.
    mutating func change<Answer>(_ id: ClusterID, _ change: (inout ClusterState) -> Answer) -> Answer {
        if let place = places[id] { return change(&states[place]) }
        places[id] = states.count
        states.append(ClusterState(id: id))
        return change(&states[states.count - 1])
    }
}
