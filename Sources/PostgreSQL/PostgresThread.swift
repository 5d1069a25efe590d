internal import Glibc

/// One thread that runs the jobs of one actor, so that libpq may block there and the cooperative pool stays free.
///
/// The thread ends when this object goes. A queued job holds the object, so it goes only when no job is left; jobs run in order.
final class PostgresThread: SerialExecutor {
    private let mailbox = Mailbox()

    init() {
        let attended = unsafe Unmanaged.passRetained(mailbox)
        var thread = pthread_t()
        let status = unsafe pthread_create(&thread, nil, { context in
            let mailbox = unsafe Unmanaged<Mailbox>.fromOpaque(context!).takeRetainedValue()
            while let delivery = mailbox.take() { delivery.run() }
            return nil
        }, attended.toOpaque())
        precondition(status == 0, "a connection needs a thread, and the system refuses one")
        pthread_detach(thread)
    }
    deinit { mailbox.close() }

    func enqueue(_ job: consuming ExecutorJob) { mailbox.put(Delivery(job: UnownedJob(job), executor: self)) }

    /// A job and the executor that it keeps alive until it has run.
    private struct Delivery: Sendable {
        let job: UnownedJob
        let executor: PostgresThread
        func run() { unsafe job.runSynchronously(on: executor.asUnownedSerialExecutor()) }
    }

    /// Unbounded in itself: its length is the number of tasks that wait for this connection, which their owners bound.
    /// `@unchecked Sendable`: `waiting` and `isClosed` are touched only between lock and unlock of `mutex`.
    @safe private final class Mailbox: @unchecked Sendable {
        private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        private let arrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        private var waiting: [Delivery] = []
        private var isClosed = false

        init() {
            unsafe pthread_mutex_init(mutex, nil)
            unsafe pthread_cond_init(arrived, nil)
        }
        deinit {
            unsafe pthread_cond_destroy(arrived)
            unsafe pthread_mutex_destroy(mutex)
            unsafe arrived.deallocate()
            unsafe mutex.deallocate()
        }
        func put(_ delivery: Delivery) {
            unsafe pthread_mutex_lock(mutex)
            waiting.append(delivery)
            unsafe pthread_cond_signal(arrived)
            unsafe pthread_mutex_unlock(mutex)
        }
        /// The next job; nil after `close`, when none is left.
        func take() -> Delivery? {
            unsafe pthread_mutex_lock(mutex)
            defer { unsafe pthread_mutex_unlock(mutex) }
            while waiting.isEmpty && !isClosed { unsafe pthread_cond_wait(arrived, mutex) }
            return waiting.isEmpty ? nil : waiting.removeFirst()
        }
        func close() {
            unsafe pthread_mutex_lock(mutex)
            isClosed = true
            unsafe pthread_cond_signal(arrived)
            unsafe pthread_mutex_unlock(mutex)
        }
    }
}
