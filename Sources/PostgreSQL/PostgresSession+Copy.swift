internal import CLibPQ

/// COPY, in and out. The deadline of a statement holds for each piece, not for the whole: a copy may be as long as it likes.
extension PostgresSession {
    /// `COPY … TO STDOUT`: each piece as the server sends it (one row in text format), without copying it for us twice.
    public func copyOut(
        _ statement: PostgresStatement, _ receive: ([UInt8]) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        let context = "copy \(statement.name)"
        try start(statement, wanted: PGRES_COPY_OUT, context)
        while let piece = try nextPiece(context) {
            do { try receive(piece) } catch {
                // The rest of the copy is still on its way: a session half read is thrown away.
                gaveUp = true
                throw error
            }
        }
        _ = try collect(context, until: pieceDeadline())
    }

    /// `COPY … FROM STDIN`: `next` gives the pieces until nil. Throwing from `next` fails the COPY on the server, which stores nothing.
    public func copyIn(_ statement: PostgresStatement, next: () throws(PostgresError) -> [UInt8]?) throws(PostgresError) {
        let context = "copy \(statement.name)"
        try start(statement, wanted: PGRES_COPY_IN, context)
        var refusal: PostgresError?
        do { while let piece = try next() { try put(piece, context) } } catch { refusal = error }
        if isBroken { throw refusal ?? handle.lost(context) }
        try finish(refusal == nil ? nil : "the sender gave up", context)
        do {
            _ = try collect(context, until: pieceDeadline())
        } catch {
            throw refusal ?? error
        }
        if let refusal { throw refusal }
    }

    private func pieceDeadline() -> Deadline { Deadline(after: settings.statementTimeout + settings.unansweredGrace) }

    private func start(_ statement: PostgresStatement, wanted: ExecStatusType, _ context: String) throws(PostgresError) {
        let deadline = pieceDeadline()
        try unsafe send(context, until: deadline) { unsafe PQsendQuery($0, statement.text) }
        guard let opened = try take(context, until: deadline) else { throw handle.lost(context) }
        if opened.status == wanted { return }
        let refusal =
            opened.status == PGRES_FATAL_ERROR
            ? opened.error() : PostgresError(.protocolViolation, "the statement is no such COPY", context: context)
        while try take(context, until: deadline) != nil {}
        throw refusal
    }

    private func nextPiece(_ context: String) throws(PostgresError) -> [UInt8]? {
        let deadline = pieceDeadline()
        while true {
            var buffer: UnsafeMutablePointer<CChar>?
            let count = unsafe handle.withRaw { unsafe PQgetCopyData($0, &buffer, 1) }
            if count > 0, let start = unsafe buffer {
                defer { unsafe PQfreemem(start) }
                return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: Int(count)))
            }
            if count == -1 { return nil }
            guard count == 0 else { throw handle.lost(context) }
            guard try handle.awaitInput(until: deadline, context: context) else { throw givenUp(context) }
        }
    }

    private func put(_ piece: [UInt8], _ context: String) throws(PostgresError) {
        let deadline = pieceDeadline()
        while true {
            let status = unsafe piece.withUnsafeBytes { bytes in
                unsafe handle.withRaw { unsafe PQputCopyData($0, bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count)) }
            }
            if status == 1 { break }
            guard status == 0 else { throw handle.lost(context) }
            guard try handle.flush(until: deadline, context: context) else { throw givenUp(context) }
        }
        guard try handle.flush(until: deadline, context: context) else { throw givenUp(context) }
    }

    private func finish(_ refusal: String?, _ context: String) throws(PostgresError) {
        let deadline = pieceDeadline()
        while true {
            let status = unsafe handle.withRaw { unsafe PQputCopyEnd($0, refusal) }
            if status == 1 { break }
            guard status == 0 else { throw handle.lost(context) }
            guard try handle.flush(until: deadline, context: context) else { throw givenUp(context) }
        }
        guard try handle.flush(until: deadline, context: context) else { throw givenUp(context) }
    }
}
