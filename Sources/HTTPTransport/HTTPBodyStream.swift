/// The body of a streamed answer, in pieces as they came from the network (not lines, not events). For one reader.
/// When `HTTPRequest.maximumResponseBytes` lie unread, the connection is paused: the server waits, nothing is lost.
public struct HTTPBodyStream: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = HTTPError
    private let owner: Owner

    init(id: TransferID, pipe: BytePipe, client: HTTPClient, loop: TransferLoop) {
        owner = Owner(id: id, pipe: pipe, client: client, loop: loop)
    }

    public func makeAsyncIterator() -> Iterator { Iterator(owner: owner) }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let owner: Owner

        public mutating func next() async throws(HTTPError) -> [UInt8]? { try await owner.next() }
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(HTTPError) -> [UInt8]? {
            try await owner.next()
        }
    }

    /// Ends the transfer when the last copy of the stream and of its iterator is gone; keeps the client alive until then.
    fileprivate final class Owner: Sendable {
        private let id: TransferID
        private let pipe: BytePipe
        private let client: HTTPClient
        private let loop: TransferLoop

        init(id: TransferID, pipe: BytePipe, client: HTTPClient, loop: TransferLoop) {
            self.id = id
            self.pipe = pipe
            self.client = client
            self.loop = loop
        }
        deinit { loop.cancel(id) }

        func next() async throws(HTTPError) -> [UInt8]? {
            let (id, pipe, loop) = (id, pipe, loop)
            let result: Result<[UInt8]?, HTTPError> = await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    if pipe.receive(continuation) { loop.resume(id) }
                    if Task.isCancelled { loop.cancel(id) }
                }
            } onCancel: {
                loop.cancel(id)
            }
            return try result.get()
        }
    }
}
