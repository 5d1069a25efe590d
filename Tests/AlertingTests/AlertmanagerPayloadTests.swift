@testable import Alerting
import JSONDocument
import Quantities
import Testing

/// Aim: receivers of Alertmanager's webhooks understand ours. Method: one golden body, and the label fingerprints of Prometheus' own tests.
@Suite struct AlertmanagerPayloadTests {
    private let firing = Alert(
        fingerprint: "00000000000000aa", rule: "LoopStuckAtFloor",
        labels: ["alertname": "LoopStuckAtFloor", "cluster": "plant-a", "fleet": "test", "link": "uplink", "severity": "critical"],
        summary: "The \"loop\" is stuck\n at \\ its floor", runbook: "https://runbooks/floor", startsAt: WallTime(microseconds: 1_800_000_000_125_000))

    @Test func `the body is that of version 4`() throws {
        var resolved = firing
        resolved.fingerprint = "00000000000000bb"
        resolved.labels["link"] = "wan"
        resolved.endsAt = WallTime(microseconds: 1_800_000_060_000_000)
        let body = AlertmanagerPayload.text(receiver: "on-call", cluster: "plant-a", alerts: [firing, resolved], externalURL: "https://fairlead")
        #expect(try JSONValue(parsing: body).indentedText == #"""
            {
              "version": "4",
              "groupKey": "{}:{cluster=\"plant-a\"}",
              "truncatedAlerts": 0,
              "status": "firing",
              "receiver": "on-call",
              "groupLabels": {
                "cluster": "plant-a"
              },
              "commonLabels": {
                "alertname": "LoopStuckAtFloor",
                "cluster": "plant-a",
                "fleet": "test",
                "severity": "critical"
              },
              "commonAnnotations": {
                "runbook_url": "https://runbooks/floor",
                "summary": "The \"loop\" is stuck\n at \\ its floor"
              },
              "externalURL": "https://fairlead",
              "alerts": [
                {
                  "status": "firing",
                  "labels": {
                    "alertname": "LoopStuckAtFloor",
                    "cluster": "plant-a",
                    "fleet": "test",
                    "link": "uplink",
                    "severity": "critical"
                  },
                  "annotations": {
                    "runbook_url": "https://runbooks/floor",
                    "summary": "The \"loop\" is stuck\n at \\ its floor"
                  },
                  "startsAt": "2027-01-15T08:00:00.125Z",
                  "endsAt": "0001-01-01T00:00:00Z",
                  "generatorURL": "https://fairlead/alerts#00000000000000aa",
                  "fingerprint": "00000000000000aa"
                },
                {
                  "status": "resolved",
                  "labels": {
                    "alertname": "LoopStuckAtFloor",
                    "cluster": "plant-a",
                    "fleet": "test",
                    "link": "wan",
                    "severity": "critical"
                  },
                  "annotations": {
                    "runbook_url": "https://runbooks/floor",
                    "summary": "The \"loop\" is stuck\n at \\ its floor"
                  },
                  "startsAt": "2027-01-15T08:00:00.125Z",
                  "endsAt": "2027-01-15T08:01:00.000Z",
                  "generatorURL": "https://fairlead/alerts#00000000000000bb",
                  "fingerprint": "00000000000000bb"
                }
              ]
            }
            """#)
    }

    @Test func `a fingerprint is the one that Prometheus gives the same labels`() {
        #expect(AlertFingerprint.hash(of: [:]) == 14_695_981_039_346_656_037)
        #expect(AlertFingerprint.hash(of: ["name": "garland, briggs", "fear": "love is not enough"]) == 5_799_056_148_416_392_346)
        #expect(AlertFingerprint.text(of: [:]) == "cbf29ce484222325")
    }

    @Test func `a fingerprint is the text of its number, and a foreign name is not read as one`() {
        #expect(AlertFingerprint.number(of: AlertFingerprint.text(0x0A1)) == 0x0A1)
        #expect(AlertFingerprint.number(of: "00000000000000a1") == 0xA1)
        for name in ["f1", "a1", "+0000000000000a1", "00000000000000A1"] { #expect(AlertFingerprint.number(of: name) != 0xA1 && AlertFingerprint.number(of: name) != 0xF1) }
    }

    @Test func `a fingerprint tells where one label ends and the next begins`() {
        #expect(AlertFingerprint.hash(of: ["a": "bc"]) != AlertFingerprint.hash(of: ["ab": "c"]))
    }

    @Test func `what was told survives the outbox, and foreign text is refused`() {
        let told = [ToldAlert(fingerprint: "aa", isFiring: true, startsAt: WallTime(microseconds: 7)), ToldAlert(fingerprint: "bb", isFiring: false, startsAt: WallTime(microseconds: -1))]
        #expect(ToldAlert.list(parsing: ToldAlert.text(of: told)) == told)
        #expect(ToldAlert.list(parsing: #"[ {"starts_at_us": 7, "firing": true, "fingerprint": "aa"} ]"#) == [told[0]])
        #expect(ToldAlert.list(parsing: #"[{"fingerprint": "aa"}]"#) == nil)
        #expect(ToldAlert.list(parsing: "{") == nil)
    }

    @Test(arguments: [.whole, .loop("wan-a"), .flow("robot-control"), .workload("telemetry")] as [AlertSubject.Part])
    func `a subject's fingerprint is that of its labels`(part: AlertSubject.Part) {
        let subject = AlertSubject("plant-a", part)
        let labels = subject.labels.merging(["alertname": "ShipperSilent", "fleet": "works"]) { first, _ in first }
        #expect(AlertFingerprint.hash(of: .shipperSilent, subject, fleet: "works") == AlertFingerprint.hash(of: labels))
    }
}
