internal import ChildProcesses
internal import Glibc
internal import Synchronization

/// A PostgreSQL server of our own: a data directory, a Unix socket, and a process that ends with us.
///
/// Works as an ordinary user and as root (then the server runs as an unprivileged account). It listens on the socket only, whose
/// directory is closed to other users, so local authentication is `trust` unless other `pg_hba.conf` lines are given.
/// Every call blocks its thread; `stop`, `kill` and `restart` are for one caller at a time.
public final class PrivateServer: Sendable {
    public struct Options: Sendable {
        /// Name of the superuser, whatever the operating system account is.
        public var superuser = "fairlead"
        /// False trades durability against a power cut for speed; a killed process loses nothing either way.
        public var syncsToDisk = true
        public var port = 5432
        /// `127.0.0.1` to listen on TCP too; empty: the socket only.
        public var listenAddresses = ""
        public var hostAuthentication = ["local all all trust", "host all all 127.0.0.1/32 scram-sha-256"]
        /// Further settings, `name=value`.
        public var settings: [String] = []
        /// Further environment of the server, `NAME=value`; set after it stepped down to its account.
        public var environment: [String] = []
        public var startTimeoutMilliseconds: Int32 = 20_000
        public init() {}
    }

    public let directory: String
    public let options: Options
    /// For libpq's `host`.
    public var socketDirectory: String { "\(directory)/socket" }
    public var dataDirectory: String { "\(directory)/data" }
    public var logFile: String { "\(directory)/postgres.log" }
    public var superuser: String { options.superuser }

    private let installation: PostgresInstallation
    private let account = ServerAccount.current()
    private let child = Mutex<ChildProcess?>(nil)
    private let removesDirectory: Bool

    /// Uses `directory` (absolute), making it and running `initdb` where needed. Starts nothing.
    public convenience init(directory: String, options: Options = Options()) throws(PrivatePostgresError) {
        try self.init(directory: directory, options: options, removesDirectory: false)
    }

    private init(directory: String, options: Options, removesDirectory: Bool) throws(PrivatePostgresError) {
        self.directory = directory
        self.options = options
        self.removesDirectory = removesDirectory
        installation = try PostgresInstallation.find()
        try prepareDirectories()
        if unsafe access("\(dataDirectory)/PG_VERSION", F_OK) != 0 { try initialize() }
    }

    /// A started server in a new temporary directory, which goes with it. For tests: not synced to disk.
    public static func temporary(options given: Options? = nil) throws(PrivatePostgresError) -> PrivateServer {
        var options = given ?? Options()
        if given == nil { options.syncsToDisk = false }
        let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/fairlead-pg-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            throw PrivatePostgresError(.unusableDirectory, underlying: "\(errno)", "no temporary directory could be made in \(parent)")
        }
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let server = try PrivateServer(directory: directory, options: options, removesDirectory: true)
        TemporaryServers.register(server)
        try server.start()
        return server
    }

    deinit { if removesDirectory { remove() } else { kill() } }

    /// Ends a temporary server and removes its directory.
    func remove() {
        kill()
        TemporaryServers.forget(directory)
        _ = try? run(["rm", "-rf", "--", directory], log: "/dev/null", asServer: false)  // a leftover in /tmp harms nobody
    }

    public var processIdentifier: Int32? { child.withLock { $0.flatMap { $0.hasEnded ? nil : $0.identifier } } }

    /// The server's command line, for a supervisor that starts it itself.
    public var command: [String] {
        var command = [
            installation.postgres, "-D", dataDirectory, "-k", socketDirectory, "-p", "\(options.port)",
            "-c", "listen_addresses=\(options.listenAddresses)", "-c", "fsync=\(options.syncsToDisk ? "on" : "off")",
            "-c", "lc_messages=C", "-c", "log_timezone=UTC", "-c", "timezone=UTC",
        ]
        for setting in options.settings { command += ["-c", setting] }
        if !options.environment.isEmpty { command = ["env"] + options.environment + command }
        return account.command(command, endsWithParent: true)
    }

    /// Starts the server and returns when it accepts connections. Nothing happens where it runs already.
    public func start() throws(PrivatePostgresError) {
        if processIdentifier != nil { return }
        let watch = PidFileWatch(dataDirectory: dataDirectory)
        let process = try started(command, log: logFile)
        child.withLock { $0 = process }
        guard watch.awaitReady(process, milliseconds: options.startTimeoutMilliseconds) else {
            process.signal(SIGQUIT)
            _ = process.awaitEnd(milliseconds: 5_000)
            throw PrivatePostgresError(.startFailed, "PostgreSQL did not start; the end of \(logFile): \(lastLogLines())")
        }
    }

    /// A fast shutdown: sessions are ended, everything is written.
    public func stop() { end(SIGINT) }
    /// As `pg_ctl stop -m immediate`: the next start recovers from the write-ahead log.
    public func stopImmediately() { end(SIGQUIT) }
    /// kill -9. The server's other processes notice and end by themselves.
    public func kill() { end(SIGKILL) }
    public func restart() throws(PrivatePostgresError) {
        stop()
        try start()
    }

    private func end(_ signal: Int32) {
        guard let process = child.withLock({ $0 }) else { return }
        process.signal(signal)
        if !process.awaitEnd(milliseconds: 20_000) {
            process.signal(SIGKILL)
            _ = process.awaitEnd(milliseconds: 5_000)
        }
        child.withLock { $0 = nil }
    }

    private func started(_ command: [String], log: String) throws(PrivatePostgresError) -> ChildProcess {
        do { return try ChildProcess(command, log: log, environment: Self.environment) } catch {
            throw PrivatePostgresError(.startFailed, underlying: "\(error.errorNumber)", error.description)
        }
    }

    private func prepareDirectories() throws(PrivatePostgresError) {
        guard "\(socketDirectory)/.s.PGSQL.\(options.port)".utf8.count < 108 else {
            throw PrivatePostgresError(.unusableDirectory, "\(directory) is too long a path for a Unix socket; choose a shorter one")
        }
        // The upper directory may be entered but not listed, the lower ones belong to the server alone.
        for (path, mode) in [(directory, mode_t(0o711)), (socketDirectory, 0o700), (dataDirectory, 0o700)] {
            guard unsafe mkdir(path, mode) == 0 || errno == EEXIST else {
                throw PrivatePostgresError(.unusableDirectory, underlying: "\(errno)", "\(path) cannot be made: \(unsafe String(cString: strerror(errno)))")
            }
            if account.stepsDown {
                if path != directory { _ = unsafe chown(path, account.user, account.group) }
                if path == directory { _ = unsafe chmod(path, mode) }
            }
        }
        guard try run(["test", "-w", dataDirectory], log: "/dev/null") == 0 else {
            throw PrivatePostgresError(
                .unusableDirectory, "the unprivileged account that runs PostgreSQL cannot reach \(dataDirectory); choose a directory whose parents others may enter")
        }
    }

    private func initialize() throws(PrivatePostgresError) {
        let status = try run([
            installation.initdb, "-D", dataDirectory, "-U", options.superuser, "--no-sync", "--encoding=UTF8", "--locale=C",
            "--auth=trust", "--no-instructions",
        ], log: logFile)
        guard status == 0 else {
            throw PrivatePostgresError(.initializationFailed, underlying: "\(status)", "initdb failed; the end of \(logFile): \(lastLogLines())")
        }
        let lines = options.hostAuthentication.joined(separator: "\n") + "\n"
        guard writeFile("\(dataDirectory)/pg_hba.conf", lines) else {
            throw PrivatePostgresError(.initializationFailed, underlying: "\(errno)", "\(dataDirectory)/pg_hba.conf cannot be written")
        }
    }

    /// Runs a program to its end, as the server's account unless told otherwise; returns its exit status.
    private func run(_ program: [String], log: String, asServer: Bool = true) throws(PrivatePostgresError) -> Int32 {
        let command = asServer ? account.command(program, endsWithParent: false) : program
        let process = try started(command, log: log)
        guard process.awaitEnd(milliseconds: 120_000) else {
            process.signal(SIGKILL)
            return -1
        }
        return process.exitStatus.map { ($0 >> 8) & 0xff | ($0 & 0x7f) } ?? -1
    }

    private func lastLogLines() -> String {
        let lines = (readFile(logFile) ?? "").split(separator: "\n")
        return lines.suffix(3).joined(separator: " | ")
    }

    /// Nothing of ours: a PGDATA or PGPORT of the caller must not reach the server.
    private static let environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "TZ=UTC"]
}
