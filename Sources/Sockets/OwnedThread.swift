internal import CLinux
internal import Glibc
internal import Synchronization

/// A thread of ours for calls that block, with a name that `ps -L` shows.
@safe public final class OwnedThread: Sendable {
    /// Nil once joined.
    private let handle: Mutex<pthread_t?>

    /// Runs `body` on a new thread, inside the network namespace at this path if one is given. `body` calls its argument exactly
    /// once, when it has set itself up or failed to; only then does this return, or throw the failure. What `body` makes before
    /// and after that call never leaves its thread.
    public static func start(
        name: String, networkNamespace: String? = nil, body: @escaping @Sendable (_ started: (SocketError?) -> Void) -> Void
    ) throws(SocketError) -> OwnedThread {
        let signal = try EventSignal()
        let outcome = Outcome()
        let started = { @Sendable (failure: SocketError?) in
            outcome.failure.withLock { $0 = failure }
            signal.raise()
        }
        let thread = OwnedThread(name: name) {
            if let networkNamespace {
                let entered = unsafe linux_enter_network_namespace(networkNamespace)
                guard entered == 0 else {
                    return started(SocketError(errno: -entered, context: "enter network namespace \(networkNamespace)"))
                }
            }
            body(started)
        }
        signal.wait()
        if let failure = outcome.failure.withLock({ $0 }) {
            thread.join()
            throw failure
        }
        return thread
    }

    private final class Outcome: Sendable {
        let failure = Mutex<SocketError?>(nil)
    }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    private init(name: String, body: @escaping @Sendable () -> Void) {
        var handle = pthread_t()
        // The new thread takes this reference over and releases it when its body ends.
        let context = unsafe Unmanaged.passRetained(Start(name: name, body: body)).toOpaque()
        let result = unsafe pthread_create(
            &handle, nil,
            { context in
                let start = unsafe Unmanaged<Start>.fromOpaque(context!).takeRetainedValue()
                _ = unsafe linux_set_thread_name(start.name)
                start.body()
                return nil
            }, context)
        precondition(result == 0, "the system has no thread for \(name): \(errorText(result))")
        self.handle = Mutex(handle)
    }

    /// A thread that nobody joined ends by itself and frees what it had.
    deinit {
        if let handle = handle.withLock({ $0 }) { _ = pthread_detach(handle) }
    }

    /// Waits for the body to end. Later calls return at once. The body must have been told to end by its own means.
    public func join() {
        let joined = handle.withLock { handle -> pthread_t? in
            defer { handle = nil }
            return handle
        }
        if let joined { _ = pthread_join(joined, nil) }
    }
}
