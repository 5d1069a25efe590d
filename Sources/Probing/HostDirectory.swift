internal import Clocks
internal import Quantities
internal import Sockets
internal import Synchronization

/// The addresses of the targets' host names. An address once known stays until the resolver names another: a name server that is
/// down takes no flow with it.
final class HostDirectory: Sendable {
    static let refreshInterval = Nanoseconds.seconds(30)
    /// While some name has no address yet.
    static let retryInterval = Nanoseconds.seconds(2)

    private struct Content {
        var addresses: [String: IPAddress]
        var problems: [String: String] = [:]
    }
    private let content: Mutex<Content>
    /// The hosts that are no numeric addresses.
    let names: [String]

    init(hosts: [String]) {
        var addresses: [String: IPAddress] = [:]
        for host in hosts { addresses[host] = IPAddress(host) }
        names = Set(hosts).filter { addresses[$0] == nil }.sorted()
        content = Mutex(Content(addresses: addresses))
    }

    /// The address, or why there is none.
    func address(of host: String) -> Result<IPAddress, Unresolved> {
        content.withLock { content in
            if let address = content.addresses[host] { return .success(address) }
            return .failure(Unresolved(sentence: content.problems[host] ?? "\(host) is not looked up yet"))
        }
    }
    struct Unresolved: Error { let sentence: String }

    /// Looks every name up, which blocks, until `stop` is raised: the body of a thread of its own, so that a slow resolver never
    /// delays a probe.
    func keepFresh(until stop: EventSignal) {
        var set = PollSet()
        set.insert(stop.descriptor, for: .readable)
        repeat {
            let isComplete = lookUp()
            let pause = isComplete ? HostDirectory.refreshInterval : HostDirectory.retryInterval
            _ = set.wait(nanoseconds: pause.count)
        } while !set.readiness(at: 0).contains(.readable)
    }

    private func lookUp() -> Bool {
        var isComplete = true
        for name in names {
            do {
                let address = try resolve(host: name)
                content.withLock { content in
                    content.addresses[name] = address
                    content.problems[name] = nil
                }
            } catch {
                isComplete = false
                content.withLock { $0.problems[name] = error.description }
            }
        }
        return isComplete
    }
}
