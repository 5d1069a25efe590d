import EventStore
import Events
import Glibc
import PostgreSQL
import PrivatePostgres
import Quantities
import ScriptedHTTP
import Shipper
import Testing

extension RealProcesses {
    /// Aim: whatever is killed, cut or doubled between a shipper and its log, what was acknowledged is there, once, in order.
    /// Method: a real shipper on a real PostgreSQL; it dies at a named place, its answers are swallowed, its disk is torn, its spool
    /// is cloned. At the end the log is verified, and compared with the spool.
    @Suite(.serialized) struct ShipperFaultTests {
        @Test func `a shipper killed at every place goes on where it stopped, and nothing is lost or doubled (I1, I2, I3)`() async throws {
            let scene = try await ShipperScene()
            // The two others need a hole, and a conflict.
            let places = ShipperPlace.allCases.filter { $0 != .beforeDeclaringLost && $0 != .beforeRenewal }
            for (number, place) in places.enumerated() {
                for passing in [1, 3] where passing == 1 || ![.beforeOpen, .beforeEpoch].contains(place) {
                    let doomed = try scene.shipper("doomed-\(number)-\(passing)", failpoint: "\(place.rawValue):kill:\(passing)")
                    #expect(try await doomed.end() == 128 + SIGKILL, "\(place.rawValue): \(doomed.talk.suffix(500))")
                }
            }
            let last = try scene.shipper("last")
            try await scene.awaitTicks(5, "after the last kill")
            last.signal(SIGTERM)
            #expect(try await last.end() == 0)
            try await scene.expectWhole()
            try await scene.expectSpoolOnLog()
            #expect(try await scene.heads().count == 1, "one stream, whatever happened")
        }

        @Test func `answers that are cut off after the commit cost nothing (I1, I2)`() async throws {
            let scene = try await ShipperScene()
            let relayed = scene.directory.file("relay")
            mkdir(relayed, 0o711)
            let relay = CutRelay(listen: "\(relayed)/.s.PGSQL.5432", target: "\(scene.server.socketDirectory)/.s.PGSQL.5432")
            defer { relay.stop() }
            let shipper = try scene.shipper("shipper", socket: relayed)
            try await scene.awaitTicks(3, "through the relay")
            // The Bind of the append: an empty portal's name, then the statement's.
            relay.swallowAnswers(5, to: [0] + Array("log_append".utf8) + [0])
            try await eventually("five answers are swallowed", within: .seconds(60)) { relay.cuts == 5 }
            try await scene.awaitTicks(5, "after the cuts")
            shipper.signal(SIGTERM)
            #expect(try await shipper.end() == 0)
            try await scene.expectWhole()
            try await scene.expectSpoolOnLog()
        }

        @Test func `a server that ends at once in the middle of an append loses nothing that it acknowledged (I1)`() async throws {
            let scene = try await ShipperScene()
            let shipper = try scene.shipper("shipper")
            try await scene.awaitTicks(3, "to begin with")
            for _ in 0..<2 {
                let before = try await scene.heads()
                let holder = try PostgresSession(scene.database.settings)
                try holder.runScript(PostgresStatement(name: "hold", text: "BEGIN; SELECT FROM fairlead.stream FOR UPDATE"))
                try await eventually("an append is under way") {
                    try await scene.database.number("SELECT count(*)::text FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%fairlead.append%'") == 1
                }
                scene.server.stopImmediately()
                withExtendedLifetime(holder) {}
                try scene.server.start()
                try await scene.awaitTicks(5, "after the restart")
                for head in before { #expect(try await scene.stillHolds(head)) }
            }
            shipper.signal(SIGTERM)
            #expect(try await shipper.end() == 0)
            try await scene.expectWhole()
            try await scene.expectSpoolOnLog()
        }

        @Test func `two shippers cannot hold one spool; with a cloned one, the second history gets a stream of its own and an alarm (I2)`() async throws {
            let scene = try await ShipperScene()
            let first = try scene.shipper("first")
            try await scene.awaitTicks(3, "to begin with")
            let second = try scene.shipper("second")
            #expect(try await second.end() == 2)
            #expect(second.talk.contains("spool busy"), "\(second.talk)")
            first.signal(SIGTERM)
            #expect(try await first.end() == 0)

            let clone = scene.directory.file("clone")
            for suffix in ["", "-wal"] where ProcessTable.exists(scene.spoolFile + suffix) {
                let copied = try RunningProgram(["cp", scene.spoolFile + suffix, clone + suffix], name: "cp\(suffix)", in: scene.directory.path)
                #expect(try await copied.end() == 0)
            }
            let original = try scene.shipper("original")
            let cloned = try scene.shipper("cloned", spool: clone)
            try await eventually("one of them begins a new stream", within: .seconds(60)) {
                try await scene.database.number("SELECT count(*)::text FROM fairlead.event WHERE kind = 'spool_set_aside'").map { $0 >= 1 } ?? false
            }
            try await eventually("both go on, each on its own") {
                try await scene.database.number("SELECT count(*)::text FROM fairlead.stream WHERE received_at > clock_timestamp() - interval '2 s'") == 2
            }
            for program in [original, cloned] {
                program.signal(SIGTERM)
                #expect(try await program.end() == 0)
            }
            try await scene.expectWhole()
            #expect(ProcessTable.entries(of: scene.directory.path).contains { $0.hasSuffix(".aside-1") }, "the old spool is kept")
        }

        @Test func `a shipper paused past another's epoch with its append decided is fenced when it goes on, and doubles nothing (I1, I2, I4)`() async throws {
            let scene = try await ShipperScene()
            let zombie = try scene.shipper("zombie", failpoint: "\(ShipperPlace.beforeAppend.rawValue):stop:12")
            try await eventually("it stands still") { ProcessTable.state(of: zombie.identifier) == "T" }
            let paused = try await scene.heads()
            let clone = scene.directory.file("clone")
            for suffix in ["", "-wal"] {
                let copied = try RunningProgram(["cp", scene.spoolFile + suffix, clone + suffix], name: "cp\(suffix)", in: scene.directory.path)
                #expect(try await copied.end() == 0)
            }
            let heir = try scene.shipper("heir", spool: clone)
            try await scene.awaitTicks(5, "of the heir, what the first had decided to send among them")
            let before = try await scene.heads()
            #expect(before.count == 1 && before[0].sequence > paused[0].sequence)
            #expect(try await scene.database.number("SELECT count(*)::text FROM fairlead.refusal") == 0, "nobody was fenced yet")

            zombie.signal(SIGCONT)
            try await eventually("the late append is fenced") {
                try await scene.database.number("SELECT sum(times)::text FROM fairlead.refusal WHERE word = 'fenced'").map { $0 >= 1 } ?? false
            }
            try await eventually("the zombie learns that its history is another's now, and tells it on a stream of its own") {
                try await scene.database.text("SELECT body::jsonb ->> 'stream' FROM fairlead.event WHERE kind = 'spool_set_aside'") == before[0].stream
            }
            try await eventually("both go on") {
                try await scene.database.number("SELECT count(*)::text FROM fairlead.stream WHERE received_at > clock_timestamp() - interval '2 s'") == 2
            }
            for program in [zombie, heir] {
                program.signal(SIGTERM)
                #expect(try await program.end() == 0)
            }
            for head in paused + before { #expect(try await scene.stillHolds(head), "what was acknowledged to either stands") }
            try await scene.expectWhole()
            try await scene.expectSpoolOnLog()
            try await scene.expectSpoolOnLog(clone)
        }

        @Test func `a spool whose tail was torn off goes on under a new stream, and says what it was (I2, I8)`() async throws {
            let scene = try await ShipperScene()
            let shipper = try scene.shipper("shipper")
            try await scene.awaitTicks(8, "to begin with")
            shipper.kill()
            let before = try await scene.heads()
            var information = stat()
            try #require(stat("\(scene.spoolFile)-wal", &information) == 0)
            try #require(truncate("\(scene.spoolFile)-wal", information.st_size / 2) == 0)

            let again = try scene.shipper("again")
            try await eventually("the log says that the spool was set aside", within: .seconds(40)) {
                try await scene.database.text("SELECT body::jsonb ->> 'stream' FROM fairlead.event WHERE kind = 'spool_set_aside'") == before[0].stream
            }
            try await scene.awaitTicks(3, "on the new stream")
            again.signal(SIGTERM)
            #expect(try await again.end() == 0)
            for head in before { #expect(try await scene.stillHolds(head), "the old stream stands") }
            try await scene.expectWhole()
            try await scene.expectSpoolOnLog()
        }
    }
}
