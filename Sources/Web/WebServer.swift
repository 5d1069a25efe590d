import Events
import Exposition
import HTTPTypes
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import Quantities
import ReadModel
public import ServiceLifecycle

/// The pages on a port: a service that runs until it is told to stop, then ends open streams of events and lets answers finish.
public struct WebServer: Service {
    /// How many connections may be open at once; further ones wait in the kernel's queue.
    public static let maximumConnections = 1_024

    let site: Site
    let live: LiveEvents
    let host: String
    let port: Int
    let pollInterval: Duration
    let logger: Logger
    let onBound: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - port: 0 takes a free one.
    ///   - pollInterval: how often the heads of the log are looked at while a page is open.
    ///   - onBound: called once with the port that is listened on.
    public init(
        site: Site, host: String, port: Int, pollInterval: Duration = .milliseconds(500), logger: Logger,
        onBound: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.site = site
        self.live = LiveEvents(readModel: site.readModel)
        self.host = host
        self.port = port
        self.pollInterval = pollInterval
        self.logger = logger
        self.onBound = onBound
    }

    /// Throws where the port cannot be had.
    public func run() async throws {
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in await respond(to: request) },
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(WebServer.maximumConnections)),
            services: [HeadWatch(live: live, interval: pollInterval, clock: ContinuousClock())],
            onServerRunning: { channel in await onBound(channel.localAddress?.port ?? port) },
            logger: logger)
        try await application.run()
    }

    private func respond(to request: Request) async -> Response {
        let siteRequest = SiteRequest(
            method: request.method.rawValue, target: request.head.path ?? "/", accept: request.headers[.accept] ?? "")
        if siteRequest.segments == ["events"], siteRequest.method == "GET" { return stream(request) }
        let answer = await site.answer(to: siteRequest)
        var response = Response(
            status: HTTPResponse.Status(code: answer.status), headers: WebServer.fields([("content-type", answer.contentType)] + answer.fields),
            body: ResponseBody(byteBuffer: ByteBuffer(string: answer.body)))
        // The length stays that of the whole: RFC 9110 §9.3.2.
        if siteRequest.method == "HEAD" { response.body = ResponseBody(contentLength: answer.body.utf8.count) { try await $0.finish(nil) } }
        return response
    }

    private static func fields(_ own: [(name: String, value: String)]) -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in SecurityFields.all + own {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return fields
    }

    /// Events until the reader leaves, is too slow, or the server stops.
    private func stream(_ request: Request) -> Response {
        let last = HTTPField.Name("last-event-id").flatMap { request.headers[$0] }.flatMap { LogPosition(parsing: $0) }
        guard let listener = live.listen(after: last) else {
            return Response(status: .serviceUnavailable, headers: WebServer.fields([("retry-after", "30")]))
        }
        let headers = WebServer.fields([
            ("content-type", "text/event-stream"), ("cache-control", "no-store"), ("x-accel-buffering", "no"),
        ])
        return Response(status: .ok, headers: headers, body: ResponseBody { writer in
            defer { live.leave(listener) }
            try await writer.write(ByteBuffer(string: LiveEvents.Message.greeting))
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                for await message in listener.messages.cancelOnGracefulShutdown() {
                    try await writer.write(ByteBuffer(string: message.text))
                }
                if live.leave(listener) { try await writer.write(ByteBuffer(string: LiveEvents.Message.reset)) }
                try await writer.finish(nil)
            }
        })
    }
}

/// Looks at the heads at a steady pace until the server stops.
private struct HeadWatch<Pace: Clock>: Service where Pace.Duration == Duration {
    let live: LiveEvents
    let interval: Duration
    let clock: Pace

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await live.poll()
                // Cancelled while it waits: the server stops, and the loop ends.
                try? await clock.sleep(for: interval)
            }
        }
    }
}
