import Events
import Explanation
import Quantities
import ReadModel

/// `/d/{position}`: one decision, with the same lines as the command line shows.
struct DecisionPage {
    let readModel: any FleetReadModel
    let position: LogPosition
    let now: WallTime

    func answer(_ request: SiteRequest) async throws -> SiteAnswer {
        guard let record = try await readModel.decision(at: position) else {
            throw PageProblem(
                status: 404, title: "No such decision",
                sentence: "No decision stands at \(plainLine(position.description, limit: 80)). A decision's id is stream/sequence.")
        }
        let explanation = DecisionExplanation(
            position: record.position, tick: record.tick, roster: record.roster, settled: record.settled, now: now)
        if request.wantsJSON { return .json(explanation.json) }
        let parts = explanation.parts
        var values: [String: Any] = [
            "position": position.description, "heading": parts.first?.text ?? "",
            "parts": parts.dropFirst().map { ["label": $0.label, "text": $0.text] as [String: Any] },
            "cluster": record.roster?.cluster.text ?? position.stream.cluster?.text ?? "",
            "age": Page.age(record.tick.at, now),
            "command": "fairlead explain decision \(shellQuoted(position.description))",
        ]
        if let cluster = record.roster?.cluster ?? position.stream.cluster { values["cluster_path"] = SiteRoute.path(of: cluster) }
        if let late = late(record) { values["late"] = late }
        if let previous = record.previous { values["previous_path"] = SiteRoute.path(of: previous) }
        if let next = record.next { values["next_path"] = SiteRoute.path(of: next) }
        if let decision = record.tick.decision {
            values["sentence"] = DecisionSentence(decision, roster: record.roster).text
            values["stages"] = StageTrail(decision).stages.map { stage in
                ["name": stage.name, "rate": stage.rate?.readable ?? "–", "class": stage.changed ? "changed" : "same"] as [String: Any]
            }
        }
        return .html(Page(title: "Decision \(position)", section: .fleet, now: now).render("decision", values))
    }

    /// Told where the log heard of the tick much later than it was made: a backlog, or a clock that is off.
    private func late(_ record: DecisionRecord) -> String? {
        let delay = record.receivedAt - record.tick.at
        guard abs(delay.count) > 10_000_000_000 else { return nil }
        return "The log received this \(Age(delay).length) \(delay.count < 0 ? "before" : "after") the shipper's own time: a backlog, or a clock that is off."
    }
}

/// A word as one argument of a POSIX shell.
func shellQuoted(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-_./@:".utf8.contains(byte)
    }
    return isPlain ? word : "'\(word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''"))'"
}
