import PostgreSQL
import Testing

/// Aim: the schema could be distributed by stream (Citus's rules for distributed tables). Method: the catalogue, after all migrations.
/// Nothing here runs on Citus itself.
@Suite struct CitusRulesTests {
    /// Small tables that every node would hold whole (reference tables), or that stay where the centre is.
    static let undistributed = ["alert", "consumer", "grant_head", "lease", "migration", "outbox", "retention", "writer"]

    @Test func `every key of a table with streams contains the stream, and every table is one or the other`() async throws {
        let database = try await TestDatabase.make()
        let tables = try database.texts(
            "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'fairlead'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1").compactMap(\.self)
        let distributed = try database.texts(
            "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'stream_id' AND a.attnotnull WHERE c.relnamespace = 'fairlead'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1").compactMap(\.self)
        #expect(Set(tables) == Set(distributed).union(CitusRulesTests.undistributed))
        #expect(Set(distributed).isDisjoint(with: CitusRulesTests.undistributed))
        let keysWithout = try database.texts(
            "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'stream_id' WHERE c.relnamespace = 'fairlead'::regnamespace AND (i.indisunique OR i.indisprimary) AND NOT a.attnum = ANY (i.indkey::int2[])")
        #expect(keysWithout == [])
    }

    @Test func `there are no foreign keys, triggers, rules or partitions of partitions`() async throws {
        let database = try await TestDatabase.make()
        #expect(try database.texts("SELECT conname::text FROM pg_constraint WHERE contype = 'f' AND connamespace = 'fairlead'::regnamespace") == [])
        #expect(try database.texts("SELECT tgname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'fairlead'::regnamespace") == [])
        #expect(try database.texts("SELECT rulename::text FROM pg_rules WHERE schemaname = 'fairlead'") == [])
        #expect(try database.texts("SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'fairlead'::regnamespace AND c.relkind = 'p' AND c.relispartition") == [])
    }
}
