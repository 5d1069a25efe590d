import Clocks
import ConfigurationFiles
import ControlLaw
import Cryptography
public import Events
public import Fleet
public import HTTPTransport
import Kubernetes
import Jitter
public import Probing
import Quantities
public import Shipper
import Spool
import TrafficControl

/// Puts one cluster's shipper together from its configuration: sources, enforcer, spool, laws. Every part is checked before the
/// first effect.
public struct ShipperAssembly: Sendable {
    public struct Options: Sendable {
        public var spoolPath: String
        public var holder: String
        public var version: String
        /// From which network namespace probes are sent; nil for the process's own.
        public var probeNamespace: String?
        public init(spoolPath: String, holder: String, version: String, probeNamespace: String? = nil) {
            self.spoolPath = spoolPath
            self.holder = holder
            self.version = version
            self.probeNamespace = probeNamespace
        }
    }

    public let fleet: FleetConfiguration
    public let cluster: ClusterSpecification
    public let options: Options
    private let http: HTTPClient

    public init(fleet: FleetConfiguration, cluster: ClusterSpecification, options: Options, http: HTTPClient) {
        self.fleet = fleet
        self.cluster = cluster
        self.options = options
        self.http = http
    }

    /// The process, as it goes on from what its spool holds, and the outside that it runs against.
    public func assemble(
        log: (any EventLog)?, board: ProbeBoard? = nil, failpoint: Failpoint = Failpoint(environment: [:]), tell: @escaping @Sendable (ShipperNote) -> Void, show: @escaping @Sendable (ShipperStatus) -> Void
    ) async throws -> (process: ShipperProcess, ports: ShipperPorts, prober: Prober?) {
        var generator = SecureRandomNumberGenerator()
        // What can fail by the configuration fails before there is a spool.
        let parts = try parts(board, tell)
        let fresh = StreamName(cluster: cluster.id, spool: newSpoolID(using: &generator))
        let (spool, aside) = try await SpoolAdapter.open(path: options.spoolPath, fresh: fresh)
        if let aside { tell(ShipperNote(.error, "the spool was damaged beyond use: it is set aside, a new stream begins", ["kept": aside])) }
        let contents = try await spool.contents()
        return join(parts, spool, contents, log: log, failpoint: failpoint, seed: generator.next(), tell: tell, show: show)
    }

    /// Laws and doors to the outside, made and checked.
    private struct Parts {
        let law: Law
        let shadows: [Law]
        let measurements: FlowMeasurements
        let prober: Prober?
        let enforcer: any Shipper.BandwidthEnforcer
        let leadership: (any LeadershipSource)?
        let arrivals: (any ArrivalSource)?
    }

    /// Never inlined: the optimizer of Swift 6.3 crashes where it splits an asynchronous function that these throwing calls were
    /// inlined into.
    @inline(never)
    private func parts(_ board: ProbeBoard?, _ tell: @escaping @Sendable (ShipperNote) -> Void) throws -> Parts {
        let law = try Law(name: fleet.law.name, parameters: lawParameters(fleet.law.parameters, of: fleet.law.name))
        let shadows = try fleet.law.shadows.map { try Law(name: $0.name, parameters: lawParameters($0.parameters, of: $0.name)) }
        let trust = LeadershipTrust()
        let (enforcer, leadership, arrivals) = (try enforcer(trust), try leadership(trust), try arrivals(tell))
        // The prober's threads last: nothing that fails behind them would stop them.
        let (measurements, prober) = try measurements(board)
        return Parts(
            law: law, shadows: shadows, measurements: measurements, prober: prober, enforcer: enforcer, leadership: leadership, arrivals: arrivals)
    }

    private func join(
        _ parts: Parts, _ spool: SQLiteSpool, _ contents: SpoolContents, log: (any EventLog)?, failpoint: Failpoint, seed: UInt64,
        tell: @escaping @Sendable (ShipperNote) -> Void, show: @escaping @Sendable (ShipperStatus) -> Void
    ) -> (process: ShipperProcess, ports: ShipperPorts, prober: Prober?) {
        let resumption = ShipperResumption(contents, chain: HashChain(.libcrypto))
        let settings = ShipperSettings(
            cluster: cluster, tick: fleet.tick, settle: fleet.settle, serviceLevels: fleet.slaClasses,
            configuration: fleet.hash(.libcrypto), law: parts.law, shadows: parts.shadows, hash: .libcrypto, holder: options.holder,
            version: options.version, seed: seed)
        let ports = ShipperPorts(
            measurements: parts.measurements, enforcer: parts.enforcer, spool: SpoolAdapter(spool), log: log,
            leadership: parts.leadership, arrivals: parts.arrivals, now: { SystemClocks.now() }, tell: tell, show: show,
            reach: { [failpoint] in failpoint.reach($0.rawValue) })
        return (ShipperProcess(settings, from: resumption), ports, parts.prober)
    }

    /// What the fleet says of missing measurements is a parameter of each law that knows it, unless the file set it there.
    private func lawParameters(_ given: [String: String], of law: String) throws -> [String: String] {
        var parameters = given
        let known = Set(try Law.parameterHelp(law).map(\.name))
        if known.contains("onMissing"), parameters["onMissing"] == nil { parameters["onMissing"] = fleet.onMissing.action.rawValue }
        if known.contains("missingTicks"), parameters["missingTicks"] == nil { parameters["missingTicks"] = "\(fleet.onMissing.afterTicks)" }
        return parameters
    }

    private func measurements(_ board: ProbeBoard?) throws -> (FlowMeasurements, Prober?) {
        let targets = try ShipperAssembly.probeTargets(of: cluster)
        var external: [FlowID: FlowMeasurements.External] = [:]
        for flow in cluster.flows {
            switch flow.source {
            case .probe: continue
            case .prometheus(let source): external[flow.id] = PrometheusMeasurements.source(source, http: http, tick: fleet.tick)
            case .trace(let path): external[flow.id] = try TraceMeasurements.source(path: path)
            }
        }
        let prober = targets.isEmpty ? nil : try Prober(targets: targets, networkNamespace: options.probeNamespace)
        return (FlowMeasurements(flows: cluster.flows, prober: prober, external: external, board: board), prober)
    }

    /// The probes of all flows that are probed, each with its key.
    public static func probeTargets(of cluster: ClusterSpecification) throws -> [ProbeTarget] {
        try cluster.flows.compactMap { flow in
            guard case .probe(let probe) = flow.source else { return nil }
            return ProbeTarget(flow, probe: probe, key: try ProbeKey(file: probe.keyFile))
        }
    }

    private func enforcer(_ trust: LeadershipTrust) throws -> any Shipper.BandwidthEnforcer {
        switch cluster.enforcer {
        case .simulated(let url): return SimulatedEnforcer(client: http, url: url, cluster: cluster)
        case .tc(let device, let namespace):
            return try TrafficControlWorkloads(device: device, networkNamespace: namespace, workloads: cluster.workloads)
        case .kubernetes:
            let client = try KubernetesClient(cluster, http: http)
            return try KubernetesEnforcer(
                pods: PodEnforcer(client: client, jitterThousandths: randomThousandths),
                workloads: cluster.workloads, counter: UsageCounters(cluster.usage, workloads: cluster.workloads, http: http, tick: fleet.tick).counter,
                isTrusted: { trust.holds })
        }
    }

    private func arrivals(_ tell: @escaping @Sendable (ShipperNote) -> Void) throws -> (any ArrivalSource)? {
        guard cluster.enforcer == .kubernetes, cluster.mode == .enforce else { return nil }
        return try KubernetesArrivals(client: try KubernetesClient(cluster, http: http), workloads: cluster.workloads, failed: tell)
    }

    /// Where Kubernetes holds the workloads, its Lease elects the replica that acts; elsewhere there is one alone.
    private func leadership(_ trust: LeadershipTrust) throws -> (any LeadershipSource)? {
        guard cluster.enforcer == .kubernetes else { return nil }
        return KubernetesLeadership(
            client: try KubernetesClient(cluster, http: http), cluster: cluster, holder: options.holder, lease: fleet.lease, trust: trust)
    }
}
