import EventStore
import Glibc
import PostgreSQL
import PrivatePostgres
import Quantities
import Testing

extension RealProcesses {
    /// Aim: a full disk, the shipper's or PostgreSQL's, stops no brake and loses nothing (I1, I8, I9, I15).
    /// Method: the spool, or PostgreSQL's directory, lies on a small file system; ballast fills it, and goes again.
    @Suite(.serialized, .enabled(if: SmallDisk.isPossible, "a small file system can only be mounted by root")) struct DiskFullTests {
        @Test func `a full disk under the spool stops no brake, and what was decided meanwhile is told afterwards (I8, I15)`() async throws {
            let scene = try await ShipperScene()
            let disk = try SmallDisk(in: scene.directory, name: "disk", megabytes: 2)
            let spool = "\(disk.path)/spool"
            let shipper = try scene.shipper("shipper", spool: spool)
            try await scene.awaitTicks(5, "to begin with")
            try disk.fill()
            try await eventually("the spool takes nothing") { shipper.talk.contains("the spool took nothing") }
            let standing = scene.world.limits.count
            let brakes = try await eventually("the loop brakes all the same") {
                let since = scene.world.limits.dropFirst(standing)
                return since.count >= 2 && since.last.map { $0 < (since.first ?? $0) } == true ? since : nil
            }
            #expect(!brakes.isEmpty)
            disk.free()
            try await scene.awaitTicks(10, "after the disk has room again")
            shipper.signal(SIGTERM)
            #expect(try await shipper.end() == 0)
            try await scene.expectWhole()
            try await scene.expectSpoolOnLog(spool)
            let gap = try await scene.database.number(
                "SELECT (max(tick_number) - min(tick_number) + 1 - count(DISTINCT tick_number))::text FROM fairlead.tick")
            #expect(gap == 0, "each tick is told, those of the full disk too")
        }

        @Test func `a full disk under PostgreSQL refuses appends, and all of them enter when it has room again (I1, I9)`() async throws {
            let home = SceneDirectory()
            let disk = try SmallDisk(in: home, name: "disk", megabytes: 160)
            var options = PrivateServer.Options()
            options.settings = ["min_wal_size=32MB", "max_wal_size=32MB", "wal_level=minimal", "max_wal_senders=0"]
            let server = try PrivateServer(directory: "\(disk.path)/pg", options: options)
            try server.start()
            defer { server.kill() }
            let scene = try await ShipperScene(server: server)
            let shipper = try scene.shipper("shipper")
            try await scene.awaitTicks(3, "to begin with")
            try disk.fill()
            let before = try await scene.heads()
            try await eventually("PostgreSQL finds no room", within: .seconds(60)) {
                // Where the log has pages left it goes on; a table that is filled up to its bound does not.
                try? await scene.database.run("CREATE TABLE IF NOT EXISTS filler (t text); INSERT INTO filler SELECT repeat(md5(n::text), 60) FROM generate_series(1, 500) AS n")
                return ProcessTable.read(server.logFile)?.contains("No space left on device") ?? false
            }
            disk.free()
            // It may have stopped itself, as PostgreSQL does when its own log has no room.
            if server.processIdentifier == nil { try server.start() }
            try await scene.awaitTicks(8, "after the disk has room again", within: .seconds(60))
            for head in before { #expect(try await scene.stillHolds(head)) }
            shipper.signal(SIGTERM)
            #expect(try await shipper.end() == 0)
            try await scene.expectWhole()
            try await scene.expectSpoolOnLog()
        }
    }
}
