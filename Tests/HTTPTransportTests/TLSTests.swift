// Aim: a server is spoken to only when its certificate is the one that is asked for, and we can show ours.
// Method: certificates made for the test, and OpenSSL's own server.
import Glibc
import HTTPTransport
import ScriptedHTTP
import Testing

@Suite struct TLSTests {
    let client = HTTPClient()

    @Test func `the given authority is trusted, from a file or from memory, and no other`() async throws {
        let identities = try Identities()
        let server = try TLSServer(identities)
        let good = [TLSOptions.Material.file(identities.path("ca.pem")), .data(SecretBytes(try identities.text("ca.pem")))]
        for authority in good {
            #expect(try await status(server, TLSOptions(certificateAuthority: authority)) == 200)
        }
        for tls in [TLSOptions(), TLSOptions(certificateAuthority: .file(identities.path("other-ca.pem")))] {
            let error = await failure(server, tls)
            #expect(error?.code == .notTrusted)
            #expect(error?.isRetriable == false)
            #expect(error?.mayHaveArrived == false)
        }
        #expect(try await status(server, TLSOptions(skipsVerification: true)) == 200)
    }

    @Test func `the certificate must carry the name that was asked for`() async throws {
        let identities = try Identities()
        let server = try TLSServer(identities)
        let authority = TLSOptions.Material.file(identities.path("ca.pem"))
        #expect(try await status(server, TLSOptions(certificateAuthority: authority, serverName: "kubernetes")) == 200)
        #expect(await failure(server, TLSOptions(certificateAuthority: authority, serverName: "elsewhere"))?.code == .notTrusted)
    }

    @Test func `a client certificate is shown, from files or from memory, and its lack is noticed`() async throws {
        let identities = try Identities()
        let server = try TLSServer(identities, wantsClientCertificate: true)
        let authority = TLSOptions.Material.file(identities.path("ca.pem"))
        let fromFiles = TLSOptions(
            certificateAuthority: authority, clientCertificate: .file(identities.path("client.pem")), clientKey: .file(identities.path("client.key")))
        let fromMemory = TLSOptions(
            certificateAuthority: authority, clientCertificate: .data(SecretBytes(try identities.text("client.pem"))),
            clientKey: .data(SecretBytes(try identities.text("client.key"))))
        #expect(try await status(server, fromFiles) == 200)
        #expect(try await status(server, fromMemory) == 200)
        #expect(await failure(server, TLSOptions(certificateAuthority: authority)) != nil)
        let unusable = TLSOptions(
            certificateAuthority: authority, clientCertificate: .data(SecretBytes("no certificate")), clientKey: .data(SecretBytes("no key")))
        #expect(await failure(server, unusable)?.code == .invalidRequest)
    }

    @Test func `a server that speaks no TLS is not trusted`() async throws {
        let server = ScriptedHTTPServer { _ in .respond(status: 200) }
        defer { server.stop() }
        do throws(HTTPError) {
            _ = try await client.send(HTTPRequest(.get, "https://127.0.0.1:\(server.port)/", deadline: .seconds(2)))
            Issue.record("it was trusted")
        } catch { #expect(error.code == .notTrusted || error.code == .deadlineExceeded, "\(error)") }
    }

    private func status(_ server: TLSServer, _ tls: TLSOptions) async throws -> Int {
        try await client.send(HTTPRequest(.get, server.url, tls: tls)).status
    }
    private func failure(_ server: TLSServer, _ tls: TLSOptions) async -> HTTPError? {
        do throws(HTTPError) {
            _ = try await client.send(HTTPRequest(.get, server.url, tls: tls))
            return nil
        } catch { return error }
    }
}

/// Authorities, a server's and a client's certificate, made afresh.
private final class Identities: Sendable {
    private let directory = TemporaryDirectory()
    func path(_ name: String) -> String { directory.file(name) }

    init() throws {
        for authority in ["ca", "other-ca"] { try make(authority, ["-x509", "-days", "1"]) }
        try make("server", ["-x509", "-days", "1", "-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-addext", "subjectAltName=IP:127.0.0.1,DNS:kubernetes"])
        try make("client", ["-x509", "-days", "1", "-CA", path("ca.pem"), "-CAkey", path("ca.key")])
    }

    private func make(_ name: String, _ options: [String]) throws {
        let code = try ChildProcess.run(
            ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)",
             "-keyout", path("\(name).key"), "-out", path("\(name).pem")] + options)
        try #require(code == 0, "openssl could not make the certificate of \(name)")
    }

    func text(_ name: String) throws -> String {
        let file = try #require(fopen(path(name), "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}

/// OpenSSL's test server, which answers every GET with a page.
private final class TLSServer: Sendable {
    let url: String
    private let process: ChildProcess

    init(_ identities: Identities, wantsClientCertificate: Bool = false) throws {
        let verification = wantsClientCertificate ? ["-CAfile", identities.path("ca.pem"), "-Verify", "1", "-verify_return_error"] : []
        process = try ChildProcess(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", identities.path("server.pem"), "-key", identities.path("server.key"), "-www"]
                + verification)
        let line = try #require(process.line(containing: "ACCEPT "))
        url = "https://\(line.split(separator: " ")[1])/"
    }
}
