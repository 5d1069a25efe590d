internal import CLibPQ

/// Sending and awaiting, with the deadline that every statement has.
extension PostgresSession {
    /// Prepares where that is new, executes, and returns the answer; throws the server's error.
    func run(_ statement: PostgresStatement, _ parameters: [PostgresParameter]) throws(PostgresError) -> QueryResult {
        let context = "statement \(statement.name)"
        guard settings.preparesStatements else {
            return try unsafe exchange(context) { connection in
                unsafe withParameters(parameters) { count, types, values, lengths, formats in
                    unsafe PQsendQueryParams(connection, statement.text, count, types, values, lengths, formats, 1)
                }
            }
        }
        if !prepared.contains(statement.name) {
            let types = parameters.map { Oid($0.type) }
            _ = try unsafe exchange("prepare \(statement.name)") { connection in
                unsafe PQsendPrepare(connection, statement.name, statement.text, Int32(types.count), types)
            }
            prepared.insert(statement.name)
        }
        do {
            return try unsafe exchange(context) { connection in
                unsafe withParameters(parameters) { count, _, values, lengths, formats in
                    unsafe PQsendQueryPrepared(connection, statement.name, count, values, lengths, formats, 1)
                }
            }
        } catch {
            throw forgettingStalePlan(error, statement)
        }
    }

    /// After a migration a prepared statement may answer "cached plan must not change result type" (0A000), and behind a pooler it may
    /// be unknown (26000): the next attempt prepares anew under the same name.
    private func forgettingStalePlan(_ error: PostgresError, _ statement: PostgresStatement) -> PostgresError {
        guard error.underlying == "0A000" || error.underlying == "26000" else { return error }
        if error.underlying == "0A000" && !handle.isInTransaction {
            do { try simple("DEALLOCATE ALL", context: "deallocate") } catch { gaveUp = true }
            prepared = []
        }
        prepared.remove(statement.name)
        return PostgresError(.other, underlying: error.underlying, error.message, context: error.context, isRetriable: true)
    }

    /// One command of ours by the simple protocol. `expecting`: the command tag that means success; COMMIT of a failed transaction
    /// is answered with ROLLBACK and no error.
    func simple(_ text: String, context: String, expecting tag: String? = nil) throws(PostgresError) {
        let result = try unsafe exchange(context) { unsafe PQsendQuery($0, text) }
        if let tag, result.commandTag != tag {
            throw PostgresError(.other, "the server answered \(result.commandTag) to \(tag)", context: context)
        }
    }

    private func exchange(_ context: String, _ send: (OpaquePointer) -> Int32) throws(PostgresError) -> QueryResult {
        let deadline = Deadline(after: settings.statementTimeout + settings.unansweredGrace)
        try unsafe self.send(context, until: deadline, send)
        return try collect(context, until: deadline)
    }

    func send(_ context: String, until deadline: Deadline, _ send: (OpaquePointer) -> Int32) throws(PostgresError) {
        guard !isBroken else { throw PostgresError(.connectionFailed, "the connection is closed", context: context) }
        guard unsafe handle.withRaw({ unsafe send($0) }) == 1 else { throw handle.lost(context) }
        guard try handle.flush(until: deadline, context: context) else { throw givenUp(context) }
    }

    /// Takes results until there are none. The last one is the answer, unless one of them is an error.
    func collect(_ context: String, until deadline: Deadline) throws(PostgresError) -> QueryResult {
        var failure: PostgresError?
        var answer: QueryResult?
        while let result = try take(context, until: deadline) {
            let status = result.status
            if status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH {
                gaveUp = true
                throw PostgresError(.protocolViolation, "COPY runs by copyIn and copyOut", context: context)
            }
            if status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE {
                failure = failure ?? describe(result)
            } else {
                answer = consume result
            }
        }
        if let failure { throw failure }
        guard let answer = answer.take() else { throw handle.lost(context) }
        return answer
    }

    /// The next result of the command under way; nil after the last.
    func take(_ context: String, until deadline: Deadline) throws(PostgresError) -> QueryResult? {
        guard try handle.awaitResult(until: deadline, context: context) else { throw givenUp(context) }
        guard let raw = unsafe handle.withRaw({ unsafe PQgetResult($0) }) else { return nil }
        return unsafe QueryResult(raw, context: context)
    }

    /// A connection that breaks makes a result without SQLSTATE: that is no answer of the server.
    private func describe(_ result: borrowing QueryResult) -> PostgresError {
        let error = result.error()
        guard error.underlying.isEmpty || handle.isBroken else { return error }
        let code: PostgresError.Code = error.code == .serverShutDown ? .serverShutDown : .connectionFailed
        return PostgresError(code, underlying: error.underlying, error.message, context: error.context)
    }

    /// The answer did not come, so nobody knows what happened: the session is of no further use.
    func givenUp(_ context: String) -> PostgresError {
        gaveUp = true
        return PostgresError(.timeout, "the server did not answer within \(settings.statementTimeout + settings.unansweredGrace)", context: context)
    }
}

/// Lends the parameters in the form of libpq: all bytes in one buffer, all in binary format.
private func withParameters<T>(
    _ parameters: [PostgresParameter],
    _ body: (Int32, UnsafePointer<Oid>, UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<Int32>, UnsafePointer<Int32>) -> T
) -> T {
    let types = parameters.map { Oid($0.type) } + [0]
    let lengths = parameters.map { Int32($0.bytes?.count ?? 0) } + [0]
    let formats = [Int32](repeating: 1, count: parameters.count + 1)
    var flat: [UInt8] = []
    flat.reserveCapacity(1 + lengths.reduce(0) { $0 + Int($1) })
    for parameter in parameters { if let bytes = parameter.bytes { flat += bytes } }
    // One byte more, so that an empty value has an address: a null pointer would be NULL.
    flat.append(0)
    return unsafe flat.withUnsafeBytes { raw in
        unsafe raw.withMemoryRebound(to: CChar.self) { buffer in
            var values: [UnsafePointer<CChar>?] = unsafe []
            var position = 0
            for parameter in parameters {
                unsafe values.append(parameter.bytes == nil ? nil : buffer.baseAddress! + position)
                position += parameter.bytes?.count ?? 0
            }
            unsafe values.append(nil)
            return unsafe values.withUnsafeBufferPointer { values in
                unsafe body(Int32(parameters.count), types, values.baseAddress!, lengths, formats)
            }
        }
    }
}
