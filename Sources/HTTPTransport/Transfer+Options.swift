internal import CLibCurl

/// What libcurl is told of one exchange before it begins.
extension Transfer {
    func configure() throws(HTTPError) {
        let request = order.request
        for header in request.headers where !Transfer.isSendable(header) {
            throw error(.invalidRequest, nil, "the header \(header.name.prefix(64)) has a line break or a bad name")
        }
        guard let address = HTTPAddress(request.url) else { throw error(.invalidRequest, nil, "its URL is no http or https address") }
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe fairlead_curl_set_pointer(handle, CURLOPT_PRIVATE, context)
        _ = unsafe fairlead_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        // The engine keeps the transfer alive until its handle has left the multi handle, so the context is valid in each call.
        _ = unsafe fairlead_curl_set_write(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let context = unsafe context else { return 0 }
            let piece = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
            return unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().received(piece)
        }
        _ = unsafe fairlead_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        _ = unsafe fairlead_curl_set_write(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let context = unsafe context else { return 0 }
            let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
            return unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receivedHeader(line)
        }
        _ = unsafe fairlead_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)

        set(CURLOPT_NOSIGNAL, 1)
        // A slow name server must hold up its own request only: without this, ending a transfer waits for the resolver's thread.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_TCP_KEEPIDLE, 30)
        set(CURLOPT_TCP_KEEPINTVL, 10)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        set(CURLOPT_FOLLOWLOCATION, request.maximumRedirects > 0 ? 1 : 0)
        set(CURLOPT_MAXREDIRS, request.maximumRedirects)
        // An empty proxy keeps the environment's out.
        set(CURLOPT_PROXY, request.proxyURL ?? "")
        if let path = request.unixSocketPath { set(CURLOPT_UNIX_SOCKET_PATH, path) }
        setMethodAndBody(request)
        let authority = setAddress(address, serverName: request.tls.serverName)
        setHeaders(request.headers, authority: authority)
        setTLS(request.tls)
    }

    private static func isSendable(_ header: HTTPHeader) -> Bool {
        let nameIsToken = !header.name.isEmpty
            && header.name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: ";") }
        return nameIsToken && header.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }

    private func setMethodAndBody(_ request: HTTPRequest) {
        switch request.method {
        case .get: set(CURLOPT_HTTPGET, 1)
        case .head: set(CURLOPT_NOBODY, 1)
        case .post, .put, .patch, .delete:
            set(CURLOPT_POST, 1)
            set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        }
        guard request.method != .get, request.method != .head else { return }
        _ = unsafe fairlead_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
        // Copied by libcurl.
        _ = unsafe request.body.withUnsafeBytes { bytes in
            return if let start = bytes.baseAddress {
                unsafe fairlead_curl_set_bytes(handle, CURLOPT_COPYPOSTFIELDS, start)
            } else {
                unsafe fairlead_curl_set_string(handle, CURLOPT_COPYPOSTFIELDS, "")
            }
        }
    }

    /// Sets the URL. With another server name, the URL carries that name (SNI and check follow it) and the connection goes to
    /// the real host; answers the `Host` header that is then needed.
    private func setAddress(_ address: HTTPAddress, serverName: String?) -> String? {
        guard let serverName, address.scheme == "https" else {
            set(CURLOPT_URL, "\(address.origin)\(address.path)\(address.query)")
            return nil
        }
        set(CURLOPT_URL, "https://\(serverName):\(address.port)\(address.path)\(address.query)")
        setList(CURLOPT_CONNECT_TO, ["\(serverName):\(address.port):\(address.host):\(address.port)"])
        return "\(address.host):\(address.port)"
    }

    private func setHeaders(_ headers: [HTTPHeader], authority: String?) {
        // `Expect: 100-continue` would add a round trip, and a second when the server ignores it.
        var lines = ["Expect:"]
        if let authority { lines.append("Host: \(authority)") }
        for header in headers { lines.append(header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)") }
        setList(CURLOPT_HTTPHEADER, lines)
    }

    private func setTLS(_ tls: TLSOptions) {
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        set(CURLOPT_SSL_VERIFYPEER, tls.skipsVerification ? 0 : 1)
        set(CURLOPT_SSL_VERIFYHOST, tls.skipsVerification ? 0 : 2)
        if let authority = tls.certificateAuthority {
            set(authority, file: CURLOPT_CAINFO, blob: CURLOPT_CAINFO_BLOB)
            // The system's directory of authorities would be trusted beside ours.
            _ = unsafe fairlead_curl_set_string(handle, CURLOPT_CAPATH, nil)
        }
        if let certificate = tls.clientCertificate { set(certificate, file: CURLOPT_SSLCERT, blob: CURLOPT_SSLCERT_BLOB) }
        if let key = tls.clientKey { set(key, file: CURLOPT_SSLKEY, blob: CURLOPT_SSLKEY_BLOB) }
    }

    private func set(_ material: TLSOptions.Material, file: CURLoption, blob: CURLoption) {
        switch material {
        case .file(let path): set(file, path)
        case .data(let secret):
            secret.withBytes { bytes in
                _ = unsafe bytes.withUnsafeBytes { unsafe fairlead_curl_set_blob(handle, blob, $0.baseAddress, $0.count) }
            }
        }
    }
    private func set(_ option: CURLoption, _ value: Int) {
        let code = unsafe fairlead_curl_set_long(handle, option, value)
        precondition(code == CURLE_OK, "libcurl is older than 7.87 or was built without an option that is needed")
    }
    private func set(_ option: CURLoption, _ value: String) {
        let code = unsafe fairlead_curl_set_string(handle, option, value)
        precondition(code == CURLE_OK, "libcurl is older than 7.87 or was built without an option that is needed")
    }
    private func setList(_ option: CURLoption, _ lines: [String]) {
        let list = StringList(lines)
        lists.append(list)
        unsafe list.withList { _ = unsafe fairlead_curl_set_list(handle, option, $0) }
    }
}
