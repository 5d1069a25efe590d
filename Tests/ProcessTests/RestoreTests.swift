import EventStore
import Events
import Glibc
import PostgreSQL
import PrivatePostgres
import Quantities
import Testing

extension RealProcesses {
    /// Aim: a database restored from a base backup that is older than what everybody had acknowledged is filled again from the spools,
    /// the coordinator's too; no number, epoch, term or grant goes back (I1, I3, I4, I6).
    /// Method: `pg_basebackup` of a running server; it goes on, is killed, and starts from the backup, while the shipper and the
    /// leading coordinator of the time before are alive, stopped by a signal, and go on.
    @Suite(.serialized) struct RestoreTests {
        @Test func `a restored base backup is healed from the spools, with a zombie shipper and a zombie coordinator alive (I1, I3, I4)`() async throws {
            var options = PrivateServer.Options()
            options.syncsToDisk = false
            options.hostAuthentication = ["local all all trust", "local replication all trust"]
            let server = try PrivateServer.temporary(options: options)
            let scene = try await ShipperScene(server: server)
            let centre = try scene.serve("centre", spool: scene.directory.file("centre-spool"))
            let shipper = try scene.shipper("shipper")
            try await eventually("grants reach the shipper") {
                try await scene.database.number("SELECT count(*)::text FROM fairlead.tick WHERE grant_term IS NOT NULL").map { $0 >= 3 } ?? false
            }
            let backup = "\(server.directory)/backup"
            let copying = try RunningProgram(
                [
                    "/usr/lib/postgresql/15/bin/pg_basebackup", "-D", backup, "-h", server.socketDirectory, "-U", server.superuser, "-X", "stream",
                    "-c", "fast", "--no-sync",
                ], name: "basebackup", in: scene.directory.path)
            #expect(try await copying.end(within: .seconds(60)) == 0, "\(copying.talk)")
            let atBackup = try await scene.heads()
            try await scene.awaitTicks(10, "after the backup")
            for program in [centre, shipper] { program.signal(SIGSTOP) }
            let before = try await scene.heads()
            let term = try await scene.database.number("SELECT max(term)::text FROM fairlead.lease") ?? 0
            #expect(before.allSatisfy { head in atBackup.contains { $0.stream == head.stream && $0.sequence < head.sequence } })

            try await replaceData(of: server, with: backup, scene)
            for head in before { #expect(try await !scene.stillHolds(head), "the backup is older") }
            for program in [centre, shipper] { program.signal(SIGCONT) }

            for head in before {
                try await eventually("\(head.stream) holds again what it held at \(head.sequence)", within: .seconds(60)) {
                    try await scene.stillHolds(head)
                }
            }
            try await scene.awaitTicks(8, "after the restore")
            try await eventually("grants flow again under a term that is not older") {
                try await scene.database.number("SELECT min(term)::text FROM fairlead.grant_head").map { $0 >= term } ?? false
            }
            for program in [centre, shipper] {
                program.signal(SIGTERM)
                #expect(try await program.end() == 0)
            }
            try await scene.expectWhole()
            try await scene.expectSpoolOnLog()
            let steps = try await scene.database.rows(
                """
                SELECT grant_term::text, before::text FROM (
                    SELECT grant_term, lag(grant_term) OVER (ORDER BY seq) AS before FROM fairlead.tick WHERE grant_term IS NOT NULL) AS t
                WHERE grant_term < before
                """)
            #expect(steps.isEmpty, "a grant's term went back: \(steps)")
        }

        private func replaceData(of server: PrivateServer, with backup: String, _ scene: ShipperScene) async throws {
            await scene.database.connection.close()
            server.stopImmediately()
            for (name, command) in [
                ("own", ["chown", "-R", "--reference=\(server.dataDirectory)", backup]), ("away", ["mv", server.dataDirectory, "\(server.directory)/lost"]),
                ("back", ["mv", backup, server.dataDirectory]),
            ] {
                let program = try RunningProgram(command, name: name, in: scene.directory.path)
                try #require(try await program.end() == 0, "\(program.talk)")
            }
            try server.start()
        }
    }
}
