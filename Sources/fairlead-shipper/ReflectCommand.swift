import Adapters
import ArgumentParser
import Logging
import Probing
import ServiceLifecycle
import Sockets
import UnixSignals

/// `fairlead-shipper reflect`: answers probes.
struct ReflectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reflect", abstract: "Answer the probes of a fleet, at the far end of a critical flow.",
        discussion: """
            Answers only to addresses on its list, only authentic probes, and never with
            more bytes than it was sent.

            Example:
              fairlead-shipper reflect --listen 0.0.0.0:8620 --key-file probe.key --allow 10.0.0.0/8
            """)

    @Option(help: ArgumentHelp("Where to answer; UDP and TCP alike. Port 0 takes a free one.", valueName: "host:port"))
    var listen: String

    @Option(help: "The secret shared with the probes: 32 to 128 hexadecimal digits.")
    var keyFile: String

    @Option(help: ArgumentHelp("Who is answered. Repeat for more.", valueName: "prefix"))
    var allow: [String]

    @Option(help: ArgumentHelp("udp, tcp, or both.", valueName: "transport"))
    var transport: Transport = .both

    enum Transport: String, ExpressibleByArgument, CaseIterable { case udp, tcp, both }

    func validate() throws {
        do { _ = try Endpoint(hostAndPort: listen) } catch { throw ValidationError("--listen: \(error)") }
        if try prefixes().isEmpty { throw ValidationError("name at least one --allow PREFIX; 0.0.0.0/0 allows every IPv4 address") }
    }

    private func prefixes() throws -> [AddressPrefix] {
        try allow.map { text in
            guard let prefix = AddressPrefix(text) else { throw ValidationError("--allow: '\(text)' is no address prefix; write one such as 10.0.0.0/8") }
            return prefix
        }
    }

    func run() async throws {
        try await CommandFailure.reporting {
            let logger = ProcessLogger.make("fairlead-shipper", cluster: nil)
            let endpoint = try Endpoint(hostAndPort: listen)
            let key = try ProbeKey(file: keyFile)
            let prefixes = try prefixes()
            let transports: [ProbeTransport] = transport == .both ? [.udp, .tcp] : [transport == .udp ? .udp : .tcp]
            let reflector = try Reflector(
                endpoints: transports.map { ReflectorEndpoint(transport: $0, listen: endpoint, keys: [key], allowed: prefixes) })
            logger.info("reflecting", metadata: ["endpoints": "\(reflector.listening)"])
            try await ServiceGroup(services: [Waiting()], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger).run()
            reflector.stop()
        }
    }
}

/// Lasts until the process is asked to end; the reflector works on threads of its own.
private struct Waiting: Service {
    func run() async throws { try await gracefulShutdown() }
}
