import JSONDocument
import Quantities

/// The body of Alertmanager's webhook, version 4, so that receivers that understand the one understand the other
/// (Prometheus documentation, "Alerting: configuration", `<webhook_config>`).
public enum AlertmanagerPayload {
    /// One message about the alerts of one cluster.
    public static func text(receiver: String, cluster: String, alerts: [Alert], externalURL: String) -> String {
        let isFiring = alerts.contains { $0.endsAt == nil }
        let document: JSONValue = [
            "version": .string("4"),
            "groupKey": .string("{}:{cluster=\"\(escapedInMatcher(cluster))\"}"),
            "truncatedAlerts": .integer(0),
            "status": .string(isFiring ? "firing" : "resolved"),
            "receiver": .string(receiver),
            "groupLabels": object(["cluster": cluster]),
            "commonLabels": object(common(alerts.map(\.labels))),
            "commonAnnotations": object(common(alerts.map(annotations))),
            "externalURL": .string(externalURL),
            "alerts": .array(alerts.map { alert($0, externalURL: externalURL) }),
        ]
        return document.text
    }

    private static func alert(_ alert: Alert, externalURL: String) -> JSONValue {
        [
            "status": .string(alert.endsAt == nil ? "firing" : "resolved"),
            "labels": object(alert.labels),
            "annotations": object(annotations(of: alert)),
            "startsAt": .string(alert.startsAt.description),
            // The zero of Go's time, which Alertmanager writes for an alert that has no end yet.
            "endsAt": .string(alert.endsAt?.description ?? "0001-01-01T00:00:00Z"),
            "generatorURL": .string(externalURL.isEmpty ? "" : "\(externalURL)/alerts#\(alert.fingerprint)"),
            "fingerprint": .string(alert.fingerprint),
        ]
    }

    private static func annotations(of alert: Alert) -> [String: String] {
        var annotations = ["summary": alert.summary]
        if !alert.runbook.isEmpty { annotations["runbook_url"] = alert.runbook }
        return annotations
    }

    /// What is equal in all of them.
    private static func common(_ sets: [[String: String]]) -> [String: String] {
        guard let first = sets.first else { return [:] }
        return first.filter { pair in sets.allSatisfy { $0[pair.key] == pair.value } }
    }

    /// In order of name: equal maps give equal bytes.
    private static func object(_ map: [String: String]) -> JSONValue {
        .object(map.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .string($0.value)) })
    }

    private static func escapedInMatcher(_ value: String) -> String {
        var escaped = ""
        for character in value {
            if character == "\"" || character == "\\" { escaped += "\\" }
            escaped.append(character)
        }
        return escaped
    }
}
