public import Coordination
public import EventStore

/// A central part's lease, kept in its row of the database.
public struct LeaseRow: LeaseKeeper {
    private let store: LeaseStore
    public init(_ store: LeaseStore) { self.store = store }

    public func ask() async throws -> LeaseAnswer {
        let holding = try await store.acquire()
        return holding.isMine ? .held(term: holding.term) : .heldByOther(holder: holding.holder, term: holding.term)
    }

    public func resign(term: Int64) async {
        // On the way out: a row that cannot be given up expires by itself.
        _ = try? await store.resign(term: term)
    }
}
