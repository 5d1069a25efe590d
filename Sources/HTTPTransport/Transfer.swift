internal import CLibCurl

/// One exchange at work: owns its easy handle, its header lists and the bytes that came. Transfer thread only.
@safe
final class Transfer {
    let id: TransferID
    let origin: String
    let order: TransferOrder
    let handle: UnsafeMutableRawPointer
    var lists: [StringList] = []
    /// libcurl writes its words on a failure here; it must outlive the handle's use.
    let errorText: UnsafeMutablePointer<CChar>

    private var status = 0
    private var headers: [HTTPHeader] = []
    private var headerBytes = 0
    private var body: [UInt8] = []
    private var headIsDelivered = false
    private var overBound: String?
    private var lastByte: ContinuousClock.Instant
    private var isPaused = false

    /// All header lines of one answer together; more ends the transfer as too large.
    static let maximumHeaderBytes = 256 << 10

    init(_ order: TransferOrder, origin: String) throws(HTTPError) {
        guard let handle = unsafe curl_easy_init() else { fatalError("libcurl gives no easy handle: memory is exhausted") }
        self.id = order.id
        self.origin = origin
        self.order = order
        unsafe self.handle = handle
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        lastByte = order.submitted
        try configure()
    }
    deinit {
        unsafe curl_easy_cleanup(handle)
        unsafe errorText.deallocate()
    }

    func withHandle(_ body: (UnsafeMutableRawPointer) -> Void) { unsafe body(handle) }

    static func id(of handle: UnsafeMutableRawPointer) -> TransferID {
        var context: UnsafeMutablePointer<CChar>?
        _ = unsafe fairlead_curl_get_private(handle, &context)
        guard let context = unsafe context else { return 0 }
        return unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().id
    }

    var countsAgainstOrigin: Bool {
        if case .whole = order.sink { true } else { false }
    }

    /// When this transfer fails if nothing more happens; nil for a stream that may be silent for ever or that waits for its reader.
    var due: ContinuousClock.Instant? {
        guard headIsDelivered else { return order.submitted + order.request.deadline }
        guard !isPaused, let idle = order.request.idleDeadline else { return nil }
        return lastByte + idle
    }
    func isOverdue(at now: ContinuousClock.Instant) -> Bool { due.map { $0 <= now } ?? false }

    func unpause() {
        guard isPaused else { return }
        isPaused = false
        lastByte = .now
        _ = unsafe curl_easy_pause(handle, CURLPAUSE_CONT)
    }
}

// MARK: What libcurl tells

extension Transfer {
    /// A piece of the body. 0 ends the transfer, as libcurl has it.
    func received(_ bytes: UnsafeRawBufferPointer) -> Int {
        lastByte = .now
        switch order.sink {
        case .whole:
            guard body.count + bytes.count <= order.request.maximumResponseBytes else {
                overBound = "its body has more than \(order.request.maximumResponseBytes) bytes"
                return 0
            }
            unsafe body.append(contentsOf: bytes)
        case .streamed(_, let pipe):
            deliverHead()
            guard unsafe pipe.offer(Array(bytes)) else {
                isPaused = true
                return Int(CURL_WRITEFUNC_PAUSE)
            }
        }
        return bytes.count
    }

    /// One header line, or the empty line behind the last.
    func receivedHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        lastByte = .now
        headerBytes += bytes.count
        guard headerBytes <= Transfer.maximumHeaderBytes else {
            overBound = "its headers have more than \(Transfer.maximumHeaderBytes) bytes"
            return 0
        }
        let line = unsafe String(decoding: bytes, as: UTF8.self)
        let text = line.prefix { !$0.isNewline }
        if text.hasPrefix("HTTP/") {
            // A new head: an interim answer or a redirect stood before.
            status = Int(text.drop { $0 != " " }.dropFirst().prefix(3)) ?? 0
            headers = []
        } else if text.isEmpty {
            if status >= 200, case .streamed = order.sink { deliverHead() }
        } else if let colon = text.firstIndex(of: ":") {
            let value = text[text.index(after: colon)...]
            headers.append(HTTPHeader(String(text[..<colon]), Transfer.trimmed(value)))
        }
        return bytes.count
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }

    private func deliverHead() {
        guard !headIsDelivered, case .streamed(let continuation, _) = order.sink else { return }
        headIsDelivered = true
        continuation.resume(returning: .success(HTTPResponseHead(status: status, headers: headers)))
    }
}

// MARK: How it ends

extension Transfer {
    /// Called once, after the handle left the multi handle.
    func deliver(_ outcome: Result<Void, HTTPError>) {
        switch order.sink {
        case .whole(let continuation):
            let head = HTTPResponseHead(status: status, headers: headers)
            continuation.resume(returning: outcome.map { HTTPResponse(head: head, body: body) })
        case .streamed(let continuation, let pipe):
            pipe.finish(outcome)
            guard !headIsDelivered else { return }
            headIsDelivered = true
            let head = HTTPResponseHead(status: status, headers: headers)
            continuation.resume(returning: outcome.map { head })
        }
    }

    func outcome(of result: CURLcode) -> Result<Void, HTTPError> {
        if let overBound { return .failure(error(.responseTooLarge, result, overBound)) }
        if result == CURLE_OK && status >= 200 { return .success(()) }
        if result == CURLE_OK { return .failure(error(.connectionLost, result, "the answer has no status")) }
        let words = unsafe String(cString: errorText)
        let name = unsafe String(cString: curl_easy_strerror(result))
        return .failure(error(HTTPError.Code(result), result, words.isEmpty ? name : words))
    }

    func failure(_ code: HTTPError.Code) -> Result<Void, HTTPError> { .failure(error(code, nil, "")) }

    func error(_ code: HTTPError.Code, _ result: CURLcode?, _ detail: String) -> HTTPError {
        var requestBytes = 0
        _ = unsafe fairlead_curl_get_long(handle, CURLINFO_REQUEST_SIZE, &requestBytes)
        // Once the request has left, a protocol that curl does not know is the answer's: what came back was no HTTP.
        let code = code == .invalidRequest && requestBytes > 0 ? .connectionLost : code
        return HTTPError(
            code: code, curlCode: result?.rawValue, context: order.request.description, detail: detail,
            mayHaveArrived: requestBytes > 0)
    }
}

extension HTTPError.Code {
    init(_ code: CURLcode) {
        self =
            switch code {
            case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_SSL_CERTPROBLEM,
                CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_CACERT_BADFILE:
                .invalidRequest
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .nameNotResolved
            case CURLE_COULDNT_CONNECT, CURLE_PROXY: .notConnected
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR,
                CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT:
                .notTrusted
            case CURLE_OPERATION_TIMEDOUT: .deadlineExceeded
            case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2, CURLE_HTTP2_STREAM,
                CURLE_WEIRD_SERVER_REPLY:
                .connectionLost
            case CURLE_TOO_MANY_REDIRECTS: .tooManyRedirects
            default: .unexpected
            }
    }
}
