/// A central part's row in the table of leases, as the part needs it.
public protocol LeaseKeeper: Sendable {
    /// Acquires or renews. Throws where the database did not answer.
    func ask() async throws -> LeaseAnswer
    /// Gives the row up if it is held under this term, so that another need not wait for it to expire.
    func resign(term: Int64) async
}
