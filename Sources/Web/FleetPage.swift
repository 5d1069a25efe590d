import Events
import Explanation
import JSONDocument
import Quantities
import ReadModel

/// `/`: one row per cluster, the worst first.
struct FleetPage {
    let readModel: any FleetReadModel
    let now: WallTime

    func answer(_ request: SiteRequest) async throws -> SiteAnswer {
        let rows = ClusterStatus.all(try await readModel.clusters(), now: now)
        if request.wantsJSON { return .json(ClusterStatus.document(rows, now: now)) }
        return .html(
            Page(title: "Fleet", section: .fleet, now: now, isLive: true).render("fleet", [
                "rows": rows.map(row), "is_empty": rows.isEmpty, "summary": FleetPage.summary(rows),
                "firing": rows.reduce(0) { $0 + $1.overview.alertsFiring },
            ]))
    }

    /// `1 suffering, 1 silent, 3 within target`, worst first.
    private static func summary(_ rows: [ClusterStatus]) -> [[String: Any]] {
        ClusterCondition.allCases.reversed().compactMap { condition in
            let count = rows.count { $0.condition == condition }
            return count == 0 ? nil : ["count": count, "word": condition.word.lowercased(), "class": condition.cssClass, "symbol": condition.symbol]
        }
    }

    private func row(_ status: ClusterStatus) -> [String: Any] {
        var row: [String: Any] = [
            "cluster": status.cluster.text, "path": SiteRoute.path(of: status.cluster), "mode": status.overview.roster?.mode ?? "",
            "state": state(status.condition), "stale": status.isStale,
            "used": rateCell(status.used, none: "unknown"), "applied": rateCell(status.applied, none: "no limit"),
            "desired": rateCell(status.desired, none: "undecided"),
            "firing": status.overview.alertsFiring, "has_firing": status.overview.alertsFiring > 0,
            "pending": status.overview.alertsPending, "has_pending": status.overview.alertsPending > 0,
            "has_no_alert": status.overview.alertsFiring == 0 && status.overview.alertsPending == 0,
        ]
        if let worst = status.worst { row["worst"] = flowCell(worst) }
        if let decision = status.decision, let sentence = status.sentence {
            row["decision"] = ["path": SiteRoute.path(of: decision.position), "sentence": sentence] as [String: Any]
        }
        if let tick = status.overview.newest.first?.tick, let received = status.overview.receivedAt {
            row["seen"] = Page.age(min(tick.at, received), now, prefix: status.isStale ? "last seen " : "")
        }
        return row
    }
}

/// The cells that several pages share.
func state(_ condition: ClusterCondition) -> [String: Any] {
    ["word": condition.word, "symbol": condition.symbol, "class": condition.cssClass]
}

/// A rate, or the words for its absence, which are set apart by a class.
func rateCell(_ rate: BitRate?, none: String) -> [String: Any] {
    ["text": rate?.readable ?? none, "class": rate == nil ? "absent" : "rate"]
}

func flowCell(_ standing: FlowStanding) -> [String: Any] {
    [
        "flow": standing.flow.id.text, "text": standing.text, "standing": standing.level.word,
        "class": standing.level.cssClass,
        "bound": "bound \(standing.flow.bound)",
    ]
}

extension ClusterCondition {
    var cssClass: String {
        switch self {
        case .withinTarget: "good"
        case .observing, .paused: "calm"
        case .aboveTarget, .notEnforced: "warn"
        case .unmeasured, .silent, .neverSeen: "unknown"
        case .suffering: "bad"
        }
    }
}

extension FlowStanding.Level {
    var cssClass: String {
        switch self {
        case .withinTarget: "good"
        case .aboveTarget: "warn"
        case .unmeasured: "unknown"
        case .aboveBound: "bad"
        }
    }
}
