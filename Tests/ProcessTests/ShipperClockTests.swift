import EventStore
import Glibc
import PostgreSQL
import PrivatePostgres
import Quantities
import Testing

extension RealProcesses {
    /// Aim: a shipper whose civil clock is a day ahead of the log's, or a day or two behind, orders, doubles and loses nothing, holds its
    /// grants for as long as they last, and opens no day of the log (I1, I2, I3, I11).
    /// Method: the server believes in other days (libfaketime; a Swift program does not run under it, because it moves the timers that
    /// Dispatch sets too), so that the shipper, which is right, is a day ahead at first, then right, then behind. In the end the very day
    /// that it writes is sealed and dropped. A real coordinator grants all the while.
    @Suite(.serialized) struct ShipperClockTests {
        @Test func `a shipper a day ahead or behind loses and doubles nothing, keeps its grants, and opens no sealed day again (I1, I2, I3, I11)`() async throws {
            let clock = try ServerClock()
            clock.set("-1d")
            let scene = try await ShipperScene(server: clock.server())
            let centre = try scene.serve("centre", spool: scene.directory.file("centre-spool"))
            defer { centre.kill() }
            let today = try await scene.database.text("SELECT ((now() AT TIME ZONE 'UTC')::date + 1)::text") ?? ""
            for offset in ["-1d", "+0d", "+1d", "+2d"] {
                clock.set(offset)
                if offset == "+2d" {
                    try await dropAllBefore(2, scene)
                    #expect(try await isGone(today, scene), "the shipper's own day is sealed")
                }
                let from = try await scene.database.number("SELECT coalesce(max(seq), 0)::text FROM fairlead.stream WHERE cluster = '\(SmallFleet.cluster)'") ?? 0
                let shipper = try scene.shipper("shipper")
                try await eventually("ticks under living grants while the server is at \(offset)", within: .seconds(60)) {
                    try await scene.database.number("SELECT count(*)::text FROM fairlead.tick WHERE grant_term IS NOT NULL AND seq > \(from)").map { $0 >= 5 } ?? false
                }
                shipper.signal(SIGTERM)
                #expect(try await shipper.end() == 0)
                let days = try await scene.database.row(
                    """
                    SELECT string_agg(DISTINCT (received_on - (timestamptz 'epoch' + at_us * interval '1 us')::date)::text, ' '),
                        string_agg(DISTINCT (received_on - (now() AT TIME ZONE 'UTC')::date)::text, ' ')
                    FROM fairlead.tick WHERE seq > \(from)
                    """)
                #expect(days[1] == "0", "the day of receipt is the server's: \(days)")
                #expect(days[0] == String(offset.dropLast().drop { $0 == "+" }), "the shipper's day is its own: \(days)")
            }
            centre.signal(SIGTERM)
            #expect(try await centre.end() == 0)
            #expect(try await isGone(today, scene), "and stays so")
            // Numbers go on over what was dropped; of what is left none is missing.
            let gap = try await scene.database.number("SELECT (max(tick_number) - min(tick_number) + 1 - count(DISTINCT tick_number))::text FROM fairlead.tick")
            #expect(gap == 0, "every tick is told")
            #expect(try await scene.heads().count { $0.stream.hasPrefix("\(SmallFleet.cluster)/") } == 1, "one stream, whatever the clocks say")
            try await scene.expectWhole()
        }

        private func isGone(_ day: String, _ scene: ShipperScene) async throws -> Bool {
            let found = try await LogRetention(scene.database.connection).days().first { $0.day == day }
            return found?.bytes == nil && (found?.sealedStreams ?? 0) > 0
        }

        /// Drops the oldest days, so many.
        private func dropAllBefore(_ count: Int, _ scene: ShipperScene) async throws {
            let retention = LogRetention(scene.database.connection)
            for _ in 0..<count {
                let day = try #require(try await retention.days().first { $0.bytes != nil }).day
                try await eventually("nothing is in the way of dropping \(day)") {
                    // The coordinator's own cursor follows it.
                    while try await Projections(scene.database.connection).fold() > 0 {}
                    return try await retention.obstacles(day: day, keepDays: 1) == []
                }
                _ = try await retention.drop(day: day, keepDays: 1)
            }
        }
    }
}

/// How far a server's civil clock is from the machine's.
private final class ServerClock: Sendable {
    private let library: String
    private let home = SceneDirectory()

    init() throws {
        let libraries = ProcessTable.entries(of: "/usr/lib").map { "/usr/lib/\($0)/faketime/libfaketime.so.1" }
        library = try #require(libraries.first { ProcessTable.exists($0) }, "libfaketime is needed (deploy/packages)")
    }

    /// - Parameter offset: such as `+1d`.
    func set(_ offset: String) {
        let written = home.write("\(offset)\n", to: "next")
        precondition(chmod(written, 0o644) == 0 && rename(written, home.file("clock")) == 0, "the clock file cannot be written")
    }

    func server() throws -> PrivateServer {
        var options = PrivateServer.Options()
        options.syncsToDisk = false
        options.environment = [
            "LD_PRELOAD=\(library)", "FAKETIME_TIMESTAMP_FILE=\(home.file("clock"))", "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1",
        ]
        return try PrivateServer.temporary(options: options)
    }
}
