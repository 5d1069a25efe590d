public import Coordination
public import EventStore

/// A central part's lease, kept in its row of the database.
public struct LeaseRow: LeaseKeeper {
    private let store: LeaseStore
    private let spool: SpooledLog?
    public init(_ store: LeaseStore, spool: SpooledLog? = nil) {
        self.store = store
        self.spool = spool
    }

    public func ask(highestTermSeen: Int64) async throws -> LeaseAnswer {
        let holding = try await store.acquire(highestTermSeen: max(highestTermSeen, await spool?.highestTermSeen() ?? 0))
        return holding.isMine ? .held(term: holding.term) : .heldByOther(holder: holding.holder, term: holding.term)
    }

    public func resign(term: Int64) async {
        // On the way out: a row that cannot be given up expires by itself.
        _ = try? await store.resign(term: term)
    }
}
