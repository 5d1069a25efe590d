import EventStore
import Fleet
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
            // `db status` is the one that tells what it finds, as data: the next test has it.
            guard command != "db status" else { return }
            try await expect("user=fairlead dbname=stranger", tells: "use a database of its own")
            try await expect("user=fairlead dbname=newer", tells: "install a newer Fairlead")
            try await expect("user=fairlead dbname=empty", tells: "fairlead db migrate")
        }

        @Test func `db status and db verify judge a database that is too new, foreign, newer or empty as the table of exit codes says`() async throws {
            let server = try Self.server()
            for name in ["stranger", "too_new", "newer", "empty"] { try await Self.view(server, "postgres").run("CREATE DATABASE \(name)") }
            try await Self.view(server, "stranger").run("CREATE TABLE invoice (id int)")
            for (name, oldest) in [("too_new", 9999), ("newer", 1)] {
                try await DatabaseSchema(Self.view(server, name).connection).migrate()
                try await Self.view(server, name).run(
                    "INSERT INTO fairlead.migration (number, name, checksum, oldest_binary) VALUES (9999, '9999_from_the_future', sha256('x'), \(oldest))")
            }
            func ask(_ command: String, _ name: String) async throws -> (code: Int32, output: String) {
                let (code, output, _) = try await RunningProgram.run(
                    .fairlead, ["db", command, "--database", "host=\(server.socketDirectory) user=fairlead dbname=\(name)"])
                return (code, output)
            }
            let tooNew = try await ask("status", "too_new")
            #expect(tooNew.code == 2 && tooNew.output.hasSuffix("too new for this binary: install a newer Fairlead\n"), "\(tooNew)")
            let foreign = try await ask("status", "stranger")
            #expect(foreign.code == 2 && foreign.output.contains("not a database of Fairlead's") && !foreign.output.contains("pending"), "\(foreign)")
            let newer = try await ask("status", "newer")
            #expect(newer.code == 0 && newer.output.contains("newer than this binary"), "\(newer)")
            let empty = try await ask("status", "empty")
            #expect(empty.code == 1 && empty.output.contains("run: fairlead db migrate\npending 0001_event_log\n"), "\(empty)")
            let verified = try await ask("verify", "newer")
            #expect(verified.code == 1 && verified.output == "9999_from_the_future is applied and this binary does not have it\n", "\(verified)")
            #expect(try await ask("verify", "too_new").code == 2)
        }

        @Test func `whoever is enrolled as an analyst gets an answer from every command that reads, and no further`() async throws {
            let server = try Self.server()
            let owner = Self.view(server, "fairlead")
            try await Self.view(server, "postgres").run("CREATE DATABASE fairlead")
            try await DatabaseSchema(owner.connection).migrate()
            try await owner.run("SELECT fairlead.enroll('anna', 'reader', 'analyst', NULL); SELECT fairlead.enroll('olga', 'central', 'operator', NULL)")
            let directory = SceneDirectory()
            let files = directory.write(SmallFleet.text(enforcerURL: "http://127.0.0.1:1"), to: "fleet.yaml")
            let trust = directory.write(try await RunningProgram.run(.fairlead, ["log", "keygen", directory.file("checkpoint.key")]).output, to: "trusted-keys")
            // On an empty log: there is nothing to explain, to plan or to decide again, and no checkpoint stands that a key could vouch for.
            let commands: [(words: [String], code: Int32)] = [
                (["status"], 0), (["explain", "decision", "plant-a/4f21c09a/118"], 2), (["explain", "allocation"], 2), (["allocation", "get"], 2),
                (["allocation", "explain", "telemetry-upload"], 2), (["allocation", "plan", "--config", files], 2), (["log", "verify"], 0),
                (["log", "verify", "--trust", trust], 1), (["log", "gaps"], 0), (["log", "export"], 0), (["db", "status"], 0), (["db", "verify"], 0),
                (["db", "partitions"], 0), (["db", "consumers"], 0), (["replay"], 2), (["backtest", "--law", "fixed-step@1", "--since", "1h"], 2),
            ]
            for role in ["anna", "olga"] {
                for command in commands {
                    let (code, _, talk) = try await RunningProgram.run(
                        .fairlead, command.words + ["--database", "host=\(server.socketDirectory) user=\(role) dbname=fairlead"])
                    #expect(code == command.code && !talk.contains("permission denied"), "\(role): \(command.words): \(code) \(talk)")
                }
            }
            let (code, _, talk) = try await RunningProgram.run(
                .fairlead, ["db", "rebuild", "--database", "host=\(server.socketDirectory) user=anna dbname=fairlead"])
            #expect(code == 2 && talk.contains("permission denied") && talk.contains("a member of fairlead_analyst reads"), "\(talk)")
        }

        @Test func `serve says which cluster's kubeconfig it cannot use, and is ready for nobody`() async throws {
            let server = try Self.server()
            try await Self.view(server, "postgres").run("CREATE DATABASE fairlead")
            try await DatabaseSchema(Self.view(server, "fairlead").connection).migrate()
            let directory = SceneDirectory()
            let missing = directory.file("kubeconfig")
            let fleet = SmallFleet.specification(delivery: .push, enforcer: .kubernetes, access: .kubeconfig(path: missing, context: nil))
            let file = directory.write(FleetDocument.render(fleet), to: "fleet.yaml")
            let (code, output, talk) = try await RunningProgram.run(
                .fairlead, ["serve", "--config", file, "--database", "host=\(server.socketDirectory) user=fairlead dbname=fairlead", "--listen", "127.0.0.1:0"])
            #expect(code == 2 && output.isEmpty, "\(talk)")
            Self.expectSentence(talk, tells: "plant-k is to be pushed to")
            #expect(talk.contains("\(missing) (is not there)") && talk.contains("delivery: pull"), "\(talk)")
        }

        /// A server of the test's own, where whoever names a role is it.
        private static func server() throws -> PrivateServer {
            var options = PrivateServer.Options()
            options.syncsToDisk = false
            return try PrivateServer.temporary(options: options)
        }
        private static func view(_ server: PrivateServer, _ name: String) -> DatabaseView {
            DatabaseView(.socket(directory: server.socketDirectory, user: "fairlead", database: name))
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
            ["serve", "--config", "x", "--components", "coordinator,barista"], ["serve", "--config", "x", "--listen", "127.0.0.1:70000"],
            ["serve", "--config", "x", "--listen", "nonsense"], ["dev", "--for", "0s"], ["allocation", "plan", "--config", "x", "--set", "link.wan=1000"],
        ])
        func `a wrong command line exits 64 and says so on standard error`(command: [String]) async throws {
            let (code, output, talk) = try await RunningProgram.run(.fairlead, command)
            #expect(code == 64, "\(talk)")
            #expect(output.isEmpty)
            #expect(talk.contains("Error:"), "\(talk)")
            if command.count > 1 { #expect(talk.contains("Usage: fairlead \(command[0])"), "the subcommand is named: \(talk)") }
        }

        @Test(arguments: [
            ["frobnicate"], ["run"], ["probe"], ["reflect", "--listen", "127.0.0.1:0"], ["run", "--config", "x", "--cluster", "a", "--spool", "s", "--listen", "127.0.0.1:99999"],
            ["probe", "--config", "x", "--cluster", "a", "--listen", "9201"], ["reflect", "--listen", "0.0.0.0:70000", "--key-file", "k", "--allow", "10.0.0.0/8"],
        ])
        func `a wrong command line of the shipper exits 64`(command: [String]) async throws {
            let (code, output, _) = try await RunningProgram.run(.shipper, command)
            #expect(code == 64)
            #expect(output.isEmpty)
        }

        @Test func `a shipper that cannot start says why in one sentence, and leaves no spool behind`() async throws {
            let directory = SceneDirectory()
            let source = MeasurementSourceSpecification.probe(ProbeSpecification(host: "127.0.0.1", port: 9, keyFile: directory.file("no.key"), vantage: "cell"))
            let fleet = directory.write(FleetDocument.render(SmallFleet.specification(enforcer: .simulated(url: "http://127.0.0.1:1"), source: source)), to: "fleet.yaml")
            func run(cluster: String, spool: String) async throws -> (code: Int32, talk: String) {
                let (code, _, talk) = try await RunningProgram.run(
                    .shipper, ["run", "--config", fleet, "--cluster", cluster, "--spool", spool, "--database", Self.nowhere])
                return (code, talk)
            }
            let keyless = try await run(cluster: "plant-k", spool: directory.file("spool"))
            #expect(keyless.code == 2 && keyless.talk.contains("no.key cannot be read: there is no such file") && keyless.talk.contains("openssl rand -hex 32"), "\(keyless)")
            let unknown = try await run(cluster: "plant-x", spool: directory.file("spool"))
            #expect(unknown.code == 64 && unknown.talk.contains("there is no cluster 'plant-x'") && unknown.talk.contains("there is: plant-k"), "\(unknown)")
            #expect(ProcessTable.entries(of: directory.path) == ["fleet.yaml"])
            _ = directory.write(String(repeating: "ab", count: 32) + "\n", to: "no.key")
            let homeless = try await run(cluster: "plant-k", spool: directory.file("missing/spool"))
            #expect(homeless.code == 2 && homeless.talk.contains("there is no directory \(directory.file("missing"))"), "\(homeless)")
        }

        @Test func `what cannot be read or written is said with its reason and a remedy`() async throws {
            let directory = SceneDirectory()
            let text = directory.write("links: none\n", to: "instance.yaml")
            func talk(_ command: [String], code wanted: Int32) async throws -> String {
                let (code, output, talk) = try await RunningProgram.run(.fairlead, command)
                #expect(code == wanted && output.isEmpty, "\(command): \(talk)")
                return talk
            }
            let instance = try await talk(["allocate", text], code: 1)
            #expect(instance.contains("the file is no JSON object: write an instance in the format wan-alloc/1"), "\(instance)")
            let scenarios = try await talk(["scenario", "run", "--all", "--from", directory.file("none"), "--out", directory.file("out")], code: 2)
            #expect(scenarios.contains("there are no scenarios at") && scenarios.contains("--from"), "\(scenarios)")
            let rate = try await talk(["allocation", "plan", "--config", text, "--set", "link.wan-a=1000"], code: 64)
            #expect(rate.contains("link.wan-a: '1000' has no unit; write 1000M for megabits per second, or 1000k, 1000G"), "\(rate)")
        }
    }
}
