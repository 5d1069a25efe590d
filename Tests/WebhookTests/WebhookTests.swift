// Aim: a receiver that follows Standard Webhooks 1.0.0 believes what we send, and each of its answers has its consequence.
// Method: the specification's published vector, and deliveries to a scripted receiver.
import HTTPTransport
import Quantities
import ScriptedHTTP
import Testing
import Webhook

private let secretText = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
private func secret(_ text: String = secretText) throws -> WebhookSecret { try #require(WebhookSecret(parsing: text)) }
private let now = WallTime(microseconds: 1_614_265_330_999_999)

@Suite struct WebhookSignatureTests {
    let body = Array(#"{"test": 2432232314}"#.utf8)

    @Test func `the published vector is signed as published`() throws {
        let header = WebhookSignature.header(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestampSeconds: 1_614_265_330, body: body, secrets: [try secret()])
        #expect(header == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test func `a message is believed while it is fresh and whole, under either of two secrets`() throws {
        let other = try secret("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX")
        let signature = WebhookSignature.header(id: "m", timestampSeconds: 1_614_265_330, body: body, secrets: [other, try secret()])
        #expect(signature.split(separator: " ").count == 2)
        func verdict(
            id: String? = "m", timestamp: String? = "1614265330", signature: String?, body: [UInt8]? = nil, secrets: [WebhookSecret], at: WallTime = now
        ) -> WebhookSignature.Rejection? {
            switch WebhookSignature.verify(id: id, timestamp: timestamp, signature: signature, body: body ?? self.body, secrets: secrets, now: at) {
            case .success: nil
            case .failure(let rejection): rejection
            }
        }
        #expect(verdict(signature: signature, secrets: [other]) == nil)
        #expect(verdict(signature: signature, secrets: [try secret()]) == nil)
        #expect(verdict(signature: signature, secrets: [try secret("whsec_\(String(repeating: "A", count: 32))")]) == .wrongSignature)
        #expect(verdict(signature: signature, secrets: []) == .wrongSignature)
        #expect(verdict(signature: signature, body: body + [32], secrets: [other]) == .wrongSignature)
        #expect(verdict(id: "n", signature: signature, secrets: [other]) == .wrongSignature)
        #expect(verdict(timestamp: "1614265331", signature: signature, secrets: [other]) == .wrongSignature)
        #expect(verdict(signature: "v1a,\(signature)", secrets: [try secret("whsec_\(String(repeating: "A", count: 32))")]) == .wrongSignature)
        #expect(verdict(signature: nil, secrets: [other]) == .missingHeader)
        #expect(verdict(timestamp: "soon", signature: signature, secrets: [other]) == .missingHeader)
        #expect(verdict(signature: signature, secrets: [other], at: now + .seconds(300)) == .tooOld)
        #expect(verdict(signature: signature, secrets: [other], at: now + .seconds(-302)) == .fromTheFuture)
    }

    @Test func `every single changed bit of a signed message is noticed`() throws {
        let key = try secret()
        let signature = WebhookSignature.header(id: "m", timestampSeconds: 1_614_265_330, body: body, secrets: [key])
        for bit in 0..<(body.count * 8) {
            var changed = body
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            let verdict = WebhookSignature.verify(id: "m", timestamp: "1614265330", signature: signature, body: changed, secrets: [key], now: now)
            guard case .failure(.wrongSignature) = verdict else {
                Issue.record("bit \(bit)")
                continue
            }
        }
    }

    @Test(arguments: ["", "whsec_", "whsec_short", "whsec_####", "whsec_\(String(repeating: "AAAA", count: 22))", "whsec_AAAAAAAAAAAAAAAA"])
    func `a secret of a wrong form or length is none`(text: String) { #expect(WebhookSecret(parsing: text) == nil) }

    @Test func `a secret from a file may end in a line feed, and is never printed`() throws {
        let secret = try secret(secretText + "\n")
        #expect(!"\(secret)".contains("MfKQ"))
        #expect(!String(reflecting: secret).contains("MfKQ"))
    }
}

@Suite struct WebhookRetryScheduleTests {
    @Test func `ten attempts over some three days, then dead`() {
        var total = Nanoseconds.zero
        var attempts = 1
        while let delay = WebhookRetrySchedule.delay(afterAttempts: attempts, retryAfter: nil, jitterThousandths: 0) {
            total = total + delay
            attempts += 1
        }
        #expect(attempts == 10)
        #expect(total == Nanoseconds.seconds(272_105), "5 s, 5 min, 30 min and 75 h")
    }

    @Test func `jitter adds up to a tenth, and a receiver's wish is never cut short`() {
        #expect(WebhookRetrySchedule.delay(afterAttempts: 1, retryAfter: nil, jitterThousandths: 1_000) == .milliseconds(5_500))
        #expect(WebhookRetrySchedule.delay(afterAttempts: 1, retryAfter: .seconds(60), jitterThousandths: 0) == .seconds(60))
        #expect(WebhookRetrySchedule.delay(afterAttempts: 2, retryAfter: .seconds(60), jitterThousandths: 0) == .seconds(300))
    }
}

@Suite struct WebhookSenderTests {
    let sender = WebhookSender(http: HTTPClient(), deadline: .milliseconds(300))
    let message = WebhookMessage(id: "alert-7", body: #"{"version":"4"}"#)

    func outcome(_ answer: ScriptedAnswer, secrets: [WebhookSecret] = []) async -> (WebhookOutcome, [ScriptedRequest]) {
        let server = ScriptedHTTPServer { _ in answer }
        defer { server.stop() }
        let outcome = await sender.deliver(message, to: WebhookDestination(url: "\(server.url)/hook", secrets: secrets), now: now)
        return (outcome, server.requests)
    }

    @Test func `what arrives can be verified by the receiver`() async throws {
        let (outcome, requests) = await outcome(.respond(status: 202), secrets: [try secret()])
        #expect(outcome == .delivered)
        let request = try #require(requests.first)
        #expect(request.method == "POST")
        #expect(request.path == "/hook")
        #expect(request.header("Content-Type") == "application/json")
        #expect(request.header("webhook-id") == "alert-7")
        #expect(request.header("webhook-timestamp") == "1614265330")
        let verdict = WebhookSignature.verify(
            id: request.header("webhook-id"), timestamp: request.header("webhook-timestamp"), signature: request.header("webhook-signature"),
            body: request.body, secrets: [try secret()], now: now)
        guard case .success = verdict else {
            Issue.record("\(verdict)")
            return
        }
    }

    @Test func `without a secret there is no signature`() async throws {
        let (outcome, requests) = await outcome(.respond(status: 200))
        #expect(outcome == .delivered)
        #expect(requests.first?.header("webhook-signature") == nil)
    }

    @Test(arguments: [301, 302, 307, 400, 401, 403, 404, 413, 422, 500, 501, 505])
    func `a failure is tried again`(status: Int) async {
        guard case .retry(let after, let reason) = await outcome(.respond(status: status, headers: [("Location", "/other")])).0 else {
            Issue.record("not tried again")
            return
        }
        #expect(after == nil)
        #expect(reason.contains(String(status)))
    }

    @Test(arguments: [429, 502, 503, 504])
    func `a receiver that is overwhelmed says when to come back`(status: Int) async {
        guard case .retry(let after, _) = await outcome(.respond(status: status, headers: [("Retry-After", "90")])).0 else {
            Issue.record("not tried again")
            return
        }
        #expect(after == .seconds(90))
    }

    @Test func `a redirect is not followed`() async {
        let (_, requests) = await outcome(.respond(status: 302, headers: [("Location", "/other")]))
        #expect(requests.count == 1)
    }

    @Test func `gone is dead`() async { #expect(await outcome(.respond(status: 410)).0 == .dead(.receiverGone)) }

    @Test func `silence, a cut and nobody are tried again, and the secret path is not told`() async {
        for answer in [ScriptedAnswer.hang, .close] {
            guard case .retry(nil, let reason) = await outcome(answer).0 else {
                Issue.record("not tried again")
                continue
            }
            #expect(!reason.contains("hook"))
        }
        let server = ScriptedHTTPServer { _ in .close }
        let url = server.url
        server.stop()
        guard case .retry = await sender.deliver(message, to: WebhookDestination(url: url), now: now) else {
            Issue.record("not tried again")
            return
        }
    }

    @Test func `what cannot be sent is dead at once`() async {
        guard case .dead(.unusable) = await sender.deliver(message, to: WebhookDestination(url: "hook"), now: now) else {
            Issue.record("not dead")
            return
        }
        for id in ["", "a.b", "a b", "a\r\nX: y", String(repeating: "a", count: 201)] {
            guard case .dead(.unusable) = await sender.deliver(
                WebhookMessage(id: id, body: ""), to: WebhookDestination(url: "http://127.0.0.1:1/"), now: now)
            else {
                Issue.record("'\(id)' was sent")
                continue
            }
        }
    }
}
