import Events
import Explanation
import JSONDocument
import Quantities
import ReadModel

/// `/alerts`: what fires, what is about to, and what was resolved lately.
struct AlertsPage {
    let readModel: any FleetReadModel
    let now: WallTime

    func answer(_ request: SiteRequest) async throws -> SiteAnswer {
        let alerts = try await readModel.alerts()
        if request.wantsJSON { return .json(["as_of": .string(now.description), "alerts": .array(alerts.map(json))]) }
        return .html(
            Page(title: "Alerts", section: .alerts, now: now, isLive: true).render("alerts", [
                "alerts": alerts.map(row), "is_empty": alerts.isEmpty, "quiet": !alerts.contains { $0.change.state != .resolved },
                "counts": [AlertChange.State.firing, .pending].map { state in
                    let count = alerts.count { $0.change.state == state }
                    return ["class": count == 0 ? "calm" : cssClass(state), "symbol": count == 0 ? symbol(.resolved) : symbol(state), "text": "\(count) \(state.rawValue)"]
                        as [String: Any]
                },
            ]))
    }

    private func row(_ alert: AlertOverview) -> [String: Any] {
        var row: [String: Any] = [
            "rule": alert.change.rule, "state": alert.change.state.rawValue, "class": cssClass(alert.change.state),
            "symbol": symbol(alert.change.state), "sentence": AlertSentence(alert.change, since: alert.since, now: now).text,
            "age": Page.age(alert.since, now),
            "labels": AlertSentence(alert.change).labels, "position": alert.position.description,
            "position_path": LogListPage.path(to: alert.position),
        ]
        if let cluster = alert.change.labels["cluster"] {
            row["cluster"] = ["name": cluster, "path": SiteRoute.path(of: ClusterID(cluster))] as [String: Any]
        }
        return row
    }

    private func json(_ alert: AlertOverview) -> JSONValue {
        [
            "rule": .string(alert.change.rule), "state": .string(alert.change.state.rawValue),
            "fingerprint": .string(alert.change.fingerprint), "since": .string(alert.since.description),
            "labels": .object(alert.change.labels.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }),
            "summary": .string(alert.change.summary), "position": .string(alert.position.description),
            "sentence": .string(AlertSentence(alert.change, since: alert.since, now: now).text),
        ]
    }

    private func cssClass(_ state: AlertChange.State) -> String {
        switch state {
        case .firing: "bad"
        case .pending: "warn"
        case .resolved: "calm"
        }
    }
    private func symbol(_ state: AlertChange.State) -> String {
        switch state {
        case .firing: "■"
        case .pending: "▲"
        case .resolved: "✓"
        }
    }
}
