// Aim: every way an exchange can end has its own code, and none is mistaken for another.
// Method: a server on plain sockets that answers, hangs, closes or floods as each test scripts it.
import HTTPTransport
import ScriptedHTTP
import Synchronization
import Testing

@Suite struct HTTPClientTests {
    let client = HTTPClient()

    @Test func `method, path, query, headers and body arrive as they were given`() async throws {
        let server = ScriptedHTTPServer { _ in .json(201, "{}", headers: [("X-Two", "a: b")]) }
        defer { server.stop() }
        let response = try await client.send(
            HTTPRequest(.patch, "\(server.url)/a%20b?x=1&y=%2F", headers: [HTTPHeader("X-Test", "yes"), HTTPHeader("X-Empty", "")], body: Array("body".utf8)))
        let request = try #require(server.requests.first)
        #expect(request.method == "PATCH")
        #expect(request.target == "/a%20b?x=1&y=%2F")
        #expect(request.header("X-Test") == "yes")
        #expect(request.header("X-Empty") == "")
        #expect(request.header("Expect") == nil)
        #expect(request.bodyText == "body")
        #expect(response.status == 201)
        #expect(response.body == Array("{}".utf8))
        #expect(response.header("x-two") == "a: b")
    }

    @Test(arguments: [HTTPMethod.post, .put, .patch, .delete])
    func `an empty body is sent as an empty body`(method: HTTPMethod) async throws {
        let server = ScriptedHTTPServer { _ in .respond(status: 204) }
        defer { server.stop() }
        let response = try await client.send(HTTPRequest(method, server.url))
        #expect(response.status == 204)
        #expect(server.requests.map(\.method) == [method.rawValue])
        #expect(server.requests.first?.body == [])
    }

    @Test func `one connection serves many requests`() async throws {
        let server = ScriptedHTTPServer { _ in .respond(status: 200) }
        defer { server.stop() }
        for _ in 0..<20 { _ = try await client.send(HTTPRequest(.get, server.url)) }
        #expect(server.connectionCount == 1)
    }

    @Test func `a refusal by the server is an answer, with its Retry-After`() async throws {
        let server = ScriptedHTTPServer { _ in .text(429, "later", headers: [("Retry-After", "7")]) }
        defer { server.stop() }
        let response = try await client.send(HTTPRequest(.get, server.url))
        #expect(response.status == 429)
        #expect(response.retryAfter == .seconds(7))
    }

    @Test func `a server that hangs costs its deadline and no more, and the write may have arrived`() async throws {
        let server = ScriptedHTTPServer { _ in .hang }
        defer { server.stop() }
        let error = await failure(HTTPRequest(.put, server.url, body: [1], deadline: .seconds(1)))
        #expect(error?.code == .deadlineExceeded)
        #expect(error?.mayHaveArrived == true)
        #expect(error?.isRetriable == true)
    }

    @Test func `a connection closed without an answer is lost, and the write may have arrived`() async throws {
        let server = ScriptedHTTPServer { _ in .close }
        defer { server.stop() }
        let error = await failure(HTTPRequest(.put, server.url, body: [1]))
        #expect(error?.code == .connectionLost)
        #expect(error?.mayHaveArrived == true)
    }

    @Test func `a kept connection that dies makes the client send once more on a fresh one`() async throws {
        let answered = Mutex(0)
        let server = ScriptedHTTPServer { _ in
            let count = answered.withLock { count in
                count += 1
                return count
            }
            return count == 2 ? .close : .text(200, "\(count)")
        }
        defer { server.stop() }
        #expect(try await client.send(HTTPRequest(.patch, server.url, body: [1])).body == Array("1".utf8))
        #expect(try await client.send(HTTPRequest(.patch, server.url, body: [2])).body == Array("3".utf8))
        #expect(server.requests.map(\.body) == [[1], [2], [2]])
        #expect(server.requests.map(\.connection) == [1, 1, 2])
    }

    @Test func `half an answer is no answer`() async throws {
        let server = ScriptedHTTPServer { _ in .raw(Array("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".utf8)) }
        defer { server.stop() }
        #expect(await failure(HTTPRequest(.get, server.url))?.code == .connectionLost)
    }

    @Test func `words that are no HTTP are no answer`() async throws {
        let server = ScriptedHTTPServer { _ in .raw(Array("SSH-2.0-OpenSSH_9.2\r\n".utf8)) }
        defer { server.stop() }
        let error = await failure(HTTPRequest(.get, server.url))
        // Nothing is wrong with the request, so it may be tried again: a receiver that once spoke something else loses no message.
        #expect(error?.code == .connectionLost && error?.isRetriable == true && error?.mayHaveArrived == true)
    }

    @Test func `a port where nobody listens cannot have received anything`() async throws {
        let server = ScriptedHTTPServer { _ in .close }
        server.stop()
        let dead = ScriptedHTTPServer { _ in .close }
        let url = dead.url
        dead.stop()
        let error = await failure(HTTPRequest(.put, url, body: [1]))
        #expect(error?.code == .notConnected)
        #expect(error?.mayHaveArrived == false)
    }

    @Test func `more bytes than allowed are an error, never a shorter answer`() async throws {
        let server = ScriptedHTTPServer { _ in .respond(status: 200, body: [UInt8](repeating: 65, count: 2_000)) }
        defer { server.stop() }
        let error = await failure(HTTPRequest(.get, server.url, maximumResponseBytes: 1_999))
        #expect(error?.code == .responseTooLarge)
        #expect(try await client.send(HTTPRequest(.get, server.url, maximumResponseBytes: 2_000)).body.count == 2_000)
    }

    @Test func `endless headers are an error`() async throws {
        let line = "X-Long: \(String(repeating: "x", count: 1_000))\r\n"
        let server = ScriptedHTTPServer { _ in .raw(Array(("HTTP/1.1 200 OK\r\n" + String(repeating: line, count: 290)).utf8)) }
        defer { server.stop() }
        let error = await failure(HTTPRequest(.get, server.url))
        #expect(error?.code == .responseTooLarge)
    }

    @Test func `a redirect is an answer unless asked to follow it`() async throws {
        let server = ScriptedHTTPServer { request in
            request.path == "/new" ? .text(200, "here") : .respond(status: 302, headers: [("Location", "/new")])
        }
        defer { server.stop() }
        #expect(try await client.send(HTTPRequest(.get, server.url)).status == 302)
        #expect(try await client.send(HTTPRequest(.get, server.url, maximumRedirects: 1)).body == Array("here".utf8))
    }

    @Test func `endless redirects end`() async throws {
        let server = ScriptedHTTPServer { _ in .respond(status: 302, headers: [("Location", "/again")]) }
        defer { server.stop() }
        #expect(await failure(HTTPRequest(.get, server.url, maximumRedirects: 3))?.code == .tooManyRedirects)
    }

    @Test func `a cancelled task cancels its transfer`() async throws {
        let arrived = Signal()
        let server = ScriptedHTTPServer { _ in
            arrived.raise()
            return .hang
        }
        defer { server.stop() }
        let request = HTTPRequest(.get, server.url, deadline: .seconds(60))
        let task = Task { await failure(request) }
        await arrived.wait()
        task.cancel()
        #expect(await task.value?.code == .cancelled)
    }

    @Test func `a task that is cancelled before it sends gets the same`() async throws {
        let server = ScriptedHTTPServer { _ in .hang }
        defer { server.stop() }
        let request = HTTPRequest(.get, server.url, deadline: .seconds(60))
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await failure(request)
        }
        #expect(await task.value?.code == .cancelled)
    }

    @Test(arguments: ["ftp://host/", "host/path", "http://user:word@host/", "http:///path", "http://host:0/", "http://ho st/", "http://host/\r\nX: y"])
    func `a URL that is no plain http address is refused before anything is sent`(url: String) async throws {
        let error = await failure(HTTPRequest(.get, url))
        #expect(error?.code == .invalidRequest)
        #expect(error?.mayHaveArrived == false)
    }

    @Test(arguments: [HTTPHeader("X-A", "b\r\nX-C: d"), HTTPHeader("X A", "b"), HTTPHeader("", "b"), HTTPHeader("X-A:", "b")])
    func `a header that would break the request is refused`(header: HTTPHeader) async throws {
        let server = ScriptedHTTPServer { _ in .respond(status: 200) }
        defer { server.stop() }
        #expect(await failure(HTTPRequest(.get, server.url, headers: [header]))?.code == .invalidRequest)
        #expect(server.requests.isEmpty)
    }

    @Test func `a Unix socket is reached by its path`() async throws {
        let directory = TemporaryDirectory()
        let path = directory.file("socket")
        let server = ScriptedHTTPServer(unixSocketPath: path) { _ in .text(200, "unix") }
        defer { server.stop() }
        let response = try await client.send(HTTPRequest(.get, "http://localhost/x", unixSocketPath: path))
        #expect(response.body == Array("unix".utf8))
    }

    @Test func `a dead server holds up its own requests and nobody else's`() async throws {
        let client = HTTPClient(limits: HTTPClientLimits(maximumInFlightPerOrigin: 2))
        let dead = ScriptedHTTPServer { _ in .hang }
        let alive = ScriptedHTTPServer { _ in .respond(status: 200) }
        defer { dead.stop(); alive.stop() }
        let deadURL = dead.url
        let stuck = (0..<10).map { _ in
            Task { () -> HTTPError? in
                do throws(HTTPError) { _ = try await client.send(HTTPRequest(.get, deadURL, deadline: .seconds(1))) } catch { return error }
                return nil
            }
        }
        #expect(try await client.send(HTTPRequest(.get, alive.url, deadline: .seconds(30))).status == 200)
        var codes: [HTTPError.Code?] = []
        for task in stuck { codes.append(await task.value?.code) }
        #expect(codes == Array(repeating: .deadlineExceeded, count: 10))
        #expect(dead.requests.count < 10, "most waited for a connection until their deadline")
    }

    @Test func `requests wait for a free connection and are all served`() async throws {
        let client = HTTPClient(limits: HTTPClientLimits(maximumInFlightPerOrigin: 3))
        let server = ScriptedHTTPServer { .text(200, $0.target) }
        defer { server.stop() }
        let url = server.url
        let bodies = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<100 {
                group.addTask { String(decoding: try await client.send(HTTPRequest(.get, "\(url)/\(number)")).body, as: UTF8.self) }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(bodies == Set((0..<100).map { "/\($0)" }))
        #expect(server.connectionCount <= 3)
    }

    @Test func `beyond the bound on outstanding requests a request fails at once`() async throws {
        let client = HTTPClient(limits: HTTPClientLimits(maximumOutstanding: 1))
        let arrived = Signal()
        let server = ScriptedHTTPServer { _ in
            arrived.raise()
            return .hang
        }
        defer { server.stop() }
        let request = HTTPRequest(.get, server.url, deadline: .seconds(60))
        let first = Task { try? await client.send(request) }
        await arrived.wait()
        do throws(HTTPError) {
            _ = try await client.send(request)
            Issue.record("the second request was accepted")
        } catch {
            #expect(error.code == .overloaded)
        }
        first.cancel()
        _ = await first.value
    }

    @Test func `no description shows a secret`() async throws {
        let secret = "s3cr3t"
        let request = HTTPRequest(
            .post, "http://127.0.0.1:1/hook/\(secret)?token=\(secret)", headers: [HTTPHeader("Authorization", "Bearer \(secret)")],
            body: Array(secret.utf8), hidesPath: true)
        let error = try #require(await failure(request))
        let shown = "\(request) \(error) \(request.headers[0]) \(SecretBytes(secret))" + String(reflecting: SecretBytes(secret))
        #expect(!shown.contains(secret))
    }

    private func failure(_ request: HTTPRequest) async -> HTTPError? {
        do throws(HTTPError) {
            _ = try await client.send(request)
            return nil
        } catch { return error }
    }
}
