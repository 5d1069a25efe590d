internal import Glibc
internal import JSONDocument
internal import ScriptedHTTP
internal import Synchronization

/// What one open watch still has to be told. Filled under the store's lock, emptied by the watch's thread.
final class WatchQueue: Sendable {
    private let selector: String
    private let namespace: String
    private let lines = Mutex<[String]>([])
    // A POSIX semaphore at a fixed address: counts the lines that were offered.
    private nonisolated(unsafe) let semaphore: UnsafeMutablePointer<sem_t>

    init(namespace: String, selector: String) {
        self.namespace = namespace
        self.selector = selector
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }
    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func offer(_ change: ObjectStore.Change) {
        guard let object = change.after ?? change.before, object.namespace == namespace else { return }
        // A Pod whose labels leave the selector is told as deleted although it goes on.
        let (was, now) = (matches(selector, change.before), matches(selector, change.after))
        guard was || now else { return }
        let type = now ? (was ? "MODIFIED" : "ADDED") : "DELETED"
        let told = change.after ?? JSONPatch.set(.string(String(change.version)), at: ["metadata", "resourceVersion"], in: object) ?? object
        offer(#"{"type":"\#(type)","object":\#(told.text)}"#)
    }
    func offer(_ line: String) {
        lines.withLock { $0.append(line + "\n") }
        sem_post(semaphore)
    }

    /// The lines so far, after waiting for one until `deadline` (CLOCK_REALTIME, as `sem_timedwait` has it); nil at the deadline.
    func take(until deadline: timespec) -> [String]? {
        var deadline = deadline
        while sem_timedwait(semaphore, &deadline) != 0 {
            if errno == ETIMEDOUT { return nil }
        }
        return lines.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }
}

extension ScriptedKubernetesAPI {
    func watchPods(_ namespace: String, _ request: ScriptedRequest) -> ScriptedAnswer {
        let queue = WatchQueue(namespace: namespace, selector: request.query("labelSelector") ?? "")
        let wanted = request.query("resourceVersion").flatMap { Int($0) } ?? 0
        let id = store.withLock { store -> Int in
            if wanted < store.oldestWatchable {
                let message = "too old resource version: \(wanted) (\(store.oldestWatchable))"
                queue.offer(
                    #"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"\#(message)","reason":"Expired","code":410}}"#)
                return 0
            }
            for change in store.history where change.version > wanted { queue.offer(change) }
            defer { store.nextWatcher += 1 }
            store.watchers[store.nextWatcher] = queue
            return store.nextWatcher
        }
        let seconds = request.query("timeoutSeconds").flatMap { Int($0) } ?? 1_800
        return .stream(status: 200, headers: [("Content-Type", "application/json")]) { [weak self] stream in
            defer { self?.store.withLock { $0.watchers[id] = nil } }
            var deadline = timespec()
            clock_gettime(CLOCK_REALTIME, &deadline)
            deadline.tv_sec += seconds
            while let lines = queue.take(until: deadline) {
                for line in lines { guard stream.send(line) else { return false } }
                if id == 0 { return true }
            }
            return true
        }
    }

    /// Tells every open watch how far it has seen, as the server does about once a minute.
    public func sendBookmarks() {
        store.withLock { store in
            let line = #"{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"\#(store.version)"},"spec":{"containers":null},"status":{}}}"#
            for watcher in store.watchers.values { watcher.offer(line) }
        }
    }
    public var openWatches: Int { store.withLock { $0.watchers.count } }
}
