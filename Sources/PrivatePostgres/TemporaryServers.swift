internal import Glibc
internal import Synchronization

/// Temporary servers that still stand when the process exits in an orderly way: they end, and their directories go.
/// (After kill -9 the kernel ends the servers, and the directories in /tmp stay behind.)
enum TemporaryServers {
    private static let standing = Mutex<[String: Weak]>([:])

    static func register(_ server: PrivateServer) {
        standing.withLock { servers in
            if servers.isEmpty { atexit { TemporaryServers.removeAll() } }
            servers[server.directory] = Weak(server)
        }
    }
    static func forget(_ directory: String) { standing.withLock { $0[directory] = Weak(nil) } }

    private static func removeAll() {
        let left = standing.withLock { servers in servers.values.compactMap(\.server) }
        for server in left { server.remove() }
    }

    private struct Weak: Sendable {
        weak let server: PrivateServer?
        init(_ server: PrivateServer?) { self.server = server }
    }
}
