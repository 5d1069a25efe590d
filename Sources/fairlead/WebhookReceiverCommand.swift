import Adapters
import ArgumentParser
import Clocks
import Fleet
import Glibc
import HTTPTypes
import Hummingbird
import JSONDocument
import Logging
import NIOCore
import Quantities
import ServiceLifecycle
import Sockets
import UnixSignals
import Webhook

/// `fairlead webhook-receiver`: takes webhooks as somebody on call would, for `fairlead dev` and for trials of one's own.
struct WebhookReceiverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook-receiver", abstract: "Take signed webhooks and write them down.",
        discussion: """
            For development: it verifies the signature and the time of each message
            (Standard Webhooks), appends each accepted one to a file as one line of JSON,
            and answers 204; 401 for a message that is not to be believed. When it listens
            it prints one line of JSON with its url.
            """,
        shouldDisplay: false)

    @Option(help: ArgumentHelp("Where to listen; port 0 takes a free one.", valueName: "host:port"))
    var listen: String = "127.0.0.1:0"

    @Option(help: ArgumentHelp("The file with the signing secret.", valueName: "file"))
    var secretFile: String

    @Option(help: ArgumentHelp("The file to which accepted messages are appended.", valueName: "file"))
    var record: String

    @Option(help: ArgumentHelp("Answer so many requests with 503 first.", valueName: "count"))
    var failFirst: Int = 0

    func validate() throws {
        guard failFirst >= 0 else { throw ValidationError("--fail-first counts from 0") }
    }

    func run() async throws {
        try await reportingFailures {
            let secrets = try WebhookCarrier.secrets(file: secretFile, of: "webhook-receiver")
            let inbox = WebhookInbox(secrets: secrets, record: try WebhookRecord(path: record), failFirst: failFirst)
            let endpoint = try Endpoint(hostAndPort: listen)
            let application = WebhookReceiverServer.application(inbox, endpoint) { port in
                let ready: JSONValue = ["url": .string("http://\(endpoint.address.isIPv6 ? "[\(endpoint.address)]" : "\(endpoint.address)"):\(port)/")]
                print(ready.text)
                // Whoever started us waits for this line, also through a pipe.
                fflush(nil)
            }
            try await application.runService(gracefulShutdownSignals: [.sigterm, .sigint])
        }
    }
}

/// The inbox behind HTTP.
enum WebhookReceiverServer {
    /// A longer message is answered with 413.
    static let maximumBodyBytes = 1 << 20

    static func application(
        _ inbox: WebhookInbox, _ endpoint: Endpoint, onBound: @escaping @Sendable (Int) -> Void
    ) -> some ApplicationProtocol {
        let router = Router()
        let take: @Sendable (Request, BasicRequestContext) async throws -> HTTPResponse.Status = { request, _ in
            let body = try await request.body.collect(upTo: maximumBodyBytes)
            func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { request.headers[$0] } }
            let answer = inbox.take(
                id: header(WebhookSignature.idHeader), timestamp: header(WebhookSignature.timestampHeader),
                signature: header(WebhookSignature.signatureHeader), body: Array(body.readableBytesView), now: SystemClocks.wall())
            return HTTPResponse.Status(code: answer)
        }
        // The wildcard does not take the root.
        router.post("/", use: take)
        router.post("/**", use: take)
        return Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname(endpoint.address.description, port: Int(endpoint.port)), serverName: nil),
            onServerRunning: { channel in onBound(channel.localAddress?.port ?? Int(endpoint.port)) },
            logger: ProcessLogger.make("webhook-receiver", cluster: nil))
    }
}
