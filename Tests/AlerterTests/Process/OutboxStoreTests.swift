import Alerting
import Cryptography
import EventStore
import Events
import PostgreSQL
import Quantities
import Testing

/// Aim: what the outbox promises the alerter. Method: a real PostgreSQL, under the role that the alerter has in production.
@Suite struct OutboxStoreTests {
    private func notification(_ id: String, receiver: String = "on-call", cluster: String = "plant-a", isFiring: Bool = true) -> AlertNotification {
        AlertNotification(
            id: id, receiver: receiver, cluster: cluster,
            told: [ToldAlert(fingerprint: "f-\(cluster)", isFiring: isFiring, startsAt: WallTime(microseconds: 7))], body: "{\"id\":\"\(id)\"}")
    }
    private func store(_ database: AlerterDatabase, _ holder: String) -> (LeaseStore, OutboxStore) {
        let connection = database.connection(user: "alerter")
        return (
            LeaseStore(connection, name: "alerter", holder: holder, duration: .seconds(60)),
            OutboxStore(connection, lease: "alerter", holder: holder)
        )
    }

    @Test func `only the holder of the lease stores, only under its term, and all or nothing`() async throws {
        let database = try await AlerterDatabase()
        try await database.ship()
        let (leaseA, outboxA) = store(database, "a")
        let (leaseB, outboxB) = store(database, "b")
        let cursors: [StreamName: Int64] = [AlerterDatabase.stream: 2]
        let entry = OutboxEntry(term: 1, notifications: [notification("n1")], cursors: cursors)
        #expect(try await !outboxA.store(entry), "nobody holds the lease")
        #expect(try await leaseA.acquire().term == 1)
        #expect(try await outboxA.store(entry))
        #expect(try await outboxA.store(entry), "again: the ids make it harmless")
        #expect(try await !outboxB.store(entry), "another holder")
        #expect(try await !outboxA.store(OutboxEntry(term: 2, notifications: [notification("n2")], cursors: [:])), "another term")

        try await leaseA.resign(term: 1)
        #expect(try await leaseB.acquire().term == 2)
        let late = OutboxEntry(term: 1, notifications: [notification("n3")], cursors: [AlerterDatabase.stream: 9])
        #expect(try await !outboxA.store(late))
        #expect(try await database.texts("SELECT id FROM fairlead.outbox ORDER BY place") == ["n1"])
        #expect(try await database.texts("SELECT seq::text FROM fairlead.consumer_cursor") == ["2"])
    }

    @Test func `a takeover that is under way makes the old leader wait, and then refuses it`() async throws {
        let database = try await AlerterDatabase()
        let (lease, outbox) = store(database, "a")
        _ = try await lease.acquire()
        let successor = try PostgresSession(database.settings())
        let takeover = "UPDATE fairlead.lease SET holder = 'b', term = 2"
        try successor.runScript(PostgresStatement(name: "begin", text: "BEGIN"))
        try successor.runScript(PostgresStatement(name: "takeover", text: takeover))
        async let isStored = outbox.store(OutboxEntry(term: 1, notifications: [notification("late")], cursors: [:]))
        let waiting = "SELECT count(*)::text FROM pg_locks WHERE NOT granted"
        #expect(try await database.awaitTexts(waiting, ["1"]) == ["1"])
        try successor.runScript(PostgresStatement(name: "commit", text: "COMMIT"))
        #expect(try await !isStored)
        #expect(try await database.texts("SELECT id FROM fairlead.outbox") == [])
    }

    @Test func `old settled messages are forgotten, but never one that is due, nor the newest of its kind, nor by an old term`() async throws {
        let database = try await AlerterDatabase()
        let (lease, outbox) = store(database, "a")
        _ = try await lease.acquire()
        let ids = ["a1", "a2", "a3", "a4"]
        let all = ids.map { notification($0) } + [notification("b1", cluster: "plant-b"), notification("x1", receiver: "other"), notification("x2", receiver: "other")]
        #expect(try await outbox.store(OutboxEntry(term: 1, notifications: all, cursors: [:])))
        for id in ["a1", "a2", "a3", "a4", "b1", "x2"] { try await outbox.settle(id, attempt: 1, .delivered, detail: nil) }
        try await database.run("UPDATE fairlead.outbox SET settled_at = settled_at - interval '31 days' WHERE id <> 'a3' AND state <> 'due'")
        let month = Nanoseconds.seconds(30 * 86_400)
        #expect(try await outbox.prune(term: 2, keep: month, atMost: 10) == 0)
        #expect(try await outbox.prune(term: 1, keep: month, atMost: 1) == 1)
        #expect(try await database.texts("SELECT id FROM fairlead.outbox ORDER BY place") == ["a2", "a3", "a4", "b1", "x1", "x2"])
        #expect(try await outbox.prune(term: 1, keep: month, atMost: 10) == 1)
        #expect(try await database.texts("SELECT id FROM fairlead.outbox ORDER BY place") == ["a3", "a4", "b1", "x1", "x2"])
    }

    @Test func `of each receiver and cluster one is due, the oldest, and the next waits for it`() async throws {
        let database = try await AlerterDatabase()
        let (lease, outbox) = store(database, "a")
        _ = try await lease.acquire()
        let all = [
            notification("a1"), notification("a2", isFiring: false), notification("b1", cluster: "plant-b"),
            notification("c1", cluster: "plant-c"), notification("x1", receiver: "other"),
        ]
        #expect(try await outbox.store(OutboxEntry(term: 1, notifications: all, cursors: [:])))
        func due(_ perReceiver: Int = 8, except: [String] = []) async throws -> [String] {
            try await outbox.due(perReceiver: perReceiver, except: except).map { "\($0.notification.id) \($0.attempts)" }
        }
        #expect(try await due() == ["a1 0", "b1 0", "c1 0", "x1 0"])
        #expect(try await due(2) == ["a1 0", "b1 0", "x1 0"])
        #expect(try await due(except: ["a1"]) == ["b1 0", "c1 0", "x1 0"], "what is under way still holds back what follows it")
        #expect(try await outbox.due(perReceiver: 1, except: []).first?.notification == all[0])

        try await outbox.settle("a1", attempt: 1, .retry(after: .seconds(600)), detail: "the receiver answered 503")
        #expect(try await due() == ["b1 0", "c1 0", "x1 0"])
        try await outbox.settle("a1", attempt: 1, .retry(after: .zero), detail: "a second word on the same attempt")
        #expect(try await due() == ["b1 0", "c1 0", "x1 0"])
        try await outbox.settle("a1", attempt: 2, .retry(after: .zero), detail: "the receiver answered 503")
        #expect(try await due() == ["a1 2", "b1 0", "c1 0", "x1 0"])
        try await outbox.settle("a1", attempt: 3, .dead, detail: "given up")
        #expect(try await due() == ["a2 0", "b1 0", "c1 0", "x1 0"])
        try await outbox.settle("a2", attempt: 1, .delivered, detail: nil)
        try await outbox.settle("a2", attempt: 1, .dead, detail: "of two settlements the first stands")
        #expect(
            try await database.texts("SELECT state || ' ' || attempts FROM fairlead.outbox WHERE cluster = 'plant-a' AND receiver = 'on-call' ORDER BY place")
                == ["dead 3", "delivered 1"])
    }

    @Test func `a successor recalls each alert's newest change, and what was told`() async throws {
        let database = try await AlerterDatabase()
        let (lease, outbox) = store(database, "a")
        _ = try await lease.acquire()
        let told = [notification("n1"), notification("n2", isFiring: false)]
        #expect(try await outbox.store(OutboxEntry(term: 1, notifications: told, cursors: [:])))
        var writer = CentralWriter(stream: .alerter, term: 1, hash: .libcrypto, seed: 1)
        let log = PostgresLog(database.connection(user: "alerter"))
        func change(_ fingerprint: String, _ state: AlertChange.State) -> AlertChange {
            AlertChange(fingerprint: fingerprint, rule: "R", state: state, labels: ["cluster": "plant-a", "flow": "f \"1\""], summary: "über")
        }
        let changes = [change("f1", .pending), change("f2", .pending), change("f1", .firing), change("f2", .resolved)]
        writer.add(changes.enumerated().map { LogEntry(EventEnvelope(.alertChanged($1), at: WallTime(microseconds: Int64($0)))) })
        while let request = writer.proceed(MonotonicTime(nanoseconds: 0)) {
            _ = writer.answered(try await log.answer(request), now: MonotonicTime(nanoseconds: 0))
        }
        let memory = try await outbox.recall()
        #expect(memory.changes.map(\.change) == [change("f2", .resolved), change("f1", .firing)])
        #expect(memory.changes.map(\.at.microseconds) == [3, 2])
        #expect(memory.notifications.map(\.told) == told.map(\.told))
        #expect(memory.notifications.map(\.id) == ["n1", "n2"])
    }

    @Test func `reading goes on from the cursor, or from where the newest part begins, with the roster in force there`() async throws {
        let database = try await AlerterDatabase()
        for _ in 0..<700 { try await database.ship() }
        let reader = AlertLogReader(database.connection(user: "alerter"), consumer: "alerter", clusters: 1, entriesOfCluster: RecentPart.entriesOfCluster)
        let newest = 701 - RecentPart.entriesOfCluster
        #expect(try await reader.place().cursors == [AlerterDatabase.stream: newest], "without a cursor the newest part")

        let (lease, outbox) = store(database, "a")
        _ = try await lease.acquire()
        #expect(try await outbox.store(OutboxEntry(term: 1, notifications: [], cursors: [AlerterDatabase.stream: 150])))
        let place = try await reader.place()
        #expect(place.cursors == [AlerterDatabase.stream: 150])
        let often = AlertLogReader(database.connection(user: "alerter"), consumer: "alerter", clusters: 1, entriesOfCluster: 601)
        #expect(try await often.place().cursors == [AlerterDatabase.stream: 100], "more where more is asked for")
        let (position, roster) = try #require(place.rosters.first)
        #expect(position == LogPosition(stream: AlerterDatabase.stream, sequence: 1))
        #expect(roster.cluster == "plant-a" && roster.flows.map(\.id) == ["robot-control"] && roster.links == ["uplink"])

        let (batch, logTime) = try await reader.batch(after: place.cursors)
        #expect(batch.records.count == 500 && !batch.isComplete)
        #expect(batch.records.allSatisfy { $0.receivedAt <= logTime })

        #expect(try await outbox.store(OutboxEntry(term: 1, notifications: [], cursors: [AlerterDatabase.stream: 690])))
        #expect(try await reader.place().cursors == [AlerterDatabase.stream: newest])
    }
}
