import EventStore
import PostgreSQL
import PrivatePostgres
import Testing

extension RealProcesses {
    /// Aim: the exit codes are those of the table, whatever is wrong is said in plain words, and nothing is started.
    @Suite struct CommandLineTests {
        private static let nowhere = "host=/nonexistent/socket dbname=fairlead user=nobody"

        @Test func `validate names each problem of wrong files by file, line and column, and exits 1`() async throws {
            let directory = SceneDirectory()
            let file = directory.write(
                """
                apiVersion: fairlead.dev/v1alpha1
                kind: Fleet
                metadata: {name: wrong}
                spec:
                  tick: 5
                  colour: blue
                  links:
                    - {id: wan, capacity: 100}

                """, to: "fleet.yaml")
            let (code, output, talk) = try await RunningProgram.run(.fairlead, ["validate", file])
            #expect(code == 1)
            #expect(output.isEmpty)
            let problems = talk.split(separator: "\n").filter { $0.contains("fleet.yaml:") }
            #expect(problems.count >= 3, "\(talk)")
            for line in ["fleet.yaml:5:", "fleet.yaml:6:", "fleet.yaml:8:"] { #expect(problems.contains { $0.contains(line) }, "\(line) in \(talk)") }
        }

        @Test func `a shipper with wrong files exits 1 and makes no spool`() async throws {
            let directory = SceneDirectory()
            let file = directory.write("apiVersion: fairlead.dev/v1alpha1\nkind: Cluster\n", to: "cluster.yaml")
            let (code, output, talk) = try await RunningProgram.run(
                .shipper, ["run", "--config", file, "--cluster", "plant-a", "--spool", directory.file("spool"), "--database", Self.nowhere])
            #expect(code == 1, "\(talk)")
            #expect(output.isEmpty && talk.contains("cluster.yaml:"), "\(talk)")
            #expect(ProcessTable.entries(of: directory.path) == ["cluster.yaml"])
        }

        @Test(arguments: [
            ["status"], ["status", "-o", "json"], ["log", "verify"], ["explain", "decision", "plant-a/4f21c09a/118"], ["db", "status"],
        ])
        func `a database that is not there is one plain sentence and exit code 2`(command: [String]) async throws {
            let (code, output, talk) = try await RunningProgram.run(.fairlead, command + ["--database", Self.nowhere])
            #expect(code == 2, "\(talk)")
            #expect(output.isEmpty, "\(output)")
            Self.expectSentence(talk, tells: "see that PostgreSQL runs there")
        }

        /// One line, no Swift in it, and what to do next.
        private static func expectSentence(_ talk: String, tells nextStep: String) {
            #expect(talk.split(separator: "\n").count == 1 && talk.hasPrefix("fairlead: "), "\(talk)")
            #expect(!talk.contains("Error(") && talk.contains(nextStep), "\(talk)")
        }

        @Test(arguments: ["status", "log verify", "db status"])
        func `a database that does not let us in, is not there, is not ours or is newer is one sentence with the next step, and exit code 2`(
            command: String
        ) async throws {
            var options = PrivateServer.Options()
            options.syncsToDisk = false
            options.hostAuthentication = ["local all fairlead trust", "local all all scram-sha-256"]
            let server = try PrivateServer.temporary(options: options)
            func database(_ name: String) -> DatabaseView { DatabaseView(.socket(directory: server.socketDirectory, user: "fairlead", database: name)) }
            for name in ["stranger", "newer", "empty"] { try await database("postgres").run("CREATE DATABASE \(name)") }
            try await database("postgres").run("CREATE ROLE guarded LOGIN PASSWORD 'right'")
            try await database("stranger").run("CREATE TABLE invoice (id int)")
            try await DatabaseSchema(database("newer").connection).migrate()
            try await database("newer").run(
                "INSERT INTO fairlead.migration (number, name, checksum, oldest_binary) VALUES (9999, 'from the future', sha256('x'), 9999)")

            func expect(_ conninfo: String, tells nextStep: String, code wanted: Int32 = 2) async throws {
                let (code, output, talk) = try await RunningProgram.run(
                    .fairlead, command.split(separator: " ").map(String.init) + ["--database", "host=\(server.socketDirectory) \(conninfo)"])
                #expect(code == wanted, "\(talk)")
                #expect(output.isEmpty, "\(output)")
                Self.expectSentence(talk, tells: nextStep)
            }
            try await expect("user=guarded dbname=newer password=wrong", tells: "check the role and its password")
            try await expect("user=fairlead dbname=nowhere", tells: "createdb")
            // `db status` is the one that tells what it finds, and judges nothing but its own.
            guard command != "db status" else { return }
            try await expect("user=fairlead dbname=stranger", tells: "use a database of its own")
            try await expect("user=fairlead dbname=newer", tells: "install a newer Fairlead")
            try await expect("user=fairlead dbname=empty", tells: "fairlead db migrate")
        }

        @Test func `serve without its database exits 2 with one sentence, and serves nothing`() async throws {
            let directory = SceneDirectory()
            let file = directory.write(SmallFleet.text(enforcerURL: "http://127.0.0.1:1"), to: "fleet.yaml")
            let (code, output, talk) = try await RunningProgram.run(.fairlead, ["serve", "--config", file, "--database", Self.nowhere])
            #expect(code == 2, "\(talk)")
            #expect(output.isEmpty)
            #expect(talk.split(separator: "\n").count == 1, "\(talk)")
        }

        @Test(arguments: [
            ["frobnicate"], ["validate"], ["status", "--colour"], ["dev", "--for", "60"], ["explain", "decision", "nonsense"],
            ["serve", "--config", "x", "--components", "coordinator,barista"],
        ])
        func `a wrong command line exits 64 and says so on standard error`(command: [String]) async throws {
            let (code, output, talk) = try await RunningProgram.run(.fairlead, command)
            #expect(code == 64, "\(talk)")
            #expect(output.isEmpty)
            #expect(talk.contains("Error:"), "\(talk)")
        }

        @Test(arguments: [["frobnicate"], ["run"], ["probe"], ["reflect", "--listen", "127.0.0.1:0"]])
        func `a wrong command line of the shipper exits 64`(command: [String]) async throws {
            let (code, output, _) = try await RunningProgram.run(.shipper, command)
            #expect(code == 64)
            #expect(output.isEmpty)
        }
    }
}
