import Adapters
import Alerter
import Cryptography
import EventStore
import Events
import Fleet
import Glibc
import HTTPTransport
import Hummingbird
import JSONDocument
import Logging
import PostgreSQL
import Quantities
import ServiceLifecycle
import Sockets
import Testing
import Webhook

@testable import fairlead

/// Aim: from rows on the log to a signed webhook, through all that stands between in production.
/// Method: a real PostgreSQL, the alerter's service, and the receiver that `fairlead dev` starts, over real sockets.
@Suite struct AlerterServiceTests {
    /// A receiver on a free port, its statuses as they come, and the file it writes.
    private struct Receiver {
        let url: String
        let record: String
        let secretFile: String
        var statuses: AsyncStream<Int>.Iterator
        var lines: [JSONValue] { WebhookRecord.lines(at: record) }
        func remove() {
            for path in [record, secretFile] { unlink(path) }
            rmdir(String(record.dropLast("/record".count)))
        }

        mutating func awaitStatuses(_ count: Int) async -> [Int] {
            var seen: [Int] = []
            while seen.count < count, let status = await statuses.next() { seen.append(status) }
            return seen
        }
    }

    private func withReceiver(
        failFirst: Int, _ group: inout ThrowingTaskGroup<Void, any Error>
    ) async throws -> Receiver {
        var template = Array("/tmp/fairlead-alerter-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let secretFile = "\(directory)/secret"
        let text = "whsec_" + Base64.encode(secureRandomBytes(count: 32)) + "\n"
        let descriptor = open(secretFile, O_WRONLY | O_CREAT, 0o600)
        try #require(write(descriptor, text, text.utf8.count) == text.utf8.count)
        close(descriptor)
        let (statuses, statusReports) = AsyncStream.makeStream(of: Int.self)
        let (ports, portReports) = AsyncStream.makeStream(of: Int.self)
        let inbox = WebhookInbox(
            secrets: try WebhookCarrier.secrets(file: secretFile, of: "test"), record: try WebhookRecord(path: "\(directory)/record"),
            failFirst: failFirst, onAnswer: { statusReports.yield($0) })
        let application = WebhookReceiverServer.application(inbox, Endpoint(.loopback, port: 0)) { portReports.yield($0) }
        group.addTask { try await application.run() }
        let port = try #require(await ports.first { _ in true })
        return Receiver(
            url: "http://127.0.0.1:\(port)/hooks/1", record: "\(directory)/record", secretFile: secretFile,
            statuses: statuses.makeAsyncIterator())
    }

    private func service(_ database: AlerterDatabase, _ receiver: Receiver, holder: String) throws -> AlerterService {
        var fleet = FleetConfiguration.story
        fleet.tick = .milliseconds(100)
        fleet.lease = LeaseSpecification(duration: .seconds(3), renewEvery: .seconds(1))
        fleet.alerts.receivers = [WebhookReceiver(name: "on-call", url: receiver.url, secretFile: receiver.secretFile)]
        fleet.alerts.groupWait = .zero
        fleet.alerts.groupInterval = .milliseconds(100)
        for place in fleet.alerts.rules.indices {
            fleet.alerts.rules[place].isEnabled = fleet.alerts.rules[place].name == "ShipperSilent"
            fleet.alerts.rules[place].pendingFor = .milliseconds(200)
            fleet.alerts.rules[place].keepFiringFor = .milliseconds(100)
        }
        return try AlerterService(
            fleet: fleet, database: database.settings(user: "alerter"), holder: holder, http: HTTPClient(),
            schedule: DeliverySchedule(waits: [.milliseconds(50)], maximumAttempts: 10), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test func `a silent shipper leads to a signed webhook, though the receiver fails twice first, and its return to another`() async throws {
        let database = try await AlerterDatabase()
        try await database.ship()
        try await withThrowingTaskGroup(of: Void.self) { group in
            var receiver = try await withReceiver(failFirst: 2, &group)
            defer { receiver.remove() }
            let (a, b) = (try service(database, receiver, holder: "a"), try service(database, receiver, holder: "b"))
            let first = Task { try await a.run() }
            #expect(await receiver.awaitStatuses(3) == [503, 503, 204])
            let firing = try #require(receiver.lines.first)
            #expect(firing["payload"]?["status"]?.string == "firing")
            #expect(firing["payload"]?["alerts"]?.array?.first?["labels"]?["alertname"]?.string == "ShipperSilent")
            #expect(firing["payload"]?["alerts"]?.array?.first?["labels"]?["cluster"]?.string == "plant-a")
            let settled = "SELECT state || ' ' || attempts FROM fairlead.outbox ORDER BY place"
            #expect(try await database.awaitTexts(settled, ["delivered 3"]) == ["delivered 3"])

            // Another process takes over; what was told is not told again, and the end is.
            first.cancel()
            _ = await first.result
            group.addTask { try await b.run() }
            let leader = "SELECT holder || ' ' || term FROM fairlead.lease"
            #expect(try await database.awaitTexts(leader, ["b 2"]) == ["b 2"])
            let resolved = "SELECT state FROM fairlead.alert"
            let isOver = try await keepShipping(database, until: resolved, ["resolved"])
            #expect(isOver)
            #expect(await receiver.awaitStatuses(1) == [204])
            let lines = receiver.lines
            // On a slow machine the plant may fall silent once more before we look.
            #expect(lines.prefix(2).map { $0["payload"]?["status"]?.string } == ["firing", "resolved"])
            #expect(Set(lines.compactMap { $0["webhook_id"]?.string }).count == lines.count)
            func begin(_ line: JSONValue) -> String? { line["payload"]?["alerts"]?.array?.first?["startsAt"]?.string }
            #expect(begin(lines[0]) == begin(lines[1]), "one alert, one beginning, whoever leads")
            group.cancelAll()
            try? await group.waitForAll()  // a cancelled server may say so
        }

        // The log tells the same story, and its chain holds.
        let changes = "SELECT body::jsonb ->> 'state' FROM fairlead.event WHERE kind = 'alert_changed' ORDER BY seq"
        #expect(try await database.texts(changes).filter { $0 != "pending" }.prefix(2) == ["firing", "resolved"])
        let attempts = "SELECT body::jsonb ->> 'result' FROM fairlead.event WHERE kind = 'notification_settled' ORDER BY seq"
        #expect(try await database.texts(attempts).prefix(3) == ["retry", "retry", "delivered"])
        for report in try await LogVerifier(database.connection(), hash: .libcrypto).verify() { #expect(report.findings.isEmpty) }
    }

    /// Ships a tick at each question, until the answer is this one.
    private func keepShipping(_ database: AlerterDatabase, until query: String, _ wanted: [String]) async throws -> Bool {
        for _ in 0..<400 {
            try await database.ship()
            if try await database.texts(query) == wanted { return true }
            _ = try await database.texts("SELECT 'waited' FROM pg_sleep(0.05)")
        }
        return false
    }

    @Test func `a secret file that is none is told before anything starts`() async throws {
        var fleet = FleetConfiguration.story
        fleet.alerts.receivers = [WebhookReceiver(name: "on-call", url: "http://127.0.0.1:1/", secretFile: "/nonexistent/secret")]
        let error = #expect(throws: AssemblyError.self) {
            try AlerterService(
                fleet: fleet, database: ConnectionSettings(), holder: "a", http: HTTPClient(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
        #expect(
            error?.description
                == "the secret file /nonexistent/secret of on-call cannot be read: there is no such file; make one with: "
                + "echo whsec_$(openssl rand -base64 32)")
    }
}
