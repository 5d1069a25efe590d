internal import CLibPQ

/// The one owner of a `PGconn`; it is finished when the owner goes.
///
/// Safe because the pointer never leaves this type, and the type is neither copyable nor sendable.
@safe struct ConnectionHandle: ~Copyable {
    private let raw: OpaquePointer

    private init(_ raw: OpaquePointer) { unsafe self.raw = raw }
    deinit { unsafe PQfinish(raw) }

    /// Connects within `settings.connectTimeout`. A static factory, because a throwing initializer cannot own a handle half made.
    static func open(_ settings: ConnectionSettings) throws(PostgresError) -> ConnectionHandle {
        let list = settings.keywordList()
        let raw = unsafe withCStrings(list.map(\.0)) { keywords in
            unsafe withCStrings(list.map(\.1)) { values in unsafe PQconnectStartParams(keywords, values, 1) }
        }
        guard let raw = unsafe raw else { throw PostgresError(.other, "out of memory", context: "connect") }
        let handle = unsafe ConnectionHandle(raw)
        try handle.establish(until: Deadline(after: settings.connectTimeout))
        return handle
    }

    private func establish(until deadline: Deadline) throws(PostgresError) {
        // Verbose messages carry the SQLSTATE, which libpq gives in no other way for a refused connection.
        unsafe PQsetErrorVerbosity(raw, PQERRORS_VERBOSE)
        unsafe fairlead_ignore_notices(raw)
        guard unsafe PQstatus(raw) != CONNECTION_BAD else { throw connectError() }
        var wanted = PGRES_POLLING_WRITING
        while wanted != PGRES_POLLING_OK {
            let writing = wanted == PGRES_POLLING_WRITING
            guard waitForSocket(unsafe PQsocket(raw), writing: writing, reading: !writing, until: deadline) else {
                throw PostgresError(
                    .connectionFailed, "the server at \(address) did not answer in time; check host, port and network", context: "connect")
            }
            wanted = unsafe PQconnectPoll(raw)
            if wanted == PGRES_POLLING_FAILED { throw connectError() }
        }
        unsafe PQsetErrorVerbosity(raw, PQERRORS_DEFAULT)
        guard unsafe PQsetnonblocking(raw, 1) == 0 else { throw connectError() }
    }

    /// Host, port and database as libpq understood them. No user, no password.
    var address: String {
        let host = unsafe text(PQhost(raw))
        return "\(host.isEmpty ? "the default socket" : host):\(unsafe text(PQport(raw)))/\(unsafe text(PQdb(raw)))"
    }
    var user: String { unsafe text(PQuser(raw)) }
    var database: String { unsafe text(PQdb(raw)) }
    var isBroken: Bool { unsafe PQstatus(raw) == CONNECTION_BAD }
    var isInTransaction: Bool { unsafe PQtransactionStatus(raw) != PQTRANS_IDLE }
    var backendProcess: Int32 { unsafe PQbackendPID(raw) }
    var message: String { unsafe text(PQerrorMessage(raw)) }

    func withRaw<T, Failure: Error>(_ body: (OpaquePointer) throws(Failure) -> T) throws(Failure) -> T { try unsafe body(raw) }

    /// Flushes what was sent. False where the deadline passed.
    func flush(until deadline: Deadline, context: String) throws(PostgresError) -> Bool {
        while true {
            let left = unsafe PQflush(raw)
            if left == 0 { return true }
            if left < 0 { throw lost(context) }
            guard waitForSocket(unsafe PQsocket(raw), writing: true, until: deadline) else { return false }
            guard unsafe PQconsumeInput(raw) == 1 else { throw lost(context) }
        }
    }

    /// Waits until the next result can be taken without blocking. False where the deadline passed.
    func awaitResult(until deadline: Deadline, context: String) throws(PostgresError) -> Bool {
        while unsafe PQisBusy(raw) == 1 {
            guard waitForSocket(unsafe PQsocket(raw), writing: false, until: deadline) else { return false }
            guard unsafe PQconsumeInput(raw) == 1 else { throw lost(context) }
        }
        return true
    }

    /// Waits for anything from the server. False where the deadline passed.
    func awaitInput(until deadline: Deadline, context: String) throws(PostgresError) -> Bool {
        guard waitForSocket(unsafe PQsocket(raw), writing: false, until: deadline) else { return false }
        guard unsafe PQconsumeInput(raw) == 1 else { throw lost(context) }
        return true
    }

    func lost(_ context: String) -> PostgresError {
        PostgresError(.connectionFailed, message.isEmpty ? "the connection broke" : firstLine(message), context: context)
    }

    private func connectError() -> PostgresError {
        let message = self.message
        let context = "connect \(address) as \(user)"
        if unsafe PQconnectionNeedsPassword(raw) == 1 {
            return PostgresError(
                .authenticationFailed, "the server wants a password and none was given", context: context)
        }
        guard let state = sqlState(inVerbose: message) else {
            return PostgresError(.connectionFailed, firstLine(message), context: context)
        }
        switch state {
        case "3D000":
            return PostgresError(
                .notOurDatabase, underlying: state, "there is no database '\(database)'; make it with: createdb \(database)",
                context: context)
        default:
            return PostgresError(PostgresError.code(sqlState: state), underlying: state, firstLine(message), context: context)
        }
    }

    private func text(_ pointer: UnsafePointer<CChar>?) -> String {
        guard let pointer = unsafe pointer else { return "" }
        let text = unsafe String(cString: pointer)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}

/// The five characters between `FATAL:  ` and the next colon in a verbose message, whatever language the severity is in.
private func sqlState(inVerbose message: String) -> String? {
    for line in message.split(separator: "\n") {
        for part in line.split(separator: ":").dropFirst() {
            let word = part.drop { $0 == " " }
            if word.utf8.count == 5, word.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) }),
                word.utf8.contains(where: { (48...57).contains($0) }) {
                return String(word)
            }
        }
    }
    return nil
}

/// Without the LOCATION line that the verbose form adds.
private func firstLine(_ message: String) -> String {
    message.split(separator: "\n").first.map(String.init) ?? "the connection was refused"
}

/// Lends a NULL-terminated array of C strings.
private func withCStrings<T>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> T) -> T {
    let bytes = strings.map { Array($0.utf8CString) }
    let flat = bytes.flatMap { $0 }
    return unsafe flat.withUnsafeBufferPointer { buffer in
        var pointers: [UnsafePointer<CChar>?] = unsafe []
        var position = 0
        for text in bytes {
            unsafe pointers.append(buffer.baseAddress! + position)
            position += text.count
        }
        unsafe pointers.append(nil)
        return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress!) }
    }
}
