import EventStore
import Events
import PostgreSQL
import Quantities
import Testing

/// Aim: one holder at a time by the server's clock, and a term that never goes back. Method: a real row; expiry is brought about by
/// moving the row's end into the past, so nothing waits.
@Suite struct LeaseStoreTests {
    private func keepers() async throws -> (TestDatabase, LeaseStore, LeaseStore) {
        let database = try await TestDatabase.make()
        func keeper(_ holder: String) -> LeaseStore {
            LeaseStore(database.connection(), name: "coordinator", holder: holder, duration: .seconds(60))
        }
        return (database, keeper("one"), keeper("two"))
    }
    private func expire(_ database: TestDatabase) throws {
        try database.run("UPDATE fairlead.lease SET expires_at = clock_timestamp() - interval '1 millisecond'")
    }

    @Test func `the first takes it, the second is told who holds it`() async throws {
        let (_, one, two) = try await keepers()
        let first = try await one.acquire()
        #expect(first.isMine && first.term == 1)
        #expect(first.remaining > .seconds(50) && first.remaining <= .seconds(60))
        let second = try await two.acquire()
        #expect(!second.isMine && second.holder == "one" && second.term == 1)
        #expect(try await one.acquire().term == 1)
    }

    @Test func `an expired lease goes to the next under a higher term, also to the same holder`() async throws {
        let (database, one, two) = try await keepers()
        _ = try await one.acquire()
        try expire(database)
        #expect(try await one.renew(term: 1) == false)
        #expect(try await two.acquire().term == 2)
        #expect(try await one.resign(term: 1) == false)
        #expect(try await one.acquire().isMine == false)
        try expire(database)
        #expect(try await two.acquire().term == 3)
        #expect(try await two.renew(term: 3))
        #expect(try await two.resign(term: 3))
        #expect(try await one.acquire().term == 4)
    }

    @Test func `a term is above every one the caller has seen and above the stream's epoch`() async throws {
        let (database, one, _) = try await keepers()
        #expect(try await one.acquire(highestTermSeen: 7).term == 8)
        // The same holder is told of a term that it has not had: another must have led meanwhile.
        #expect(try await one.acquire(highestTermSeen: 9).term == 10)
        let log = PostgresLog(database.connection())
        _ = try await log.answer(.open(OpenRequest(stream: .coordinator, highestEpochSeen: 20, term: 20)))
        try database.run("DELETE FROM fairlead.lease")
        #expect(try await one.acquire().term == 21)
    }

    @Test func `of many who try at once, one wins`() async throws {
        let (database, _, _) = try await keepers()
        let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<8 {
                group.addTask {
                    try await LeaseStore(database.connection(), name: "coordinator", holder: "h\(number)", duration: .seconds(60)).acquire().isMine
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(winners == 1)
    }
}
