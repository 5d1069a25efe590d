/// The bounds of one client. At each of them a request fails or waits; none is dropped silently.
public struct HTTPClientLimits: Sendable {
    /// Requests and streams that were accepted and are not finished. One more fails with `overloaded`. Default 4,096.
    public var maximumOutstanding: Int
    /// Requests at work at one origin; more wait, their deadlines running, so that a dead server never takes another's place.
    /// Streams do not count. Default 16.
    public var maximumInFlightPerOrigin: Int
    /// Idle connections that are kept for the next request. Default 64.
    public var maximumIdleConnections: Int

    public init(maximumOutstanding: Int = 4_096, maximumInFlightPerOrigin: Int = 16, maximumIdleConnections: Int = 64) {
        self.maximumOutstanding = maximumOutstanding
        self.maximumInFlightPerOrigin = maximumInFlightPerOrigin
        self.maximumIdleConnections = maximumIdleConnections
    }
}

/// An HTTP/1.1 client over libcurl. All its transfers run on one thread of its own; callers only wait.
///
/// Connections are shared per origin and TLS identity. Letting the last reference go ends the thread.
/// Note for writes: on a kept connection that the server closed meanwhile, libcurl sends a request again if not one byte of an
/// answer had come. A write must therefore carry its own condition (a `test`, a resource version, an idempotency key).
public final class HTTPClient: Sendable {
    private let loop: TransferLoop

    public init(limits: HTTPClientLimits = HTTPClientLimits()) {
        loop = TransferLoop(limits: limits)
        loop.start()
    }

    deinit { loop.stop() }

    /// The whole answer, whatever its status. Cancelling the task cancels the transfer.
    public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let id = loop.nextID()
        let result: Result<HTTPResponse, HTTPError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.submit(TransferOrder(id: id, request: request, sink: .whole(continuation)))
                // A cancellation before the submission found nothing to cancel.
                if Task.isCancelled { loop.cancel(id) }
            }
        } onCancel: {
            loop.cancel(id)
        }
        return try result.get()
    }

    /// The head of an answer, and its body as it comes. Letting the body go ends the transfer.
    public func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStreamedResponse {
        let id = loop.nextID()
        let pipe = BytePipe(capacity: request.maximumResponseBytes)
        let body = HTTPBodyStream(id: id, pipe: pipe, client: self, loop: loop)
        let result: Result<HTTPResponseHead, HTTPError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.submit(TransferOrder(id: id, request: request, sink: .streamed(continuation, pipe)))
                if Task.isCancelled { loop.cancel(id) }
            }
        } onCancel: {
            loop.cancel(id)
        }
        return HTTPStreamedResponse(head: try result.get(), body: body)
    }
}
