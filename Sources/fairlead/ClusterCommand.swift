import Adapters
import ArgumentParser
import Cryptography
import EventStore
import Glibc
import PostgreSQL
import Quantities

/// `fairlead cluster`: which clusters may write to the log.
struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "Let a cluster write to the log, or end that.", subcommands: [Enroll.self, Revoke.self])

    /// A name that is a role's, a stream's and a file's part alike.
    static func check(_ name: String) throws {
        let allowed = name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        guard allowed, !name.isEmpty, name.utf8.count <= 50 else {
            throw ValidationError("'\(name)' is no cluster's name: write 1 to 50 of a-z, 0-9 and -")
        }
    }
    static func role(_ cluster: String) -> String { "shipper-\(cluster)" }

    struct Enroll: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a cluster's login role and let it append to that cluster's streams, nothing else.",
            discussion: """
                With --password-file a password is drawn and written to a new file, mode 0400,
                for the shipper's Secret; the server gets its SCRAM verifier only. With
                --certificate the role has no password: let pg_hba.conf ask for a client
                certificate whose common name is the role (hostssl ... cert). Either way the
                shipper should connect with sslmode=verify-full. Enrolling again draws a new
                password and undoes a revocation.

                Examples:
                  fairlead cluster enroll plant-a --password-file plant-a.password
                  fairlead cluster enroll plant-b --certificate
                """)
        @Argument(help: "The cluster, as the fleet's files call it.")
        var name: String
        @Option(help: ArgumentHelp("The database of the event log. Default: the PG* environment variables.", valueName: "connection-string"))
        var database: String?
        @Option(help: ArgumentHelp("A new file for the password.", valueName: "path"))
        var passwordFile: String?
        @Flag(help: "The shipper proves itself by a client certificate.")
        var certificate = false

        func validate() throws {
            try ClusterCommand.check(name)
            guard certificate != (passwordFile != nil) else { throw ValidationError("give either --password-file or --certificate") }
        }

        func run() async throws {
            try await reportingFailures {
                let connection = PostgresConnection(.fairlead(database))
                try await DatabaseSchema(connection).requireCompatible()
                var verifier: String?
                if let passwordFile {
                    let password = hexadecimal(secureRandomBytes(count: 24))
                    try ClusterCommand.write(password + "\n", toNewFile: passwordFile)
                    verifier = ScramVerifier.make(password: password, salt: secureRandomBytes(count: ScramVerifier.saltBytes))
                }
                let role = ClusterCommand.role(name)
                try await LogAdministration(connection).enroll(.shipper(of: ClusterID(name)), role: role, password: verifier)
                print("the role \(role) appends to the streams of \(name); connect with: user=\(role) sslmode=verify-full")
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a cluster's right to write and to log in, and its sessions, at once.",
            discussion: """
                What it wrote stays. Its shipper keeps measuring, braking and spooling; enroll
                it again and the spool drains.

                Examples:
                  fairlead cluster revoke plant-a
                """)
        @Argument(help: "The cluster, as the fleet's files call it.")
        var name: String
        @Option(help: ArgumentHelp("The database of the event log. Default: the PG* environment variables.", valueName: "connection-string"))
        var database: String?

        func validate() throws { try ClusterCommand.check(name) }

        func run() async throws {
            try await reportingFailures {
                let connection = PostgresConnection(.fairlead(database))
                try await DatabaseSchema(connection).requireCompatible()
                let sessions = try await LogAdministration(connection).cut(role: ClusterCommand.role(name))
                print("the role \(ClusterCommand.role(name)) writes no more; \(counted(sessions, "session was", "sessions were")) ended")
            }
        }
    }

    /// Mode 0400; throws where there is such a file already.
    static func write(_ text: String, toNewFile path: String) throws {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o400)
        guard descriptor >= 0 else { throw AssemblyError("\(path) cannot be made: \(errno == EEXIST ? "it is there already" : "check the directory")") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw AssemblyError("\(path) was made but not written: check the disk, and remove it")
        }
    }
}
