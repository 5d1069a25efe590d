import EventStore
import Fleet
import Glibc
import JSONDocument
import PostgreSQL
import PrivatePostgres
import Testing

extension RealProcesses {
    /// Aim: the fleet's file says how long the log is kept, `serve` does so, and whoever looks is told. Method: a real shipper's stream whose
    /// day is made to have passed (the day of receipt is no part of the chain), a real `serve`, and the command that shows the days.
    @Suite(.serialized) struct RetentionTests {
        @Test func `serve drops the days that the fleet's file no longer keeps, and db partitions says what is in force`() async throws {
            let scene = try await ShipperScene(retention: RetentionSpecification(log: 2, minuteRollups: 2, hourRollups: 400))
            let shipper = try scene.shipper("shipper")
            try await scene.awaitTicks(3, "to begin with")
            shipper.signal(SIGTERM)
            #expect(try await shipper.end() == 0)
            try await scene.database.run(
                """
                SELECT fairlead.make_partitions((now() AT TIME ZONE 'UTC')::date - 3, 18);
                UPDATE fairlead.tick SET received_on = received_on - 3;
                UPDATE fairlead.event SET received_on = received_on - 3;
                UPDATE fairlead.stream SET received_on = received_on - 3, newest_tick_on = newest_tick_on - 3;
                """)
            while try await Projections(scene.database.connection).fold() > 0 {}
            let days = try await LogRetention(scene.database.connection).days().map(\.day)
            #expect(try await ask(scene, ["db", "partitions"]).output.contains("no retention is in force: serve applies that of the fleet's file"))

            let centre = try scene.serve("centre", spool: scene.directory.file("centre-spool"))
            try await eventually("serve drops the oldest day") { centre.talk.contains("day=\(days[0]) streams=1") }
            centre.signal(SIGTERM)
            #expect(try await centre.end() == 0)

            let shown = try await ask(scene, ["db", "partitions"])
            #expect(shown.exitCode == 0)
            #expect(shown.output.contains("kept, by the fleet's file: the log 2 days, minute roll-ups 2 days, hour roll-ups 400 days\n"), "\(shown.output)")
            func state(_ day: String) -> Substring? { shown.output.split(separator: "\n").first { $0.hasPrefix(day) } }
            #expect(state(days[0])?.hasSuffix("dropped, 1 stream sealed") == true && state(days[1])?.hasSuffix("kept") == true, "\(shown.output)")
            let kept = try JSONValue(parsing: try await ask(scene, ["db", "partitions", "-o", "json"]).output)["retention"]
            #expect(kept?["log_days"]?.integer == 2 && kept?["minute_rollup_days"]?.integer == 2 && kept?["hour_rollup_days"]?.integer == 400)
            try await scene.expectWhole()

            let unknown = try await ask(scene, ["db", "consumers", "--remove", "nobody"])
            #expect(unknown.exitCode == 64 && unknown.output.isEmpty)
            #expect(unknown.talk == "fairlead: --remove nobody: there is no such reader; there is none at all\n", "\(unknown.talk)")
        }

        private func ask(_ scene: ShipperScene, _ command: [String]) async throws -> (exitCode: Int32, output: String, talk: String) {
            try await RunningProgram.run(
                .fairlead, command + ["--database", "host=\(scene.server.socketDirectory) user=\(scene.server.superuser) dbname=postgres"])
        }
    }
}
