import Adapters
import Glibc
import JSONDocument
import Quantities
import Testing
import Webhook

@testable import fairlead

/// Aim: the development receiver believes what it should and nothing else. Method: messages signed well and badly, by hand.
@Suite struct WebhookInboxTests {
    private let now = WallTime(microseconds: 1_800_000_000_000_000)
    private let secret = WebhookSecret(key: [UInt8](repeating: 7, count: 32))!
    private let path: String
    private let inbox: WebhookInbox

    init() throws {
        var template = Array("/tmp/fairlead-inbox-XXXXXX".utf8CString)
        close(mkstemp(&template))
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        inbox = WebhookInbox(secrets: [secret], record: try WebhookRecord(path: path), failFirst: 1)
        _ = send("first", "{}")
    }

    private func send(_ id: String, _ body: String, secret other: WebhookSecret? = nil, secondsOff: Int64 = 0) -> Int {
        let seconds = now.microseconds / 1_000_000 + secondsOff
        let signature = WebhookSignature.header(
            id: id, timestampSeconds: seconds, body: Array(body.utf8), secrets: [other ?? secret])
        return inbox.take(id: id, timestamp: "\(seconds)", signature: signature, body: Array(body.utf8), now: now)
    }

    @Test func `a signed message is written down as one line, a repetition as such, and counted once`() {
        defer { unlink(path) }
        #expect(send("m1", "{\"version\":\"4\"}") == 204)
        #expect(send("m1", "{\"version\":\"4\"}") == 204)
        #expect(send("m2", "{\"a\":\"\\n\"}") == 204)
        let lines = WebhookRecord.lines(at: path)
        #expect(lines.map { $0["webhook_id"]?.string } == ["m1", "m1", "m2"])
        #expect(lines.map { $0["is_repetition"]?.bool } == [false, true, false])
        #expect(lines[0]["payload"]?["version"]?.string == "4")
        #expect(WebhookRecord.count(at: path) == 2)
    }

    @Test func `what is not to be believed is refused and not written down`() {
        defer { unlink(path) }
        #expect(send("m1", "{}", secret: WebhookSecret(key: [UInt8](repeating: 8, count: 32))!) == 401)
        #expect(send("m1", "{}", secondsOff: -400) == 401)
        #expect(send("m1", "{}", secondsOff: 400) == 401)
        #expect(inbox.take(id: "m1", timestamp: nil, signature: nil, body: [], now: now) == 401)
        #expect(send("m1", "no JSON") == 400)
        #expect(WebhookRecord.lines(at: path).isEmpty)
    }

    @Test func `the first ones fail as told, whatever they are`() throws {
        defer { unlink(path) }
        let failing = WebhookInbox(secrets: [secret], record: try WebhookRecord(path: path), failFirst: 2)
        #expect((0..<3).map { _ in failing.take(id: nil, timestamp: nil, signature: nil, body: [], now: now) } == [503, 503, 401])
    }
}
