internal import CLibCurl
internal import Glibc
internal import Synchronization

typealias TransferID = UInt64

/// One request on its way to the transfer thread, and where its answer goes. The sink is resumed exactly once.
struct TransferOrder: Sendable {
    enum Sink: Sendable {
        case whole(CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>)
        case streamed(CheckedContinuation<Result<HTTPResponseHead, HTTPError>, Never>, BytePipe)
    }
    let id: TransferID
    let request: HTTPRequest
    let sink: Sink
    let submitted = ContinuousClock.now

    func refuse(_ error: HTTPError) {
        switch sink {
        case .whole(let continuation): continuation.resume(returning: .failure(error))
        case .streamed(let continuation, let pipe):
            pipe.finish(.failure(error))
            continuation.resume(returning: .failure(error))
        }
    }
}

/// The thread that owns the multi handle, and its inbox. Callers on any thread post orders; the thread alone touches libcurl.
final class TransferLoop: Sendable {
    enum Message: Sendable {
        case start(TransferOrder)
        case cancel(TransferID)
        case resume(TransferID)
    }
    private struct Inbox {
        var messages: [Message] = []
        var outstanding = 0
        var nextID: TransferID = 1
        var isStopping = false
        /// Present while the thread's multi handle lives; waking goes through the same lock that ends it.
        var bell: WakeBell?
    }
    private let inbox = Mutex(Inbox())
    private let limits: HTTPClientLimits

    init(limits: HTTPClientLimits) { self.limits = limits }

    func nextID() -> TransferID {
        inbox.withLock { inbox in
            defer { inbox.nextID += 1 }
            return inbox.nextID
        }
    }

    func submit(_ order: TransferOrder) {
        let refusal = inbox.withLock { inbox -> HTTPError.Code? in
            guard !inbox.isStopping else { return .closed }
            guard inbox.outstanding < limits.maximumOutstanding else { return .overloaded }
            inbox.outstanding += 1
            inbox.messages.append(.start(order))
            inbox.bell?.ring()
            return nil
        }
        if let refusal { order.refuse(HTTPError(code: refusal, context: order.request.description, mayHaveArrived: false)) }
    }
    func cancel(_ id: TransferID) { post(.cancel(id)) }
    func resume(_ id: TransferID) { post(.resume(id)) }

    private func post(_ message: Message) {
        inbox.withLock { inbox in
            guard !inbox.isStopping else { return }
            inbox.messages.append(message)
            inbox.bell?.ring()
        }
    }

    func stop() {
        inbox.withLock { inbox in
            inbox.isStopping = true
            inbox.bell?.ring()
        }
    }

    /// The thread holds this object until it ends.
    func start() {
        let context = unsafe Unmanaged.passRetained(self)
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let failed = unsafe pthread_create(&thread, &attributes, { context in
            guard let context = unsafe context else { return nil }
            unsafe Unmanaged<TransferLoop>.fromOpaque(context).takeRetainedValue().run()
            return nil
        }, context.toOpaque())
        unsafe pthread_attr_destroy(&attributes)
        precondition(failed == 0, "the system gives no thread for HTTP transfers")
    }

    private func run() {
        // The process's signals are for other threads, and a broken connection must not end the process (SIGPIPE goes to the
        // writing thread, so blocking it here is enough).
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, nil)

        let engine = TransferEngine(limits: limits)
        inbox.withLock { $0.bell = engine.bell }
        var isStopping = false
        while !isStopping {
            let messages = inbox.withLock { inbox -> [Message] in
                isStopping = inbox.isStopping
                defer { inbox.messages = [] }
                return inbox.messages
            }
            for message in messages { engine.accept(message) }
            if isStopping {
                inbox.withLock { $0.bell = nil }
                engine.close()
            } else {
                engine.work()
            }
            let finished = engine.takeFinishedCount()
            if finished > 0 { inbox.withLock { $0.outstanding -= finished } }
            if !isStopping { engine.waitForWork() }
        }
    }
}

/// Wakes the thread out of its poll. Used under the inbox's lock only, while the multi handle lives.
@safe
struct WakeBell: @unchecked Sendable {
    // curl_multi_wakeup is the one function of a multi handle that any thread may call.
    private let multi: UnsafeMutableRawPointer

    init(multi: UnsafeMutableRawPointer) { unsafe self.multi = multi }
    func ring() { _ = unsafe curl_multi_wakeup(multi) }
}
