import Adapters
import ArgumentParser
import Fleet
import HealthServer
import Logging
import Probing
import Quantities
import ServiceLifecycle
import Sockets
import UnixSignals

/// `fairlead-shipper probe`: measures only, and shows histograms to a Prometheus server.
struct ProbeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe", abstract: "Measure the critical flows and show histograms, without acting.",
        discussion: """
            Runs beside the critical Pods. A shipper elsewhere steers by it through
            Prometheus.

            Example:
              fairlead-shipper probe --config clusters/ --cluster plant-a --listen 0.0.0.0:9201
            """)

    @OptionGroup var site: SiteOptions

    func validate() throws {
        if site.listen == nil { throw ValidationError("probe shows its histograms somewhere: add --listen HOST:PORT") }
    }

    func run() async throws {
        guard let listen = site.listen else { preconditionFailure("validated before the run") }
        try await CommandFailure.reporting {
            let (_, cluster) = try site.load()
            let logger = ProcessLogger.make("fairlead-shipper", cluster: cluster.id.text)
            let board = ProbeBoard(cluster: cluster.id, flows: cluster.flows.map(\.id))
            let prober = try Prober(targets: ShipperAssembly.probeTargets(of: cluster))
            let metrics = try HealthListener(
                listen: try Endpoint(hostAndPort: listen),
                handlers: [
                    "/livez": { .ok() },
                    "/metrics": { HealthResponse(status: 200, contentType: ProcessLogger.metricsContentType, body: board.text) },
                ])
            logger.info("probing", metadata: ["port": "\(metrics.port)"])
            try await ServiceGroup(
                services: [Collector(prober: prober, board: board)], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger
            ).run()
            prober.stop()
            metrics.stop()
        }
    }
}

/// Moves what the prober learned onto the board, four times a second.
private struct Collector: Service {
    let prober: Prober
    let board: ProbeBoard
    func run() async throws {
        await cancelWhenGracefulShutdown {
            let clock = ContinuousClock()
            while !Task.isCancelled {
                board.count(prober.drain())
                try? await clock.sleep(for: .milliseconds(250))  // ends early only when cancelled
            }
        }
    }
}
