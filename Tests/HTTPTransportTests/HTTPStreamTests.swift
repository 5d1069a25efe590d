// Aim: a stream gives each byte once, in order, within its bound, and always says how it ended.
// Method: a scripted server that sends chunks, stalls, floods or cuts.
import HTTPTransport
import ScriptedHTTP
import Testing

@Suite struct HTTPStreamTests {
    let client = HTTPClient()

    @Test func `the head is there before the body ends`() async throws {
        let server = ScriptedHTTPServer { _ in
            .stream(status: 200, headers: [("X-A", "b")]) { stream in
                guard stream.send("one") else { return false }
                while stream.send("more\n") {}
                return false
            }
        }
        defer { server.stop() }
        let response = try await client.stream(HTTPRequest(.get, server.url))
        #expect(response.head.status == 200)
        #expect(response.head.header("x-a") == "b")
        var iterator = response.body.makeAsyncIterator()
        let first = try #require(try await iterator.next())
        #expect(String(decoding: first, as: UTF8.self).hasPrefix("one"))
    }

    @Test func `all bytes come once and in order, though the reader is slower than the server`() async throws {
        let expected = (0..<20_000).map { "line \($0)\n" }
        let server = ScriptedHTTPServer { _ in
            .stream(status: 200, headers: []) { stream in
                for line in expected { guard stream.send(line) else { return false } }
                return true
            }
        }
        defer { server.stop() }
        let response = try await client.stream(HTTPRequest(.get, server.url, maximumResponseBytes: 4_096))
        var bytes: [UInt8] = []
        var largest = 0
        for try await piece in response.body {
            bytes += piece
            largest = max(largest, piece.count)
            await Task.yield()
        }
        #expect(bytes == Array(expected.joined().utf8))
        #expect(largest <= 16_384, "a piece is no larger than the bound or one read from the network")
    }

    @Test func `a stream that is cut off says so after its last byte`() async throws {
        let server = ScriptedHTTPServer { _ in .stream(status: 200, headers: []) { stream in !stream.send("part") } }
        defer { server.stop() }
        let response = try await client.stream(HTTPRequest(.get, server.url))
        var text = ""
        var ending: HTTPError?
        do throws(HTTPError) {
            for try await piece in response.body { text += String(decoding: piece, as: UTF8.self) }
        } catch { ending = error }
        #expect(text == "part")
        #expect(ending?.code == .connectionLost)
    }

    @Test func `a stream that ends properly just ends`() async throws {
        let server = ScriptedHTTPServer { _ in .stream(status: 200, headers: []) { stream in stream.send("all") } }
        defer { server.stop() }
        var text = ""
        for try await piece in try await client.stream(HTTPRequest(.get, server.url)).body { text += String(decoding: piece, as: UTF8.self) }
        #expect(text == "all")
    }

    @Test func `an error status comes as a head, its body can be read`() async throws {
        let server = ScriptedHTTPServer { _ in .text(403, "no") }
        defer { server.stop() }
        let response = try await client.stream(HTTPRequest(.get, server.url))
        #expect(response.head.status == 403)
        var text = ""
        for try await piece in response.body { text += String(decoding: piece, as: UTF8.self) }
        #expect(text == "no")
    }

    @Test func `a head that never comes costs the deadline`() async throws {
        let server = ScriptedHTTPServer { _ in .hang }
        defer { server.stop() }
        do throws(HTTPError) {
            _ = try await client.stream(HTTPRequest(.get, server.url, deadline: .milliseconds(100)))
            Issue.record("a head came")
        } catch {
            #expect(error.code == .deadlineExceeded)
        }
    }

    @Test func `silence longer than the idle deadline ends a stream`() async throws {
        let release = Signal()
        let server = ScriptedHTTPServer { _ in
            .stream(status: 200, headers: []) { stream in
                _ = stream.send("x")
                release.waitOnThread()
                return false
            }
        }
        defer { server.stop() }
        let response = try await client.stream(HTTPRequest(.get, server.url, idleDeadline: .milliseconds(100)))
        var ending: HTTPError?
        do throws(HTTPError) { for try await _ in response.body {} } catch { ending = error }
        release.raise()
        #expect(ending?.code == .deadlineExceeded)
    }

    @Test func `letting a stream go closes its connection`() async throws {
        let gone = Signal()
        let server = ScriptedHTTPServer { _ in
            .stream(status: 200, headers: []) { stream in
                while stream.send("x") {}
                gone.raise()
                return false
            }
        }
        defer { server.stop() }
        do {
            let response = try await client.stream(HTTPRequest(.get, server.url, maximumResponseBytes: 1_024))
            var iterator = response.body.makeAsyncIterator()
            _ = try await iterator.next()
        }
        await gone.wait()
        #expect(server.requests.count == 1)
    }

    @Test func `cancelling the reader ends its wait`() async throws {
        let release = Signal()
        let started = Signal()
        let server = ScriptedHTTPServer { _ in
            .stream(status: 200, headers: []) { _ in
                started.raise()
                release.waitOnThread()
                return true
            }
        }
        defer { server.stop() }
        let response = try await client.stream(HTTPRequest(.get, server.url))
        let task = Task { () -> HTTPError? in
            do throws(HTTPError) { for try await _ in response.body {} } catch { return error }
            return nil
        }
        await started.wait()
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        release.raise()
    }
}
