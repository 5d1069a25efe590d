import Cryptography
import EventStore
import Fleet
import PostgreSQL
import PrivatePostgres
import Quantities
import ScriptedHTTP
import Testing

extension RealProcesses {
    /// Aim: a shipper steers by a real Prometheus that scrapes another shipper's probes; without it there is no number, no raise, and
    /// an alert.
    /// Method: reflector, prober, Prometheus, shipper and centre are real processes; the workload uses all that it is let, so that a
    /// raise is always wished for. Then Prometheus is killed, or the prober that it scrapes: `rate` goes on answering for a while.
    @Suite(.serialized) struct PrometheusSteeringTests {
        enum Victim: String, CaseIterable { case prometheus, prober }

        @Test(arguments: Victim.allCases)
        func `a shipper steers by Prometheus; without it the flow is missing within three ticks, nothing is raised, and an alert fires (I13)`(
            victim: Victim
        ) async throws {
            let scene = try await Scene()
            let steered = try await eventually("a raise on a measured sample", within: .seconds(60)) {
                try await scene.database.number(
                    """
                    SELECT d.tick_number::text FROM analytics.decision AS d JOIN analytics.sample AS s USING (stream, seq)
                    WHERE d.action = 'increase' AND s.quality = 'measured' AND s.source = 'prometheus' AND s.delay_p95_ms < 0.8
                    ORDER BY d.seq LIMIT 1
                    """)
            }
            #expect(steered >= 1)
            let atKill = try await scene.database.number("SELECT max(tick_number)::text FROM fairlead.tick") ?? 0
            switch victim {
            case .prometheus: scene.prometheus.kill()
            case .prober: scene.prober.kill()
            }

            let missing = try await eventually("the flow has no number") {
                try await scene.database.number(
                    """
                    SELECT min(tick_number)::text FROM analytics.sample
                    WHERE quality IN ('missing', 'probe-error') AND tick_number > \(atKill)
                    """)
            }
            #expect(missing - atKill <= 3, "missing at \(missing), killed at \(atKill)")
            let limit = try #require(scene.world.limit)
            let count = scene.world.limits.count
            try await eventually("the alert fires") {
                try await scene.database.text("SELECT state FROM analytics.alert WHERE rule = 'MeasurementMissing'") == "firing"
            }
            try await eventually("the loop steps down, as the fleet wants it after three ticks") {
                try await scene.database.number(
                    "SELECT count(*)::text FROM analytics.decision WHERE reason = 'MeasurementMissingStepDown' AND action = 'decrease'"
                ).map { $0 > 0 }
            }
            let after = try await scene.database.row(
                """
                SELECT count(*) FILTER (WHERE action = 'increase')::text, count(requested_bps)::text,
                    count(*) FILTER (WHERE quality IN ('missing', 'probe-error') AND raw_ms IS NOT NULL)::text
                FROM analytics.decision WHERE tick_number >= \(missing)
                """)
            #expect(after == ["0", "0", "0"])
            let later = scene.world.limits.dropFirst(count)
            #expect(later.allSatisfy { $0 <= limit }, "\(later) above \(limit)")
            let reports = try await LogVerifier(scene.database.connection, hash: .libcrypto).verify()
            #expect(reports.flatMap(\.findings) == [])
        }
    }

    /// The whole chain, from the reflector to the alert.
    private final class Scene: Sendable {
        let world = GreedyWorld()
        let database: DatabaseView
        let prometheus: RunningProgram
        let prober: RunningProgram
        private let directory = SceneDirectory()
        private let server: PrivateServer
        private let others: [RunningProgram]

        init() async throws {
            let ports = freePorts(3)
            let (reflectorPort, proberPort, prometheusPort) = (ports[0], ports[1], ports[2])
            let keyFile = directory.write(hexadecimal(secureRandomBytes(count: 32)) + "\n", to: "probe.key")
            let probing = SmallFleet.specification(
                enforcer: .simulated(url: world.url),
                source: .probe(
                    ProbeSpecification(
                        host: "127.0.0.1", port: reflectorPort, interval: .milliseconds(20), timeout: .milliseconds(500), keyFile: keyFile,
                        vantage: "robot-cell")))
            let query = "histogram_quantile(0.95, sum by (le) (rate(fairlead_flow_delay_variation_seconds_bucket[5s])))"
            let steering = SmallFleet.specification(
                enforcer: .simulated(url: world.url),
                source: .prometheus(PrometheusSourceSpecification(url: "http://127.0.0.1:\(prometheusPort)", query: query, ageQuery: nil)),
                tick: .seconds(2),
                alerts: AlertRouting(
                    rules: AlertRuleSpecification.standard.map { rule in
                        var rule = rule
                        rule.pendingFor = .seconds(2)
                        return rule
                    }))
            let probingFile = directory.write(FleetDocument.render(probing), to: "probing.yaml")
            let steeringFile = directory.write(FleetDocument.render(steering), to: "steering.yaml")
            let configuration = directory.write(
                """
                global: {scrape_interval: 1s, scrape_timeout: 1s}
                scrape_configs: [{job_name: probe, static_configs: [{targets: ["127.0.0.1:\(proberPort)"]}]}]
                """, to: "prometheus.yml")

            server = try PrivateServer.temporary()
            database = DatabaseView(.socket(directory: server.socketDirectory, user: server.superuser, database: "postgres"))
            try await DatabaseSchema(database.connection).migrate()
            let administration = LogAdministration(database.connection)
            try await administration.makePartitions()
            try await administration.enroll(.shipper(of: SmallFleet.cluster), role: SmallFleet.cluster.text)
            for stream in ["coordinator", "alerter"] { try await administration.enroll(.central(stream), role: "serve") }

            let socket = server.socketDirectory
            func conninfo(_ role: String) -> String { "host=\(socket) user=\(role) dbname=postgres" }
            let cluster = SmallFleet.cluster.text
            let path = directory.path
            prometheus = try RunningProgram(
                [
                    "prometheus", "--config.file=\(configuration)", "--storage.tsdb.path=\(directory.file("tsdb"))",
                    "--web.listen-address=127.0.0.1:\(prometheusPort)",
                ], name: "prometheus", in: path)
            prober = try RunningProgram(
                .shipper, ["probe", "--config", probingFile, "--cluster", cluster, "--listen", "127.0.0.1:\(proberPort)"], name: "probe", in: path)
            others = [
                try RunningProgram(
                    .shipper, ["reflect", "--listen", "127.0.0.1:\(reflectorPort)", "--key-file", keyFile, "--allow", "127.0.0.0/8"],
                    name: "reflect", in: path),
                try RunningProgram(
                    .fairlead,
                    ["serve", "--config", steeringFile, "--components", "coordinator,alerter", "--holder", "centre", "--database", conninfo("serve")],
                    name: "serve", in: path),
                try RunningProgram(
                    .shipper,
                    [
                        "run", "--config", steeringFile, "--cluster", cluster, "--spool", directory.file("spool"), "--holder", "shipper",
                        "--database", conninfo(cluster),
                    ], name: "run", in: path),
            ]
        }
    }
}

/// Ports that were free a moment ago, no two alike.
private func freePorts(_ count: Int) -> [UInt16] {
    let servers = (0..<count).map { _ in ScriptedHTTPServer { _ in .close } }
    defer { for server in servers { server.stop() } }
    return servers.map(\.port)
}
