import Events
import Exposition
import Foundation
import JSONDocument
import Quantities
import ReadModel
import SampleFleet
import Synchronization
import Testing

@testable import Web

/// Aim: each page tells the truth about the fleet, and hostile words stay words. Method: the site is asked as a function, over a
/// fleet in memory, without a socket.
@Suite struct SiteTests {
    private func site(_ fleet: any FleetReadModel = SampleFleet.fleet, now: WallTime = SampleFleet.now) -> Site {
        Site(readModel: fleet, now: { now })
    }
    private func get(_ target: String, _ fleet: any FleetReadModel = SampleFleet.fleet, accept: String = "") async -> SiteAnswer {
        await site(fleet).answer(to: SiteRequest(target: target, accept: accept))
    }
    private static var hostilePage: String { SiteRoute.path(of: SampleFleet.hostile) }

    static let pages = [
        "/", "/c/plant-a", "/c/plant-b?window=1h", "/c/plant-c", "/c/plant-d", hostilePage, "/d/plant-b/77aa0012/40", "/a", "/alerts",
        "/log", "/log?stream=plant-a/4f21c09a", "/nowhere", "/c/nobody", "/c/plant-a?window=forever", "/log?before=x",
    ]

    @Test(arguments: pages) func `no page holds a word of others as markup, nor any inline style or script`(target: String) async {
        let answer = await get(target)
        #expect(answer.contentType == "text/html; charset=utf-8")
        for attempt in ["<img src=x", "<b onclick", "<script>", "<svg/onload", "</td><script", "\u{1B}"] {
            #expect(!answer.body.contains(attempt), "\(target) lets \(attempt) through")
        }
        #expect(!answer.body.contains(" style="))
        #expect(!answer.body.contains(" onload=") || answer.body.contains("&lt;svg/onload="))
        // Every script element names a file.
        #expect(answer.body.components(separatedBy: "<script").count == answer.body.components(separatedBy: "<script src=\"/static/").count)
        // Every template value was there: Mustache writes nothing for a missing one, and leaves no braces.
        #expect(!answer.body.contains("{{"))
        #expect(!answer.body.contains("Optional("))
    }

    @Test(arguments: pages) func `every page is well-formed in its tags`(target: String) async {
        #expect(TagBalance.unbalanced(in: await get(target).body) == [])
    }

    @Test func `the fleet page has one row per cluster, the worst first, each with its age`() async {
        let body = await get("/").body
        let order = ["/c/plant-c", "/c/plant-b", Self.hostilePage, "/c/plant-d", "/c/plant-a"].map { path in body.range(of: "href=\"\(path)\"")?.lowerBound }
        #expect(!order.contains(nil))
        #expect(order.compactMap { $0 } == order.compactMap { $0 }.sorted())
        #expect(body.components(separatedBy: "<time class=\"age\"").count - 1 == 5)
        #expect(body.contains("last seen <time class=\"age\" datetime=\"2026-11-23T06:39:20.000Z\" data-us=\"1795415960000000\">40 s ago</time>"))
        #expect(body.contains("<tr class=\"stale\">"))
        #expect(body.contains("Lowered from 180 Mbit/s to 120 Mbit/s: robot-control&#39;s p95 of 2.31 ms is above its bound of 1.50 ms."))
        #expect(body.contains("■ 1 firing"))
    }

    @Test func `what was well an hour ago is silent now, and nothing on the page says otherwise`() async {
        let late = SampleFleet.now + .seconds(3_600)
        let body = await site(now: late).answer(to: SiteRequest(target: "/")).body
        #expect(body.components(separatedBy: "<tr class=\"stale\">").count - 1 == 5)
        #expect(!body.contains("Within target") && !body.contains("Suffering") && !body.contains("within target</span>"))
        #expect(body.contains("60 min ago"))
    }

    @Test func `a shipper whose clock is behind is not taken for silent by its arrival alone, nor for fresh`() async throws {
        var stream = SampleStream("plant-e/01", roster: .plant("plant-e", mode: "enforce"), at: SampleFleet.now)
        stream.tick(SampleTick(
            number: 1, at: SampleFleet.now + .seconds(-600), quality: .measured, microseconds: 500, before: 100, after: 100, used: 90,
            action: .hold, reason: .insideDeadband))
        // A backlog that arrives now is of then: the older of the two ages counts.
        var records = stream.records
        records[1].receivedAt = SampleFleet.now
        let body = await get("/", RecordedFleet(records: records)).body
        #expect(body.contains("Silent") && body.contains("10 min ago"))
    }

    @Test func `an empty log says how a cluster appears`() async {
        let body = await get("/", SampleFleet.empty).body
        #expect(body.contains("No cluster has written to the log yet."))
        #expect(await get("/a", SampleFleet.empty).body.contains("has not decided an allocation yet"))
        #expect(await get("/alerts", SampleFleet.empty).body.contains("No alert was ever raised."))
        #expect(await get("/log", SampleFleet.empty).body.contains("No entries."))
    }

    @Test func `a cluster's page draws gaps as gaps and links each decision`() async {
        let body = await get("/c/plant-a").body
        #expect(body.contains("<svg xmlns=\"http://www.w3.org/2000/svg\""))
        #expect(body.contains("url(#timeline-hatch)"))
        #expect(body.contains("<a class=\"marker brake\" href=\"/d/plant-a/4f21c09a/\(21)\""))
        #expect(body.contains("bound 1.50 ms") && body.contains("target 1.00 ms"))
        #expect(body.contains("id=\"decisions\""))
        #expect(body.contains("If it gained, telemetry-upload of plant-b would lose."))
    }

    @Test func `the picture alone is an SVG document with its words escaped`() async {
        let answer = await get("\(Self.hostilePage)/timeline.svg")
        #expect(answer.contentType == "image/svg+xml; charset=utf-8")
        #expect(answer.body.hasPrefix("<svg "))
        #expect(!answer.body.contains("<img") && !answer.body.contains("<b onclick"))
        #expect(TagBalance.unbalanced(in: answer.body) == [])
    }

    @Test func `a decision's page has the lines of the command`() async throws {
        let body = await get("/d/plant-b/77aa0012/40").body
        let json = try JSONValue(parsing: await get("/d/plant-b/77aa0012/40?format=json").body)
        let lines = try #require(json["lines"]?.array).compactMap(\.string)
        #expect(lines.count == 12)
        for line in lines.dropFirst() {
            let text = line.dropFirst(12)
            let escaped = text.replacing("'", with: "&#39;").replacing(">", with: "&gt;").replacing("<", with: "&lt;")
            #expect(body.contains(escaped), "\(line)")
        }
        #expect(body.contains("href=\"/d/plant-b/77aa0012/39\""))
        #expect(body.contains("fairlead explain decision plant-b/77aa0012/40"))
    }

    @Test func `what is not there is a 404, what is asked wrongly a 400, what is written is refused`() async {
        #expect(await get("/nowhere").status == 404)
        #expect(await get("/c/nobody").status == 404)
        #expect(await get("/d/plant-b/77aa0012/4000").status == 404)
        #expect(await get("/d/plant-b/zero").status == 404)
        #expect(await get("/c/plant-a?window=15").status == 400)
        #expect(await get("/c/plant-a?window=999h").status == 400)
        #expect(await get("/log?before=nonsense").status == 400)
        #expect(await get("/c/%zz").status == 404)
        #expect(await get("/c/%ff").status == 404)
        let refused = await site().answer(to: SiteRequest(method: "POST", target: "/"))
        #expect(refused.status == 405)
        #expect(refused.fields.contains { $0.name == "allow" && $0.value == "GET, HEAD" })
    }

    @Test func `a log that cannot be read is a 503 that shows nothing old`() async {
        for target in ["/", "/c/plant-a", "/alerts", "/log", "/a", "/d/plant-a/x/1"] {
            let answer = await get(target, UnreadableFleet())
            #expect(answer.status == 503)
            #expect(answer.body.contains("The event log cannot be read"))
            #expect(!answer.body.contains("secret"))
        }
        let json = await get("/?format=json", UnreadableFleet())
        #expect(json.status == 503 && json.contentType == "application/json")
    }

    @Test(arguments: ["/", "/c/plant-a", "/a", "/alerts", "/log", "/d/plant-b/77aa0012/40"])
    func `each page is JSON at the same address for who asks so`(target: String) async throws {
        for answer in [await get(target, accept: "application/json"), await get("\(target)?format=json")] {
            #expect(answer.contentType == "application/json")
            #expect(try JSONValue(parsing: answer.body).members?.isEmpty == false)
        }
        #expect(await get(target, accept: "text/html,application/json;q=0.9").contentType.hasPrefix("text/html"))
    }

    @Test func `the log's pages follow one another without a hole or a repetition`() async throws {
        var seen: [String] = []
        var target = "/log?format=json"
        while true {
            let page = try JSONValue(parsing: await get(target).body)
            seen += page["records"]?.array?.compactMap { $0["position"]?.string } ?? []
            guard let next = page["next"]?.string else { break }
            target = "/log?format=json&before=\(percentEncoded(next))"
        }
        #expect(seen.count == SampleFleet.records.count)
        #expect(Set(seen).count == seen.count)
    }

    @Test func `health answers in the form of Kubernetes`() async {
        let site = Site(
            readModel: SampleFleet.empty, now: { SampleFleet.now }, livenessChecks: [HealthCheck("loop") { .healthy }],
            readinessChecks: [HealthCheck("log") { .healthy }, HealthCheck("lease") { .failed("no leader for 12 s") }])
        func ask(_ target: String) async -> SiteAnswer { await site.answer(to: SiteRequest(target: target)) }
        #expect(await ask("/livez").status == 200)
        #expect(await ask("/livez").body == "ok\n")
        #expect(await ask("/livez?verbose").body == "[+]loop ok\nlivez check passed\n")
        #expect(await ask("/readyz").status == 503)
        #expect(await ask("/readyz").body == "[+]log ok\n[-]lease failed: no leader for 12 s\nreadyz check failed\n")
        #expect(await ask("/readyz?exclude=lease").status == 200)
        #expect(await ask("/readyz/log").status == 200)
        #expect(await ask("/readyz/nothing").status == 404)
    }

    @Test func `metrics are the snapshot as text`() async {
        let site = Site(readModel: SampleFleet.empty, now: { SampleFleet.now }, metrics: {
            [MetricFamily.rates("fairlead_link_effective_bytes_per_second", help: "Effective capacity.", [(["link": "wan-a"], .megabits(400))])]
        })
        let answer = await site.answer(to: SiteRequest(target: "/metrics"))
        #expect(answer.contentType == PrometheusText.contentType)
        #expect(answer.body.hasSuffix("fairlead_link_effective_bytes_per_second{link=\"wan-a\"} 50000000\n"))
    }

    @Test func `names of any kind survive the way into an address and back`() {
        for name in ["plant-a", SampleFleet.hostile.text, "a/b", "a b+c%d?e&f#g", "ä日本", ".."] {
            let path = SiteRoute.path(of: ClusterID(name))
            #expect(SiteRequest(target: path).segments.flatMap { SiteRoute($0) } == .cluster(ClusterID(name)), "\(path)")
            let position = LogPosition(stream: StreamName(cluster: ClusterID(name), spool: "x'\"y"), sequence: 7)
            #expect(SiteRequest(target: SiteRoute.path(of: position)).segments.flatMap { SiteRoute($0) } == .decision(position))
        }
        #expect(shellQuoted("plant-a/4f/1") == "plant-a/4f/1")
        #expect(shellQuoted("a'b; rm") == "'a'\\''b; rm'")
    }

    @Test func `static files are there by name only`() async {
        #expect(await get("/static/fairlead.css").status == 200)
        #expect(await get("/static/fairlead.js").contentType == "text/javascript; charset=utf-8")
        #expect(await get("/static/../Site.swift").status == 404)
    }
}

/// A log that is away; its error holds what must not be shown.
struct UnreadableFleet: FleetReadModel {
    struct Away: Error { let detail = "password=secret" }
    func clusters() async throws -> [ClusterOverview] { throw Away() }
    func timeline(of cluster: ClusterID, from: WallTime, to: WallTime, points: Int) async throws -> ClusterTimeline? { throw Away() }
    func alerts() async throws -> [AlertOverview] { throw Away() }
    func decision(at position: LogPosition) async throws -> DecisionRecord? { throw Away() }
    func newestAllocation() async throws -> AllocationOverview? { throw Away() }
    func logPage(stream: StreamName?, before: LogCursor?, limit: Int) async throws -> LogPage { throw Away() }
    func heads() async throws -> [StreamHeadPosition] { throw Away() }
}

/// Counts that each element that is opened is closed in turn: the mistakes of a template show here.
enum TagBalance {
    private static let void: Set<Substring> = ["meta", "link", "img", "br", "hr", "input"]

    static func unbalanced(in text: String) -> [String] {
        var open: [Substring] = []
        var wrong: [String] = []
        for piece in text.split(separator: "<").dropFirst(text.hasPrefix("<") ? 0 : 1) where !piece.hasPrefix("!") {
            let tag = piece.prefix { $0 != ">" }
            let name = tag.drop { $0 == "/" }.prefix { !$0.isWhitespace && $0 != "/" && $0 != ">" }
            if tag.hasPrefix("/") {
                if open.last == name { open.removeLast() } else { wrong.append("</\(name)> inside <\(open.last ?? "nothing")>") }
            } else if !tag.hasSuffix("/"), !void.contains(name) {
                open.append(name)
            }
        }
        return wrong + open.map { "<\($0)> is not closed" }
    }
}
