import Adapters
import Clocks
import Cryptography
import EventStore
import Fleet
import Glibc
import HTTPTransport
import PostgreSQL
import PrivatePostgres
import Quantities
import ReadModel
import Supervision

/// One run of the development fleet: start, banner, keep, summary.
struct DevRun {
    let stage: DevStage
    let stopping: SignalWatch
    let length: Nanoseconds?

    /// Ready within this, or the run failed.
    static let readyWithin = Nanoseconds.seconds(60)
    private let http = HTTPClient()
    private let clock = ContinuousClock()

    init(stage: DevStage, stopping: SignalWatch, length: Nanoseconds?) {
        self.stage = stage
        self.stopping = stopping
        self.length = length
    }

    func run() async throws -> DevSummary {
        let began = SystemClocks.monotonic()
        tell("starting PostgreSQL, two central services, three shippers …")
        try await stage.startServer()
        try await prepareDatabase()
        try startProcesses()
        try await awaitReady(since: began)
        let readySeconds = (SystemClocks.monotonic() - began).seconds
        banner(readySeconds)
        let end = length.map { SystemClocks.monotonic() + $0 }
        while !stopping.hasCome, end.map({ SystemClocks.monotonic() < $0 }) ?? true {
            try await keep()
        }
        let summary = try await DevSummary(stage: stage, readySeconds: readySeconds)
        return summary
    }

    /// Restarts what died, PostgreSQL included, then waits a moment.
    private func keep() async throws {
        if stage.server.processIdentifier == nil {
            tell("PostgreSQL died; starting it again")
            try await stage.startServer()
            if let identifier = stage.server.processIdentifier { tell("postgres runs again, pid \(identifier)") }
        }
        let before = stage.supervisor.table
        for role in stage.supervisor.keep() { tell("\(role) died; starting it again") }
        for (old, new) in zip(before, stage.supervisor.table) where new.starts > old.starts {
            tell("\(new.role) runs again, pid \(new.processIdentifier.map(String.init) ?? "-")")
        }
        try await clock.sleep(for: .milliseconds(200))
    }

    private func prepareDatabase() async throws {
        let maintenance = PostgresConnection(.fairlead("host=\(stage.server.socketDirectory) user=\(stage.server.superuser) dbname=postgres"))
        try await DevelopmentDatabase(maintenance).create()
        let owner = PostgresConnection(.fairlead(stage.ownerConnection))
        try await DatabaseSchema(owner).migrate()
        let administration = LogAdministration(owner)
        try await administration.makePartitions()
        for cluster in DevFleet.clusters { try await administration.enroll(.shipper(of: cluster), role: cluster.text) }
        try await administration.enroll(.central("coordinator"), role: "serve")
        try await administration.enroll(.central("alerter"), role: "serve")
    }

    private func startProcesses() throws {
        let binaries = PrivateDirectory.ofThisBinary
        func start(_ role: String, _ binary: String, _ arguments: [String]) throws {
            let name = role.replacing(" ", with: "-")
            try stage.supervisor.start(
                SupervisedProgram(
                    role: role, command: ["\(binaries)/\(binary)"] + arguments, environment: PrivateDirectory.environment,
                    log: "\(stage.directory)/\(name).log"))
        }
        let configuration = "\(stage.directory)/fleet.yaml"
        let fleet = stage.fleet
        try start(
            "world", "fairlead",
            ["dev-world", "--config", configuration, "--listen", "127.0.0.1:\(fleet.worldPort)", "--key-file", "\(stage.directory)/probe.key"])
        try start(
            "webhook receiver", "fairlead",
            [
                "webhook-receiver", "--listen", "127.0.0.1:\(fleet.webhookPort)", "--secret-file", "\(stage.directory)/webhook.secret",
                "--record", "\(stage.directory)/webhooks.jsonl",
            ])
        for (index, port) in fleet.webPorts.enumerated() {
            try start(
                "serve \(index + 1)", "fairlead",
                [
                    "serve", "--config", configuration, "--database", stage.connection(role: "serve"), "--listen", "127.0.0.1:\(port)",
                    "--holder", "serve-\(index + 1)", "--spool", try stage.spoolDirectory(ofServe: index + 1),
                ])
        }
        for cluster in DevFleet.clusters {
            try start(
                "shipper \(cluster)", "fairlead-shipper",
                [
                    "run", "--config", configuration, "--cluster", cluster.text, "--spool", "\(stage.directory)/\(cluster).spool",
                    "--database", stage.connection(role: cluster.text), "--listen", "127.0.0.1:\(fleet.healthPorts[cluster] ?? 0)",
                    "--holder", "\(cluster)-0",
                ])
        }
    }

    /// Ready: both pages say so, and every stream of a plant has a tick.
    private func awaitReady(since began: MonotonicTime) async throws {
        let owner = PostgresConnection(.fairlead(stage.ownerConnection))
        let model = PostgresReadModel(owner)
        while true {
            if stopping.hasCome { throw AssemblyError("interrupted before the fleet was ready") }
            let pages = await withTaskGroup(of: Bool.self) { group in
                for port in stage.fleet.webPorts { group.addTask { await isReady(port) } }
                return await group.reduce(true) { $0 && $1 }
            }
            // A log that cannot be read yet is one that is not ready yet.
            let heard = (try? await model.clusters())?.filter { !$0.newest.isEmpty }.count ?? 0
            if pages && heard >= DevFleet.clusters.count { return }
            guard SystemClocks.monotonic() - began < DevRun.readyWithin else {
                throw AssemblyError("the fleet was not ready within \(DevRun.readyWithin); read the logs in \(stage.directory)")
            }
            try await keep()
        }
    }

    private func isReady(_ port: UInt16) async -> Bool {
        do { return try await http.send(HTTPRequest(.get, "http://127.0.0.1:\(port)/readyz", deadline: .seconds(1))).isSuccess } catch {
            return false
        }
    }

    private func banner(_ readySeconds: Double) {
        let fleet = stage.fleet
        tell(
            """
            ready in \(decimal(readySeconds, fractionDigits: 1)) s; not for production

              page       http://127.0.0.1:\(fleet.webPorts[0])/
              database   psql "\(stage.ownerConnection)"
              status     fairlead status --database "\(stage.ownerConnection)"
              plan       fairlead allocation plan --config \(stage.directory)/fleet.yaml --database "\(stage.ownerConnection)" --cut LINK
              data       \(stage.isKept ? "kept in \(stage.directory)" : "removed at the end; keep it with --persist DIRECTORY")
            """)
        for standing in stage.supervisor.table {
            tell("  \(standing.role.padded(to: 20)) pid \(standing.processIdentifier.map(String.init) ?? "-")")
        }
        tell("  \("postgres".padded(to: 20)) pid \(stage.server.processIdentifier.map(String.init) ?? "-")")
        tell("Ctrl-C ends it.")
    }

    private func tell(_ text: String) { standardError(text) }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
