import EventStore
import PostgreSQL
@testable import Schema
import Testing

/// Aim: a database comes forward in whole steps, and one that is not ours or too new is left alone with a plain sentence.
/// Method: real databases, and lists of migrations made up for the case.
@Suite struct DatabaseSchemaTests {
    private func script(_ number: Int32, oldest: Int32 = 1, _ text: String) -> MigrationScript {
        MigrationScript(number, oldestBinary: oldest, "000\(number)_test", Array(text.utf8))
    }

    @Test func `an empty database is migrated once, and the second time finds nothing to do`() async throws {
        let database = try await TestDatabase.make(migrated: false)
        let schema = DatabaseSchema(database.connection())
        #expect(try await schema.status().standing == .empty)
        let refused = await #expect(throws: PostgresError.self) { try await schema.requireCompatible() }
        #expect(refused?.code == .schemaTooOld)
        #expect(refused?.message.contains("fairlead db migrate") == true)
        #expect(try await schema.migrate() == MigrationScript.all.map(\.statement.name))
        #expect(try await schema.migrate() == [])
        #expect(try await schema.status().standing == .current(MigrationScript.all.last!.number))
        #expect(try await schema.verify() == [])
        try await schema.requireCompatible()
    }

    @Test func `two migrators at once apply each step once`() async throws {
        let database = try await TestDatabase.make(migrated: false)
        let steps = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<3 { group.addTask { try await DatabaseSchema(database.connection()).migrate() } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(steps.sorted() == MigrationScript.all.map(\.statement.name))
    }

    @Test func `a migration that fails leaves nothing of itself`() async throws {
        let database = try await TestDatabase.make(migrated: false)
        let schema = DatabaseSchema(
            database.connection(), migrations: [script(1, "CREATE TABLE fairlead.kept (n int4)"), script(2, "CREATE TABLE fairlead.half (n int4); SELECT 1/0")])
        await #expect(throws: PostgresError.self) { try await schema.migrate() }
        #expect(try await schema.status().standing == .behind(1))
        #expect(try database.texts("SELECT to_regclass('fairlead.half')::text") == [nil])
        #expect(try database.texts("SELECT to_regclass('fairlead.kept')::text") != [nil])
    }

    @Test func `somebody else's database is refused with a sentence and left alone`() async throws {
        let database = try await TestDatabase.make(migrated: false)
        try database.run("CREATE TABLE orders (n int4); CREATE TABLE bills (n int4)")
        let schema = DatabaseSchema(database.connection())
        let error = await #expect(throws: PostgresError.self) { try await schema.migrate() }
        #expect(error?.code == .notOurDatabase)
        #expect(error?.message.contains("holds 2 tables that are not Fairlead's") == true)
        #expect(try database.texts("SELECT count(*)::text FROM pg_namespace WHERE nspname IN ('fairlead', 'analytics')") == ["0"])

        let other = try await TestDatabase.make(migrated: false)
        try other.run("CREATE SCHEMA analytics")
        let second = await #expect(throws: PostgresError.self) { try await DatabaseSchema(other.connection()).migrate() }
        #expect(second?.message.contains("analytics") == true)
    }

    @Test func `an older binary works with a newer schema until a migration says otherwise`() async throws {
        let database = try await TestDatabase.make(migrated: false)
        let first = script(1, "SELECT 1")
        let harmless = script(2, oldest: 1, "SELECT 2")
        let breaking = script(3, oldest: 3, "SELECT 3")
        let old = DatabaseSchema(database.connection(), migrations: [first])
        try await DatabaseSchema(database.connection(), migrations: [first, harmless]).migrate()
        #expect(try await old.status().standing == .ahead(2))
        try await old.requireCompatible()
        #expect(try await old.migrate() == [])
        try await DatabaseSchema(database.connection(), migrations: [first, harmless, breaking]).migrate()
        let error = await #expect(throws: PostgresError.self) { try await old.requireCompatible() }
        #expect(error?.code == .schemaTooNew)
        #expect(error?.message.contains("install a newer Fairlead") == true)
        await #expect(throws: PostgresError.self) { try await old.migrate() }
    }

    @Test func `an edited migration is told apart by its checksum`() async throws {
        let database = try await TestDatabase.make(migrated: false)
        try await DatabaseSchema(database.connection(), migrations: [script(1, "SELECT 1")]).migrate()
        let edited = try await DatabaseSchema(database.connection(), migrations: [script(1, "SELECT 1 "), script(2, "SELECT 2")]).verify()
        #expect(edited.map(\.number) == [1, 2])
        #expect(edited.first?.description.contains("another text") == true)
    }
}
