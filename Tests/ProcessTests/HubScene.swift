import EventStore
import Events
import Fleet
import Glibc
import PostgreSQL
import PrivatePostgres
import Quantities
import ScriptedHTTP
import ScriptedKubernetesAPI
import Synchronization
import Testing

/// A centre with a cluster to which it delivers by push: a private PostgreSQL, a scripted API server with two managed Pods, a stream
/// that the test writes, and as many real `fairlead serve` as a test starts, each with a token and a name of its own.
final class HubScene: Sendable {
    static let leaseSeconds = 3.0
    static let pods = ["telemetry-upload-1", "telemetry-upload-2"]
    static let limitKey = "kubernetes.io/egress-bandwidth"
    static let epochKey = "fairlead.dev/epoch"

    let directory = SceneDirectory()
    let api: ScriptedKubernetesAPI
    let server: PrivateServer
    let database: DatabaseView
    let paper: PaperShipper
    private let fleetFile: String
    private let replicas = Mutex<[(name: String, program: RunningProgram)]>([])

    /// - Parameter limit: what stands on each of the two Pods. Twice the default is more than the link carries: the first plan lowers it.
    init(limit: String = "250M") async throws {
        let api = ScriptedKubernetesAPI()
        self.api = api
        api.addWorkload(name: SmallFleet.workload.text, labels: ["app": "telemetry"])
        for pod in HubScene.pods { api.addPod(name: pod, labels: ["app": "telemetry"], annotations: [HubScene.limitKey: limit]) }

        server = try PrivateServer.temporary()
        database = DatabaseView(.socket(directory: server.socketDirectory, user: server.superuser, database: "postgres"))
        try await DatabaseSchema(database.connection).migrate()
        let administration = LogAdministration(database.connection)
        try await administration.makePartitions()
        try await administration.enroll(.shipper(of: SmallFleet.cluster), role: SmallFleet.cluster.text)
        for stream in ["coordinator", "alerter"] { try await administration.enroll(.central(stream), role: "serve") }

        paper = try PaperShipper(
            .socket(directory: server.socketDirectory, user: SmallFleet.cluster.text, database: "postgres"), applied: { HubScene.applied(api) })
        let fleet = SmallFleet.specification(
            delivery: .push, enforcer: .kubernetes, access: .kubeconfig(path: nil, context: nil))
        fleetFile = directory.write(FleetDocument.render(fleet), to: "fleet.yaml")
    }

    /// A `serve` with the coordinator alone. `name` is its holder, its token at the API server, and what the database calls it.
    func serve(_ name: String, failpoint: String? = nil) throws -> RunningProgram {
        let kubeconfig = directory.write(api.kubeconfig(token: name), to: "\(name).kubeconfig")
        let program = try RunningProgram(
            .fairlead,
            [
                "serve", "--config", fleetFile, "--components", "coordinator", "--holder", name, "--database",
                "host=\(server.socketDirectory) user=serve dbname=postgres application_name=\(name)",
            ], name: name, in: directory.path,
            environment: ["KUBECONFIG=\(kubeconfig)"] + (failpoint.map { ["FAIRLEAD_FAILPOINT=\($0)"] } ?? []))
        replicas.withLock { $0.append((name, program)) }
        return program
    }

    /// `eventually`, while the site goes on telling.
    @discardableResult
    func whileTicking<Found>(_ what: String, within span: Duration = .seconds(30), _ look: () async throws -> Found?) async throws -> Found {
        do {
            return try await eventually(what, within: span) {
                try await paper.tickIfDue()
                return try await look()
            }
        } catch {
            for (name, program) in replicas.withLock({ $0 }) { Issue.record("\(name) said: \(program.talk.suffix(2_000))") }
            throw error
        }
    }
    func whileTicking(_ what: String, within span: Duration = .seconds(30), isTrue look: () async throws -> Bool) async throws {
        try await whileTicking(what, within: span) { try await look() ? () : nil }
    }

    // MARK: - What stands there

    func leader() async throws -> (name: String, term: Int64)? {
        let row = try await database.row("SELECT holder, term::text FROM fairlead.lease WHERE name = 'coordinator'")
        guard row.count == 2, let holder = row[0], let term = row[1].flatMap({ Int64($0) }) else { return nil }
        return (holder.split(separator: "-").dropLast().joined(separator: "-"), term)
    }
    func grantTerm() async throws -> Int64? { try await database.number("SELECT term::text FROM fairlead.grant_head") }
    func coordinatorHead() async throws -> Int64 {
        try await database.number("SELECT seq::text FROM fairlead.stream WHERE name = 'coordinator'") ?? 0
    }
    /// The terms that the coordinator's entries name, in order.
    func termsOnLog() async throws -> [Int64] {
        try await database.rows(
            """
            SELECT body::jsonb ->> 'term'
            FROM fairlead.event JOIN fairlead.stream USING (stream_id)
            WHERE name = 'coordinator' AND kind IN ('grant_issued', 'patch_settled', 'allocation_decided') ORDER BY event.seq
            """
        ).compactMap { $0[0].flatMap { Int64($0) } }
    }

    func annotations() -> [String: [String: String]] {
        Dictionary(uniqueKeysWithValues: HubScene.pods.map { ($0, api.annotations(pod: $0) ?? [:]) })
    }
    func epochs() -> [String] { HubScene.pods.compactMap { api.annotations(pod: $0)?[HubScene.epochKey] } }
    private static func applied(_ api: ScriptedKubernetesAPI) -> BitRate? {
        let rates = pods.map { api.annotations(pod: $0)?[limitKey].flatMap { BandwidthAnnotation.cilium.rate(of: $0) } }
        return rates.contains { $0 == nil } ? nil : rates.compactMap { $0 }.reduce(.zero, +)
    }

    /// What the replica of this name asked of the API server, in order.
    func requests(by name: String) -> [ScriptedRequest] { api.requests.filter { $0.header("Authorization") == "Bearer \(name)" } }

    /// When the replica's backend last began a statement that holds `text`, and ended it; by the server's clock, in seconds.
    func lastStatement(of name: String, holding text: String) async throws -> Double? {
        try await database.text(
            """
            SELECT max(extract(epoch FROM query_start))::text FROM pg_stat_activity
            WHERE application_name = '\(name)' AND state = 'idle' AND query LIKE '%\(text)%'
            """
        ).flatMap { Double($0) }
    }
}
