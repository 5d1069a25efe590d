import EventStore
import Events
import PostgreSQL
import Quantities
import Schema
import Testing

/// Aim: a shipper's role can append to its own cluster's streams and do nothing else (I10). Method: attack as that role, one way after
/// another, and look at what stands in the database afterwards.
@Suite struct RoleIsolationTests {
    /// A database with plant-a's shipper enrolled and a stream of plant-b that holds one entry.
    private func besieged() async throws -> (TestDatabase, role: String, victim: StreamClaim) {
        let database = try await TestDatabase.make()
        let role = "shipper_of_\(database.name)"
        try await LogAdministration(database.connection()).enroll(.shipper(of: "plant-a"), role: role)
        let log = PostgresLog(database.connection())
        guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: "plant-b/s", highestEpochSeen: 0))) else {
            throw PostgresError(.other, "the victim's stream did not open", context: "test")
        }
        let entry = LogEntry(EventEnvelope(kind: "process_started", version: 1, at: WallTime(microseconds: 1), body: "{}"))
        _ = try await log.answer(
            .append(AppendRequest(stream: "plant-b/s", epoch: claim.epoch, nonce: claim.nonce, firstSequence: 1, previousDigest: claim.head.digest, entries: [entry])))
        return (database, role, claim)
    }

    @Test func `a shipper appends to its own streams and is refused every other`() async throws {
        let (database, role, victim) = try await besieged()
        let log = PostgresLog(database.connection(user: role))
        let entry = LogEntry(EventEnvelope(kind: "process_started", version: 1, at: WallTime(microseconds: 1), body: "{}"))
        guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: "plant-a/s", highestEpochSeen: 0))) else {
            Issue.record("its own stream did not open")
            return
        }
        let own = AppendRequest(stream: "plant-a/s", epoch: claim.epoch, nonce: claim.nonce, firstSequence: 1, previousDigest: claim.head.digest, entries: [entry])
        guard case .stored = try await log.answer(.append(own)) else {
            Issue.record("its own entry was not stored")
            return
        }
        for stream: StreamName in ["plant-b/s", "plant-b/new", "coordinator", "alerter", "plant-a", "/s", "plant-ab/s", ""] {
            #expect(try await log.answer(.open(OpenRequest(stream: stream, highestEpochSeen: 0))) == .refused(.notYourStream), "\(stream)")
        }
        // Even with a stolen claim.
        let stolen = AppendRequest(stream: "plant-b/s", epoch: victim.epoch, nonce: victim.nonce, firstSequence: 2, previousDigest: victim.head.digest, entries: [entry])
        #expect(try await log.answer(.append(stolen)) == .refused(.notYourStream))
        #expect(try database.texts("SELECT name || ' ' || seq FROM fairlead.stream ORDER BY name") == ["plant-a/s 1", "plant-b/s 1"])
    }

    @Test func `what the centre decides is refused from a shipper's stream, and answered to nobody`() async throws {
        let (database, role, _) = try await besieged()
        let log = PostgresLog(database.connection(user: role))
        guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: "plant-a/s", highestEpochSeen: 0))) else {
            Issue.record("its own stream did not open")
            return
        }
        func append(_ event: EventEnvelope) async throws -> LogAnswer {
            try await log.answer(
                .append(AppendRequest(stream: "plant-a/s", epoch: claim.epoch, nonce: claim.nonce, firstSequence: 1, previousDigest: claim.head.digest, entries: [LogEntry(event)])))
        }
        let now = WallTime(microseconds: 1_795_000_000_000_000)
        let grant = Grant(cluster: "plant-b", version: GrantVersion(term: 99, version: 1), timeToLive: .seconds(3_600), rates: [], foldedThrough: nil)
        #expect(try await append(EventEnvelope(.grantIssued(grant), at: now)) == .refused(.foreignKind))
        for kind in Producer.reservedKinds where !Producer.mayTell(kind, in: "plant-a/s") {
            #expect(try await append(EventEnvelope(kind: kind, version: 1, at: now, body: "{}")) == .refused(.foreignKind), "\(kind)")
        }
        #expect(try await append(EventEnvelope(kind: "process_started", version: 1, at: WallTime(microseconds: .max), body: "{}")) == .refused(.absurdTime))
        #expect(try database.texts("SELECT count(*)::text FROM fairlead.grant_head") == ["0"])
        #expect(try database.texts("SELECT seq::text FROM fairlead.stream WHERE name = 'plant-a/s'") == ["0"])
    }

    @Test func `which kinds there are, and who may tell them, is one table here and there`() async throws {
        let database = try await TestDatabase.make()
        for stream: StreamName in ["plant-a/s", .coordinator, .alerter, .operator, .checkpoint, "somebody"] {
            for kind in Producer.reservedKinds + ["entries_lost", "spool_set_aside", "process_started", "of_a_later_version"] {
                #expect(
                    try database.texts("SELECT fairlead.may_tell('\(stream)', '\(kind)')::text") == ["\(Producer.mayTell(kind, in: stream))"],
                    "\(kind) in \(stream)")
            }
        }
        for kind in Producer.reservedKinds + ["entries_lost", "spool_set_aside", "process_started", "of_a_later_version", ""] {
            #expect(try database.texts("SELECT fairlead.newest_version('\(kind)')::text") == [Fact.newestVersion(ofKind: kind).map { "\($0)" }], "\(kind)")
        }
    }

    @Test func `an operator reads the log and writes the operator's stream alone`() async throws {
        let (database, _, _) = try await besieged()
        let role = "operator_of_\(database.name)"
        try await LogAdministration(database.connection()).enroll(.central("operator"), role: role)
        let connection = database.connection(user: role)
        #expect(try await LogReader(connection).batch(after: [:]).records.count == 1)
        let log = PostgresLog(connection)
        for stream: StreamName in ["plant-a/s", "plant-b/s", .coordinator, .alerter, .checkpoint] {
            #expect(try await log.answer(.open(OpenRequest(stream: stream, highestEpochSeen: 0))) == .refused(.notYourStream), "\(stream)")
        }
        guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: .operator, highestEpochSeen: 0))) else {
            Issue.record("its own stream did not open")
            return
        }
        let word = CapacityOverride(link: "wan", capacity: .megabits(100), lasts: nil, actor: "anna", reason: "fibre works", plan: "p")
        let entry = LogEntry(EventEnvelope(.capacityOverridden(word), at: WallTime(microseconds: 1)))
        guard case .stored = try await log.answer(
            .append(AppendRequest(stream: .operator, epoch: claim.epoch, nonce: claim.nonce, firstSequence: 1, previousDigest: claim.head.digest, entries: [entry])))
        else {
            Issue.record("its word was not stored")
            return
        }
        // All that a plan is made from.
        try await DatabaseSchema(connection).requireCompatible()
        let recent = try await RecentLogReader(connection).read(clusters: 3)
        #expect(recent.records.map(\.position) == [LogPosition(stream: .operator, sequence: 1), LogPosition(stream: "plant-b/s", sequence: 1)])
        #expect(try await PostgresReadModel(connection).newestAllocation() == nil)
        let session = try database.session(user: role)
        for text in [
            "UPDATE fairlead.stream SET epoch = 99", "DELETE FROM fairlead.event", "SELECT * FROM fairlead.outbox", "INSERT INTO fairlead.lease VALUES ('coordinator')",
            "SELECT fairlead.make_partitions(current_date, 3)", "SELECT fairlead.enroll('x', 'cluster', 'plant-b', NULL)",
        ] {
            #expect(code { try session.runScript(PostgresStatement(name: "attack", text: text)) } == .insufficientPrivilege, "\(text)")
        }
    }

    @Test func `a shipper reads no table and no view, and changes none`() async throws {
        let (database, role, _) = try await besieged()
        let relations = try database.texts(
            "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('fairlead', 'analytics') AND c.relkind IN ('r', 'p', 'v', 'S')").compactMap(\.self)
        #expect(relations.count > 20)
        let session = try database.session(user: role)
        for relation in relations {
            for text in ["SELECT * FROM \(relation)", "DELETE FROM \(relation)", "TRUNCATE \(relation)", "LOCK TABLE \(relation)", "COPY \(relation) TO STDOUT", "DROP TABLE \(relation)"] {
                let refused = code { try session.runScript(PostgresStatement(name: "attack", text: text)) }
                // Some attacks fail before rights are asked (a view cannot be truncated, a table of another kind not dropped).
                #expect(refused == .insufficientPrivilege || refused == .other, "\(text) was answered \(String(describing: refused))")
            }
        }
        for text in [
            "UPDATE fairlead.stream SET epoch = 99", "UPDATE fairlead.tick SET seq = 1", "INSERT INTO fairlead.writer (role_name, kind, name) VALUES (session_user, 'cluster', 'plant-b')",
            "SELECT fairlead.make_partitions(current_date, 300)", "SELECT fairlead.enroll('x', 'cluster', 'plant-b', NULL)", "SELECT fairlead.may_write('plant-b/s')",
            "SELECT fairlead.project_events(NULL, NULL, NULL)", "SELECT nextval('fairlead.tick_order')", "SET ROLE fairlead_owner", "SET SESSION AUTHORIZATION fairlead",
            "ALTER FUNCTION fairlead.open(text, int8, int8) SECURITY INVOKER", "CREATE TABLE fairlead.mine (n int4)", "CREATE SCHEMA mine",
            "CREATE OR REPLACE FUNCTION fairlead.may_write(text) RETURNS boolean LANGUAGE sql RETURN true", "ALTER TABLE fairlead.tick DISABLE TRIGGER ALL",
            "GRANT fairlead_owner TO \(role)", "COPY (SELECT 1) TO PROGRAM 'true'", "SELECT pg_read_file('/etc/passwd')",
        ] {
            #expect(code { try session.runScript(PostgresStatement(name: "attack", text: text)) } == .insufficientPrivilege, "\(text)")
        }
        #expect(try database.texts("SELECT count(*)::text FROM fairlead.writer WHERE name = 'plant-b'") == ["0"])
    }

    @Test func `objects of the attacker's own never stand in for ours`() async throws {
        let (database, role, _) = try await besieged()
        let session = try database.session(user: role)
        try session.runScript(
            PostgresStatement(
                name: "attack",
                text: """
                    CREATE TEMP TABLE writer (role_name text, kind text, name text, revoked_at timestamptz);
                    INSERT INTO writer VALUES (session_user, 'cluster', 'plant-b', NULL);
                    CREATE TEMP TABLE stream (LIKE writer);
                    CREATE FUNCTION pg_temp.may_write(text) RETURNS boolean LANGUAGE sql RETURN true;
                    CREATE FUNCTION pg_temp.sha256(bytea) RETURNS bytea LANGUAGE sql RETURN '\\x00'::bytea;
                    CREATE FUNCTION pg_temp.pg_has_role(name, text, text) RETURNS boolean LANGUAGE sql RETURN true;
                    CREATE FUNCTION pg_temp.always(text, text) RETURNS boolean LANGUAGE sql RETURN true;
                    CREATE OPERATOR pg_temp.= (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_temp.always);
                    SET search_path = pg_temp, fairlead, pg_catalog;
                    """))
        let answer = try session.query(
            PostgresStatement(name: "open", text: "SELECT refusal FROM fairlead.open('plant-b/s', 0, NULL)")
        ) { row throws(PostgresError) in try row.value(at: 0, as: String?.self) }
        #expect(answer == ["not-your-stream"])
        let own = try session.query(
            PostgresStatement(name: "own", text: "SELECT encode(hash, 'hex') FROM fairlead.open('plant-a/s', 0, NULL)")
        ) { row throws(PostgresError) in try row.value(at: 0, as: String.self) }
        #expect(own.first?.count == 64)
    }

    @Test func `a hand-made call with missing or wrong values writes nothing`() async throws {
        let (database, role, _) = try await besieged()
        let session = try database.session(user: role)
        func ask(_ text: String) throws -> String? {
            try session.query(PostgresStatement(name: "q\(abs(text.hashValue))", text: text)) { row throws(PostgresError) in
                try row.value(at: 0, as: String?.self)
            }.first ?? nil
        }
        #expect(try ask("SELECT answer FROM fairlead.open('plant-a/s', NULL, NULL)") == "opened")
        let claim = try database.texts("SELECT epoch || ',' || nonce || ',1,''\\x' || encode(hash, 'hex') || '''::bytea' FROM fairlead.stream WHERE name = 'plant-a/s'")[0] ?? ""
        let event = "ARRAY[ROW('process_started', 1, 1, '{}')::fairlead.event_body]"
        #expect(try ask("SELECT answer FROM fairlead.append('plant-a/s', NULL, NULL, 1, NULL, 'e', NULL, \(event), NULL)") == "fenced")
        #expect(try ask("SELECT refusal FROM fairlead.append('plant-a/s', \(claim), NULL, NULL, NULL, NULL)") == "empty-batch")
        #expect(try ask("SELECT refusal FROM fairlead.append('plant-a/s', \(claim), 'q', NULL, \(event), NULL)") == "malformed-entry")
        #expect(try ask("SELECT refusal FROM fairlead.append('plant-a/s', \(claim), 'ee', NULL, \(event), NULL)") == "malformed-entry")
        #expect(try ask("SELECT refusal FROM fairlead.append('plant-a/s', \(claim), 'et', NULL, \(event), NULL)") == "malformed-entry")
        #expect(try ask("SELECT refusal FROM fairlead.append('plant-a/s', \(claim), 'e', NULL, array_cat(\(event), \(event)), NULL)") == "malformed-entry")
        #expect(try ask("SELECT refusal FROM fairlead.append('plant-a/s', \(claim), 'e', NULL, ARRAY[NULL::fairlead.event_body], NULL)") == "malformed-entry")
        #expect(try ask("SELECT refusal FROM fairlead.append('plant-a/s', \(claim), 't', ARRAY[NULL::fairlead.tick_body], NULL, NULL)") == "malformed-entry")
        let large = "ARRAY[ROW('process_started', 1, 1, repeat('x', 10000000))::fairlead.event_body]"
        #expect(try ask("SELECT refusal FROM fairlead.append('plant-a/s', \(claim), 'e', NULL, \(large), NULL)") == "batch-too-large")
        #expect(try database.texts("SELECT seq::text FROM fairlead.stream WHERE name = 'plant-a/s'") == ["0"])
    }

    @Test func `a role that opens one session after another is refused beyond its bound, and its neighbour still gets in`() async throws {
        let (database, role, _) = try await besieged()
        var held: [PostgresSession] = []
        let refused = code { for _ in 0..<30 { held.append(try database.session(user: role)) } }
        #expect(refused == .connectionFailed && held.count <= 20 && held.count >= 15, "\(held.count)")
        try await LogAdministration(database.connection()).enroll(.shipper(of: "plant-n"), role: "neighbour_of_\(database.name)")
        #expect(code { _ = try database.session(user: "neighbour_of_\(database.name)") } == nil)
        #expect(try database.texts("SHOW idle_session_timeout", user: "neighbour_of_\(database.name)") == ["30min"])
    }

    @Test func `revoking ends the right at once, on the open connection`() async throws {
        let (database, role, _) = try await besieged()
        let log = PostgresLog(database.connection(user: role))
        guard case .opened = try await log.answer(.open(OpenRequest(stream: "plant-a/s", highestEpochSeen: 0))) else {
            Issue.record("not opened")
            return
        }
        #expect(try await LogAdministration(database.connection()).revoke(role: role))
        #expect(try await log.answer(.open(OpenRequest(stream: "plant-a/s", highestEpochSeen: 0))) == .refused(.notYourStream))
        #expect(try await LogAdministration(database.connection()).revoke(role: role) == false)
    }

    @Test func `enrolling as what nobody knows is refused, and makes no role and no member`() async throws {
        let database = try await TestDatabase.make()
        let role = "nobody_of_\(database.name)"
        let session = try database.session()
        for (kind, name) in [
            ("'central'", "'operater'"), ("'central'", "'checkpoint'"), ("'central'", "'analyst'"), ("'central'", "NULL"), ("'reader'", "'alerter'"), ("'reader'", "''"),
            ("'Cluster'", "'plant-a'"), ("'owner'", "'owner'"), ("NULL", "'coordinator'"), ("'cluster'", "''"), ("'cluster'", "'a/b'"), ("'cluster'", "NULL"),
        ] {
            let text = "SELECT fairlead.enroll('\(role)', \(kind), \(name), 'secret')"
            let refused = #expect(throws: PostgresError.self, "\(text)") { try session.runScript(PostgresStatement(name: "enroll", text: text)) }
            #expect(refused?.underlying == "22023" && refused.map { !"\($0)".contains("secret") } == true, "\(text): \(String(describing: refused))")
        }
        #expect(code { try session.runScript(PostgresStatement(name: "enroll", text: "SELECT fairlead.enroll(NULL, 'reader', 'analyst', NULL)")) } != nil)
        #expect(try database.texts("SELECT rolname::text FROM pg_roles WHERE rolname = '\(role)'").isEmpty)
        #expect(try database.texts("SELECT role_name FROM fairlead.writer").isEmpty)
    }

    @Test func `a role that a wrong name once made an alerter is none any more, and a real alerter stays one`() async throws {
        let database = try await TestDatabase.make(migrated: false)
        let connection = database.connection()
        let before = Array(MigrationScript.all.prefix { $0.statement.name.dropFirst(5) != "readers" })
        try await DatabaseSchema(connection, migrations: before).migrate()
        let (typo, both) = ("typo_of_\(database.name)", "both_of_\(database.name)")
        try database.run(
            "SELECT fairlead.enroll('\(typo)', 'central', 'operater', NULL); SELECT fairlead.enroll('\(both)', 'central', 'allerter', NULL); SELECT fairlead.enroll('\(both)', 'central', 'alerter', NULL)")
        try await DatabaseSchema(connection).migrate()
        func isAlerter(_ role: String) throws -> [String?] { try database.texts("SELECT pg_has_role('\(role)', 'fairlead_alerter', 'MEMBER')::text") }
        #expect(try isAlerter(typo) == ["false"])
        #expect(try isAlerter(both) == ["true"])
        #expect(try database.texts("SELECT role_name || ' ' || name FROM fairlead.writer WHERE revoked_at IS NULL") == ["\(both) alerter"])
    }

    @Test func `an analyst reads every view and the log, and nothing that holds secrets; a coordinator keeps leases and partitions`() async throws {
        let database = try await TestDatabase.make()
        let analyst = "analyst_of_\(database.name)"
        try await LogAdministration(database.connection()).enroll(.analyst, role: analyst)
        let views = try database.texts("SELECT viewname::text FROM pg_views WHERE schemaname = 'analytics'").compactMap(\.self)
        #expect(views.count >= 8)
        let session = try database.session(user: analyst)
        for view in views { try session.runScript(PostgresStatement(name: "read", text: "SELECT * FROM analytics.\(view)")) }
        for table in ["migration", "stream", "tick", "event", "roster", "grant_head", "alert", "seal", "refusal", "consumer", "consumer_cursor"] {
            try session.runScript(PostgresStatement(name: "read", text: "SELECT * FROM fairlead.\(table)"))
        }
        for text in [
            "SELECT * FROM fairlead.outbox", "SELECT * FROM fairlead.writer", "SELECT * FROM fairlead.lease", "DELETE FROM fairlead.event",
            "UPDATE fairlead.alert SET state = 'resolved'", "SELECT fairlead.open('alerter', 0, NULL)", "SELECT fairlead.enroll('x', 'reader', 'analyst', NULL)",
            "SELECT fairlead.make_partitions(current_date, 3)",
        ] {
            #expect(code { try session.runScript(PostgresStatement(name: "attack", text: text)) } == .insufficientPrivilege, "\(text)")
        }

        let role = "coordinator_of_\(database.name)"
        try await LogAdministration(database.connection()).enroll(.central("coordinator"), role: role)
        try await LogAdministration(database.connection()).enroll(.central("alerter"), role: role)
        let connection = database.connection(user: role)
        #expect(try await LogAdministration(connection).makePartitions() == LogAdministration.partitionDays)
        let holding = try await LeaseStore(connection, name: "coordinator", holder: "one", duration: .seconds(10)).acquire()
        #expect(holding.isMine)
        for stream in ["coordinator", "alerter"] {
            guard case .opened = try await PostgresLog(connection).answer(.open(OpenRequest(stream: StreamName(stream), highestEpochSeen: 0, term: holding.term))) else {
                Issue.record("\(stream) did not open")
                continue
            }
        }
        #expect(try await PostgresLog(connection).answer(.open(OpenRequest(stream: "plant-a/s", highestEpochSeen: 0))) == .refused(.notYourStream))
        #expect(try await LogReader(connection).heads().count == 2)
        try await DatabaseSchema(connection).requireCompatible()
    }
}
