internal import Glibc
internal import Synchronization

/// Something that happens once and is waited for without sleeping, by tasks (`wait`) and by threads (`waitOnThread`).
public final class Signal: Sendable {
    private struct State {
        var isRaised = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    // A POSIX semaphore at a fixed address; initialised here, destroyed in deinit, safe from any thread between.
    private nonisolated(unsafe) let semaphore: UnsafeMutablePointer<sem_t>

    public init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }
    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    public func raise() {
        let waiters = state.withLock { state in
            state.isRaised = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
        sem_post(semaphore)
    }

    /// For the threads of a scripted server; never on the tests' pool.
    public func waitOnThread() {
        while sem_wait(semaphore) != 0 {}
        sem_post(semaphore)
    }

    public func wait() async {
        await withCheckedContinuation { continuation in
            let isRaised = state.withLock { state in
                if !state.isRaised { state.waiters.append(continuation) }
                return state.isRaised
            }
            if isRaised { continuation.resume() }
        }
    }
}
