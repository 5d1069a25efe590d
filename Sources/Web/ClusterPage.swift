import Charts
import Events
import Explanation
import JSONDocument
import Quantities
import ReadModel

/// `/c/{cluster}`: how its flows stand, what happened lately, who uses what, and what was decided.
struct ClusterPage {
    /// How many points a timeline has at most: about one for each pixel and a half.
    static let points = 600
    static let windows = ["5m", "15m", "1h", "6h", "24h", "168h"]
    static let shownDecisions = 50

    let readModel: any FleetReadModel
    let cluster: ClusterID
    let now: WallTime

    func answer(_ request: SiteRequest) async throws -> SiteAnswer {
        let window = try window(request)
        let timeline = try await timeline(window)
        guard let overview = try await readModel.clusters().first(where: { $0.cluster == cluster }) else { throw nobody }
        let status = ClusterStatus(overview, now: now)
        if request.wantsJSON { return .json(json(status, timeline)) }
        let allocation = try await readModel.newestAllocation()?.allocation
        var values: [String: Any] = [
            "cluster": cluster.text, "state": state(status.condition), "mode": overview.roster?.mode ?? "unknown",
            "stale": status.isStale, "sentence": status.sentence ?? "Nothing was decided yet.",
            "windows": ClusterPage.windows.map { name in
                ["name": name == "168h" ? "7d" : name, "path": "\(SiteRoute.path(of: cluster))?window=\(name)", "current": name == window.name] as [String: Any]
            },
            "picture_path": "\(SiteRoute.path(of: cluster))/timeline.svg?window=\(window.name)",
            "svg": ClusterTimelineChart(timeline: timeline).chart.svg, "flows": flows(status), "workloads": workloads(status, allocation),
            "decisions": decisions(timeline), "has_decisions": !timeline.decisions.isEmpty, "window": window.name,
            "decision_count": timeline.decisions.count, "log_path": logPath(overview),
        ]
        if let seen = seen(status) { values["seen"] = seen }
        return .html(Page(title: cluster.text, section: .fleet, now: now, isLive: true).render("cluster", values))
    }

    /// The same chart alone, for a note or a mail.
    func picture(_ request: SiteRequest) async throws -> SiteAnswer {
        let timeline = try await timeline(try window(request))
        return SiteAnswer(
            contentType: "image/svg+xml; charset=utf-8", fields: [("cache-control", "no-store")],
            body: ClusterTimelineChart(timeline: timeline).chart.svg)
    }

    private var nobody: PageProblem {
        PageProblem(status: 404, title: "No such cluster", sentence: "No stream of this cluster is on the log. The fleet is at the start page.")
    }

    private func timeline(_ window: (name: String, span: Nanoseconds)) async throws -> ClusterTimeline {
        let from = now + Nanoseconds(-window.span.count)
        guard let timeline = try await readModel.timeline(of: cluster, from: from, to: now, points: ClusterPage.points) else { throw nobody }
        return timeline
    }

    private func window(_ request: SiteRequest) throws -> (name: String, span: Nanoseconds) {
        let name = request.query["window"] ?? "15m"
        do {
            let span = try Nanoseconds(parsing: name)
            guard span >= .seconds(30), span <= .seconds(7 * 86_400) else {
                throw PageProblem(status: 400, title: "No such window", sentence: "A window lasts from 30s to 168h (a week).")
            }
            return (name, span)
        } catch let error as QuantityError {
            throw PageProblem(status: 400, title: "No such window", sentence: "The window \(error).")
        }
    }

    private func seen(_ status: ClusterStatus) -> [String: Any]? {
        guard let tick = status.overview.newest.first?.tick, let received = status.overview.receivedAt else { return nil }
        return Page.age(min(tick.at, received), now, prefix: status.isStale ? "last seen " : "")
    }

    private func flows(_ status: ClusterStatus) -> [[String: Any]] {
        guard let roster = status.overview.roster, let tick = status.overview.newest.first?.tick else { return [] }
        return FlowStanding.all(in: tick, roster: roster).map { standing in
            let sample = standing.sample
            var row = flowCell(standing)
            row["target"] = standing.flow.target.description
            row["bound"] = standing.flow.bound.description
            row["p95"] = sample.p95?.description ?? "no number"
            row["p99"] = sample.p99?.description ?? "–"
            row["base"] = sample.base?.description ?? "not proven"
            row["count"] = "\(sample.count) of \(sample.count + sample.lost)"
            row["loss"] = sample.lossPartsPerMillion.map { "\(decimal(Double($0) / 10_000, fractionDigits: 2)) %" } ?? "–"
            row["quality"] = sample.quality.word
            row["meaning"] = QualitySentence(sample.quality).text
            row["answer_age"] = sample.ageMilliseconds.map { "\($0) ms" } ?? "never"
            row["source"] = "\(standing.flow.source) from \(standing.flow.vantage)"
            return row
        }
    }

    private func workloads(_ status: ClusterStatus, _ allocation: AllocationRecord?) -> [[String: Any]] {
        guard let roster = status.overview.roster, let tick = status.overview.newest.first?.tick else { return [] }
        return zip(roster.workloads, tick.workloads).map { workload, use in
            let share = allocation?.shares.first { $0.cluster == cluster && $0.workload == workload.id }
            return [
                "workload": workload.id.text, "used": rateCell(use.used, none: use.quality.word),
                "applied": rateCell(use.applied, none: "no limit"), "desired": rateCell(use.desired, none: "undecided"),
                "bounds": "\(workload.floor.readable) – \(workload.ceiling.readable)", "replicas": use.replicas,
                "share": share.flatMap { share in allocation.map { ShareExplanation(share, in: $0).text } } ?? "Not allocated by the coordinator.",
                "meaning": UseQualitySentence(use.quality).text,
            ]
        }
    }

    private func decisions(_ timeline: ClusterTimeline) -> [[String: Any]] {
        timeline.decisions.prefix(ClusterPage.shownDecisions).compactMap { row in
            guard let decision = row.tick.decision else { return nil }
            return [
                "path": SiteRoute.path(of: row.position), "position": row.position.description, "age": Page.age(row.tick.at, now),
                "time": Page.time(row.tick.at), "action": decision.outcome.action.word, "reason": decision.outcome.reason.word,
                "sentence": DecisionSentence(decision, roster: timeline.roster).text,
                "class": decision.outcome.reason == .brakedAboveBound ? "bad" : decision.outcome.action == .increase ? "good" : "warn",
            ]
        }
    }

    private func logPath(_ overview: ClusterOverview) -> String {
        guard let stream = overview.newest.first?.position.stream else { return "/log" }
        return "/log?stream=\(percentEncoded(stream.text))"
    }

    private func json(_ status: ClusterStatus, _ timeline: ClusterTimeline) -> JSONValue {
        [
            "as_of": .string(now.description), "status": status.json, "from": .string(timeline.from.description),
            "to": .string(timeline.to.description),
            "points": .array(timeline.points.map { point in
                [
                    "at": .string(point.at.description), "span_ms": .integer(point.spanMilliseconds),
                    "flows": .array(point.flows.map { ["quality": .string($0.quality.word), "p95_ms": .milliseconds($0.p95)] }),
                    "used_bits_per_second": .bitsPerSecond(point.used), "applied_bits_per_second": .bitsPerSecond(point.applied),
                    "desired_bits_per_second": .bitsPerSecond(point.desired),
                ]
            }),
            "decisions": .array(timeline.decisions.map {
                DecisionExplanation(position: $0.position, tick: $0.tick, roster: timeline.roster, now: now).json
            }),
        ]
    }
}
