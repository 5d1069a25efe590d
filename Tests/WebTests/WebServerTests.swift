import Events
import Foundation
import HTTPTransport
import Logging
import Quantities
import ReadModel
import SampleFleet
import ServiceLifecycle
import Subprocess
import Synchronization
import SystemPackage
import Testing

@testable import Web

/// Aim: over a real socket the server answers, streams, stops and is shown by a real browser. Method: a server on a free port,
/// our own HTTP client, and headless Chromium.
@Suite struct WebServerTests {
    /// Runs a server for the time of the body, then lets it stop as an operator would.
    private func withServer<Answer: Sendable>(
        _ fleet: any FleetReadModel = SampleFleet.fleet, pollInterval: Duration = .milliseconds(20),
        _ body: @escaping @Sendable (Int, ServiceGroup) async throws -> Answer
    ) async throws -> Answer {
        let (ports, bound) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "web")
        logger.logLevel = .critical
        let site = Site(readModel: fleet, now: { SampleFleet.now })
        let server = WebServer(site: site, host: "127.0.0.1", port: 0, pollInterval: pollInterval, logger: logger) { port in
            bound.yield(port)
            bound.finish()
        }
        let group = ServiceGroup(configuration: .init(services: [.init(service: server)], logger: logger))
        return try await withThrowingTaskGroup(of: Answer?.self) { tasks in
            tasks.addTask {
                try await group.run()
                return nil
            }
            tasks.addTask {
                var iterator = ports.makeAsyncIterator()
                let port = try #require(await iterator.next())
                let answer = try await body(port, group)
                await group.triggerGracefulShutdown()
                return answer
            }
            var answer: Answer?
            for try await found in tasks { answer = found ?? answer }
            return try #require(answer)
        }
    }

    @Test func `every answer carries the strict policy, errors and pictures too`() async throws {
        try await withServer { port, _ in
            let client = HTTPClient()
            for (target, status) in [("/", 200), ("/c/plant-a/timeline.svg", 200), ("/static/fairlead.js", 200), ("/nowhere", 404), ("/metrics", 200)] {
                let answer = try await client.send(HTTPRequest(.get, "http://127.0.0.1:\(port)\(target)"))
                #expect(answer.status == status)
                let policy = try #require(answer.header("content-security-policy"))
                #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self'"))
                #expect(!policy.contains("unsafe"))
                #expect(answer.header("x-content-type-options") == "nosniff")
            }
        }
    }

    @Test func `a stream of events begins with where the log stands and ends when the server stops`() async throws {
        try await withServer { port, group in
            let client = HTTPClient()
            let answer = try await client.stream(HTTPRequest(.get, "http://127.0.0.1:\(port)/events"))
            #expect(answer.head.header("content-type") == "text/event-stream")
            var text = ""
            for try await bytes in answer.body {
                text += String(decoding: bytes, as: UTF8.self)
                // With the stream still open, the server is told to stop: the body must end.
                if text.contains("\nid: plant-d/5eed0001/9\nevent: advance\n"), text.hasSuffix("\n\n") { await group.triggerGracefulShutdown() }
            }
            #expect(text.hasPrefix("retry: 2000\n\n"))
            #expect(text.contains("{\"stream\":\"plant-b/77aa0012\",\"sequence\":41}"))
        }
    }

    @Test(.timeLimit(.minutes(2))) func `a browser shows the fleet, the chart and hostile names without one complaint`() async throws {
        try await withServer { port, _ in
            for (target, wanted) in [
                ("/", ["id=\"fleet\"", "plant-c", "last seen", "&lt;img src=x onerror=alert(1)&gt;"]),
                ("/c/plant-a", ["<svg", "url(#timeline-hatch)", "id=\"decisions\"", "id=\"flows\""]),
                (SiteRoute.path(of: SampleFleet.hostile), ["<svg", "&lt;script&gt;alert(3)&lt;/script&gt;"]),
                ("/alerts", ["ShipperSilent", "&lt;/p&gt;&lt;script&gt;alert(6)&lt;/script&gt;"]),
                ("/d/plant-b/77aa0012/40", ["BrakedAboveBound", "id=\"explanation\""]),
            ] {
                let shown = try await Browser.show("http://127.0.0.1:\(port)\(target)")
                for word in wanted { #expect(shown.document.contains(word), "\(target) lacks \(word)") }
                #expect(shown.complaints == [], "\(target)")
                #expect(!shown.document.contains("<script>alert"))
            }
        }
    }

    @Test(.timeLimit(.minutes(2))) func `the browser check itself notices what the policy refuses`() async throws {
        let page = "data:text/html,<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\"><script>document.title=1</script>"
        #expect(try await Browser.show(page).complaints.contains { $0.contains("Content Security Policy") })
    }
}

/// Headless Chromium, asked for the document as it stands once it is loaded, and for what it complained about. (Its virtual time
/// never ends while a stream of events is open, so it cannot be used here.)
enum Browser {
    struct Shown {
        let document: String
        /// Lines that the page's console got: violations of the policy, errors of scripts, files that were not there.
        let complaints: [String]
    }

    static func show(_ address: String) async throws -> Shown {
        let profile = URL.temporaryDirectory.appending(path: "fairlead-browser-\(UInt64.random(in: 0...UInt64.max))")
        defer { try? FileManager.default.removeItem(at: profile) }  // A profile that is left behind fails no test.
        let result = try await run(
            .name("chromium"),
            arguments: [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
                "--user-data-dir=\(profile.path)", "--enable-logging=stderr", "--dump-dom", address,
            ],
            output: .string(limit: 8 << 20), error: .string(limit: 1 << 20))
        let document = result.standardOutput
        let complaints = result.standardError.split(separator: "\n").map(String.init)
            .filter { $0.contains("CONSOLE") || $0.contains("Content Security Policy") }
        return Shown(document: document, complaints: complaints)
    }
}
