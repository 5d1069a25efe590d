/// A central part's row in the table of leases, as the part needs it.
public protocol LeaseKeeper: Sendable {
    /// Acquires or renews, under a term that is not below `highestTermSeen`, whatever the database remembers of it. Throws where it
    /// did not answer.
    func ask(highestTermSeen: Int64) async throws -> LeaseAnswer
    /// Gives the row up if it is held under this term, so that another need not wait for it to expire.
    func resign(term: Int64) async
}
