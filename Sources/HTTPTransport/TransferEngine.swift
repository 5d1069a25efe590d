internal import CLibCurl

/// The transfers of one multi handle. Lives on the transfer thread and is never seen by another.
final class TransferEngine {
    private let multi: MultiHandle
    private let limits: HTTPClientLimits
    private var transfers: [TransferID: Transfer] = [:]
    private var waiting: [String: [TransferOrder]] = [:]
    private var inFlight: [String: Int] = [:]
    private var finished = 0

    /// Longest sleep when nothing is due: a bound on what a lost wake-up could cost.
    private static let longestWait = Duration.seconds(30)

    init(limits: HTTPClientLimits) {
        self.limits = limits
        multi = MultiHandle(idleConnections: limits.maximumIdleConnections)
    }

    var bell: WakeBell { multi.bell }

    /// How many orders found their end since the last call.
    func takeFinishedCount() -> Int {
        defer { finished = 0 }
        return finished
    }

    func accept(_ message: TransferLoop.Message) {
        switch message {
        case .start(let order): admit(order)
        case .resume(let id): transfers[id]?.unpause()
        case .cancel(let id): end(id, .cancelled)
        }
    }

    /// Moves what can be moved, hands over what is whole, and ends what is overdue.
    func work() {
        multi.perform()
        while let (id, result) = multi.nextFinished() {
            guard let transfer = transfers[id] else { continue }
            finish(transfer, transfer.outcome(of: result))
        }
        let now = ContinuousClock.now
        for transfer in transfers.values where transfer.isOverdue(at: now) {
            finish(transfer, transfer.failure(.deadlineExceeded))
        }
        for (origin, orders) in waiting {
            let overdue = orders.filter { $0.submitted + $0.request.deadline <= now }
            guard !overdue.isEmpty else { continue }
            let patient = orders.filter { $0.submitted + $0.request.deadline > now }
            waiting[origin] = patient.isEmpty ? nil : patient
            for order in overdue { refuse(order, .deadlineExceeded, "it waited for a free connection") }
        }
    }

    func waitForWork() {
        let now = ContinuousClock.now
        var due = now + TransferEngine.longestWait
        for transfer in transfers.values { due = min(due, transfer.due ?? due) }
        for order in waiting.values.joined() { due = min(due, order.submitted + order.request.deadline) }
        multi.poll(atMost: max(.zero, due - now))
    }

    func close() {
        for id in transfers.keys { end(id, .closed) }
        for order in waiting.values.joined() { refuse(order, .closed) }
        waiting = [:]
    }

    private func admit(_ order: TransferOrder) {
        guard let origin = HTTPAddress(order.request.url)?.origin else {
            refuse(order, .invalidRequest, "its URL is no http or https address")
            return
        }
        if case .whole = order.sink, inFlight[origin, default: 0] >= limits.maximumInFlightPerOrigin {
            waiting[origin, default: []].append(order)
            return
        }
        begin(order, origin: origin)
    }

    private func begin(_ order: TransferOrder, origin: String) {
        do throws(HTTPError) {
            let transfer = try Transfer(order, origin: origin)
            multi.add(transfer)
            transfers[order.id] = transfer
            if transfer.countsAgainstOrigin { inFlight[origin, default: 0] += 1 }
        } catch {
            finished += 1
            order.refuse(error)
        }
    }

    private func end(_ id: TransferID, _ code: HTTPError.Code) {
        if let transfer = transfers[id] {
            finish(transfer, transfer.failure(code))
            return
        }
        for (origin, orders) in waiting {
            guard let order = orders.first(where: { $0.id == id }) else { continue }
            waiting[origin]?.removeAll { $0.id == id }
            refuse(order, code)
            return
        }
    }

    private func finish(_ transfer: Transfer, _ outcome: Result<Void, HTTPError>) {
        multi.remove(transfer)
        transfers[transfer.id] = nil
        finished += 1
        transfer.deliver(outcome)
        guard transfer.countsAgainstOrigin else { return }
        let origin = transfer.origin
        inFlight[origin, default: 1] -= 1
        if inFlight[origin] == 0 { inFlight[origin] = nil }
        beginWaiting(origin)
    }

    private func beginWaiting(_ origin: String) {
        while inFlight[origin, default: 0] < limits.maximumInFlightPerOrigin, var orders = waiting[origin], !orders.isEmpty {
            let next = orders.removeFirst()
            waiting[origin] = orders.isEmpty ? nil : orders
            begin(next, origin: origin)
        }
    }

    private func refuse(_ order: TransferOrder, _ code: HTTPError.Code, _ detail: String = "") {
        finished += 1
        order.refuse(HTTPError(code: code, context: order.request.description, detail: detail, mayHaveArrived: false))
    }
}

/// Owns a `CURLM`.
@safe
final class MultiHandle {
    private let raw: UnsafeMutableRawPointer

    init(idleConnections: Int) {
        _ = MultiHandle.library
        guard let raw = unsafe curl_multi_init() else { fatalError("libcurl gives no multi handle: memory is exhausted") }
        unsafe self.raw = raw
        _ = unsafe fairlead_curl_multi_set_long(raw, CURLMOPT_MAXCONNECTS, max(1, idleConnections))
    }
    // Every transfer is removed before the engine lets this go.
    deinit { _ = unsafe curl_multi_cleanup(raw) }

    /// Once per process; the initialisation of a global is itself thread-safe.
    private static let library: Void = {
        let code = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
        precondition(code == CURLE_OK, "libcurl cannot be initialised")
    }()

    var bell: WakeBell { unsafe WakeBell(multi: raw) }

    func add(_ transfer: Transfer) {
        unsafe transfer.withHandle { handle in
            let code = unsafe curl_multi_add_handle(raw, handle)
            precondition(code == CURLM_OK, "a fresh transfer is always accepted")
        }
    }
    func remove(_ transfer: Transfer) {
        unsafe transfer.withHandle { handle in _ = unsafe curl_multi_remove_handle(raw, handle) }
    }
    func perform() {
        var running: Int32 = 0
        _ = unsafe curl_multi_perform(raw, &running)
    }
    func poll(atMost wait: Duration) {
        let (seconds, attoseconds) = wait.components
        // Rounded up, or the last fraction of a millisecond would be spent in a busy loop.
        let milliseconds = Int32(clamping: seconds * 1_000 + attoseconds / 1_000_000_000_000_000 + 1)
        _ = unsafe curl_multi_poll(raw, nil, 0, milliseconds, nil)
    }
    func nextFinished() -> (TransferID, CURLcode)? {
        var result = CURLE_OK
        guard let handle = unsafe fairlead_curl_next_finished(raw, &result) else { return nil }
        return unsafe (Transfer.id(of: handle), result)
    }
}
