public import Events
public import Quantities

/// A decision, explained in at most twelve lines of plain text: what it read, by which law, against which thresholds, what each
/// stage made of it, why, what came of it, and what would have changed it. CLI, page, webhook and Kubernetes Event show these
/// lines; nothing in them is stored, all of it is rendered from the row.
public struct DecisionExplanation: Sendable {
    public static let maximumLines = 12

    public let position: LogPosition
    public let tick: Tick
    public let roster: Roster?
    /// The patches that carried the decision out, one for each workload; empty where none was tried or none is known of.
    public let settled: [PatchRecord]
    let now: WallTime?

    /// - Parameter now: for the age on the first line; without it only the civil time stands there.
    public init(position: LogPosition, tick: Tick, roster: Roster?, settled: [PatchRecord] = [], now: WallTime? = nil) {
        self.position = position
        self.tick = tick
        self.roster = roster
        self.settled = settled
        self.now = now
    }

    public init(position: LogPosition, tick: Tick, roster: Roster?, settle: PatchRecord?, now: WallTime? = nil) {
        self.init(position: position, tick: tick, roster: roster, settled: settle.map { [$0] } ?? [], now: now)
    }

    /// One to twelve lines, each `name  text`, without control characters.
    public var lines: [String] { parts.map { plainLine($0.label.isEmpty ? $0.text : DecisionExplanation.padded($0.label) + $0.text) } }

    /// The same lines, taken apart for a page's table.
    public var parts: [Part] {
        guard let decision = tick.decision else {
            return [heading(link: nil), Part(label: "decided", text: "Nothing: the cluster has no loop.")] + samples
        }
        let names = RosterNames(roster: roster)
        return [
            heading(link: names.link(decision.link)),
            Part(label: "decided", text: DecisionSentence(decision, roster: roster).text),
            inputs(decision, names), rates(decision, names), law(decision, names), thresholds(decision),
            evidence(decision), Part(label: "stages", text: StageTrail(decision).text),
            Part(label: "reason", text: "\(decision.outcome.reason.word). \(ReasonSentence(decision.outcome.reason).meaning)"),
            Part(label: "otherwise", text: otherwise(decision.outcome)), result(decision),
            Part(label: "you may", text: ReasonSentence(decision.outcome.reason).operatorMay),
        ]
    }

    /// A line's name and its text.
    public struct Part: Hashable, Sendable {
        public let label: String
        public let text: String
    }

    private static func padded(_ label: String) -> String {
        label + String(repeating: " ", count: max(2, 12 - label.count))
    }
}

extension DecisionExplanation {
    private func heading(link: String?) -> Part {
        let age = now.map { " (\(Age(of: tick.at, at: $0).text))" } ?? ""
        let place = [roster?.cluster.text ?? position.stream.cluster?.text, link.map { "on \($0)" }].compactMap { $0 }
        let role = tick.isLeader ? "" : ", by a replica that does not lead"
        let shadow = tick.decision?.isShadow == true ? ", a shadow that acts on nothing" : ""
        return Part(
            label: "",
            text: "decision \(position)  ·  \(place.joined(separator: " "))  ·  tick \(tick.number), \(tick.at)\(age)\(role)\(shadow)")
    }

    private var samples: [Part] {
        tick.flows.prefix(8).enumerated().map { index, sample in
            Part(label: RosterNames(roster: roster).flow(Int16(index)), text: "\(sample.quality.word), p95 \(exact(sample.p95))")
        }
    }

    private func inputs(_ decision: LoopDecision, _ names: RosterNames) -> Part {
        let input = decision.input
        let age = input.ageMilliseconds.map { "newest answer \(span(milliseconds: $0)) old" } ?? "never answered"
        let loss = input.lossPartsPerMillion.map { ", loss \(percent(partsPerMillion: $0))" } ?? ""
        let vantage = input.flow.flatMap { names.flowEntry($0) }.map { " from \($0.vantage) by \($0.source)" } ?? ""
        return Part(
            label: "input",
            text: "\(names.flow(input.flow))\(vantage): p95 above base \(exact(input.raw)) raw, "
                + "\(exact(decision.outcome.smoothed)) smoothed; n \(input.count), \(input.quality.word), \(age)\(loss)")
    }

    private func rates(_ decision: LoopDecision, _ names: RosterNames) -> Part {
        let input = decision.input
        let of = names.workloads(crossing: decision.link)
        let grant = tick.grant.map { " (\($0))" } ?? ""
        return Part(
            label: "rates",
            text: "\(of.isEmpty ? "" : "\(of.joined(separator: " + ")): ")used \(rate(input.used, none: "unknown")), "
                + "applied \(rate(input.applied, none: "no limit")), granted \(rate(input.grant, none: "nothing"))\(grant); "
                + "floor \(input.floor.readable), ceiling \(input.ceiling.readable)\(idleCounted(decision))")
    }

    /// Why the sums above are not those of the limits: beside a workload at its limit, an idle one counts with its use.
    private func idleCounted(_ decision: LoopDecision) -> String {
        guard let roster, roster.links.indices.contains(Int(decision.link)) else { return "" }
        let link = roster.links[Int(decision.link)]
        let members = zip(roster.workloads, tick.workloads).filter { $0.0.links.contains(link) }
        let idle = members.filter { $0.1.offered == .belowLimit }.map(\.0.id.text)
        guard !idle.isEmpty, decision.input.applied != members.reduce(BitRate.zero, { $0 + ($1.1.applied ?? .zero) }) else { return "" }
        return "; \(idle.joined(separator: " and ")) \(idle.count == 1 ? "is" : "are") idle: counted with the use, not the limit"
    }

    private func law(_ decision: LoopDecision, _ names: RosterNames) -> Part {
        let parameters = names.law(decision.law)?.parameters ?? ""
        let shown = parameters.isEmpty ? "no parameters" : plainLine(parameters, limit: 120)
        return Part(
            label: "law",
            text: "\(names.lawName(decision.law)) (\(shown)); \(decision.stateBefore.count) bytes of state, "
                + "\(span(milliseconds: decision.input.elapsedMilliseconds)) after its last decision")
    }

    private func thresholds(_ decision: LoopDecision) -> Part {
        let (input, outcome) = (decision.input, decision.outcome)
        return Part(
            label: "thresholds",
            text: "the smoothed p95: raise below \(exact(outcome.lowerThreshold)), lower above \(exact(outcome.upperThreshold)) "
                + "(target \(exact(input.target))); the raw p95: brake above \(exact(input.bound))")
    }

    private func evidence(_ decision: LoopDecision) -> Part {
        let evidence = decision.input.evidence
        let words: [(LoopEvidence, String, String?)] = [
            (.freshSinceChange, "fresh since the last change", nil), (.freshSinceDecrease, "fresh since the last decrease", "not fresh"),
            (.confirmed, "applied as desired", "not read back yet"), (.notEnforced, "not enforced for two ticks", nil),
            (.baseProven, "base proven", "no proven base"), (.paused, "paused", nil), (.standalone, "standalone", nil),
            (.mayAct, "may act", "may not act"), (.resumed, "resumed", nil),
        ]
        var said = words.compactMap { fact, yes, no in evidence.contains(fact) ? yes : no }
        if evidence.contains(.freshSinceChange) { said.removeAll { $0 == "fresh since the last decrease" } }
        if let suffered = decision.outcome.sufferedAt { said.append("suffered at \(suffered.readable)") }
        return Part(label: "evidence", text: said.joined(separator: ", "))
    }

    private func otherwise(_ outcome: LoopOutcome) -> String {
        guard let counterfactual = Counterfactual(outcome) else { return "No steering value would have changed this decision." }
        return "\(counterfactual.text.prefix(1).uppercased())\(counterfactual.text.dropFirst())."
    }

    private func result(_ decision: LoopDecision) -> Part {
        let desired = rate(decision.outcome.desired, none: "no change")
        guard !settled.isEmpty else {
            let requested = decision.outcome.requested.map { ", asked for \($0.readable)" } ?? ""
            return Part(label: "result", text: "desired \(desired)\(requested); no patch is on the log for this decision")
        }
        let patches = settled.prefix(4).map { PatchSentence($0).clause }.joined(separator: "; ")
        let more = settled.count > 4 ? "; and \(settled.count - 4) more" : ""
        return Part(label: "result", text: "desired \(desired); \(patches)\(more)")
    }
}
