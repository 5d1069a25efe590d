internal import Sockets
internal import Synchronization

/// The addresses that a starting reflector's thread hands back to its maker.
final class BoundEndpoints: Sendable {
    private let endpoints = Mutex<[Endpoint]>([])
    func append(_ endpoint: Endpoint) { endpoints.withLock { $0.append(endpoint) } }
    var all: [Endpoint] { endpoints.withLock { $0 } }
}
