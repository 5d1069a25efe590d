public import JSONDocument
import Events
import Quantities

extension DecisionExplanation {
    /// The decision with every field under its own name, the unit at the name's end, and the rendered lines beside them.
    /// The names do not change within a major version.
    public var json: JSONValue {
        let names = RosterNames(roster: roster)
        var members: [JSONValue.Member] = [
            .init("position", .string(position.description)), .init("stream", .string(position.stream.text)),
            .init("sequence", .integer(position.sequence)), .init("cluster", .optional(roster?.cluster.text ?? position.stream.cluster?.text)),
            .init("tick", .integer(tick.number)), .init("at", .string(tick.at.description)),
            .init("is_leader", .bool(tick.isLeader)), .init("grant", .optional(tick.grant?.description)),
        ]
        if let decision = tick.decision {
            members += [
                .init("link", .string(names.link(decision.link))), .init("is_shadow", .bool(decision.isShadow)),
                .init("law", ["name": .string(names.lawName(decision.law)), "parameters": .optional(names.law(decision.law)?.parameters)]),
                .init("state_before_hex", .string(hexadecimal(decision.stateBefore))),
                .init("input", inputJSON(decision.input, names)), .init("outcome", outcomeJSON(decision.outcome)),
                .init("sentence", .string(DecisionSentence(decision, roster: roster).text)),
                .init("meaning", .string(ReasonSentence(decision.outcome.reason).meaning)),
                .init("operator_may", .string(ReasonSentence(decision.outcome.reason).operatorMay)),
            ]
        }
        members.append(.init("patches", .array(settled.map { PatchSentence($0).json })))
        members.append(.init("lines", .array(lines.map { .string($0) })))
        return .object(members)
    }

    private func inputJSON(_ input: LoopInput, _ names: RosterNames) -> JSONValue {
        [
            "flow": input.flow == nil ? .null : .string(names.flow(input.flow)), "quality": .string(input.quality.word),
            "count": .integer(input.count), "raw_p95_ms": .milliseconds(input.raw), "age_ms": .optional(input.ageMilliseconds),
            "loss_ppm": .optional(input.lossPartsPerMillion), "target_ms": .milliseconds(input.target),
            "bound_ms": .milliseconds(input.bound), "elapsed_ms": .integer(input.elapsedMilliseconds),
            "used_bits_per_second": .bitsPerSecond(input.used), "applied_bits_per_second": .bitsPerSecond(input.applied),
            "floor_bits_per_second": .bitsPerSecond(input.floor), "ceiling_bits_per_second": .bitsPerSecond(input.ceiling),
            "grant_bits_per_second": .bitsPerSecond(input.grant), "evidence_bits": .integer(input.evidence.rawValue),
        ]
    }

    private func outcomeJSON(_ outcome: LoopOutcome) -> JSONValue {
        [
            "action": .string(outcome.action.word), "reason": .string(outcome.reason.word),
            "smoothed_ms": .milliseconds(outcome.smoothed), "lower_threshold_ms": .milliseconds(outcome.lowerThreshold),
            "upper_threshold_ms": .milliseconds(outcome.upperThreshold), "proposed_bits_per_second": .bitsPerSecond(outcome.proposed),
            "after_flap_budget_bits_per_second": .bitsPerSecond(outcome.afterFlapBudget),
            "after_cooldown_bits_per_second": .bitsPerSecond(outcome.afterCooldown), "after_clamp_bits_per_second": .bitsPerSecond(outcome.afterClamp),
            "desired_bits_per_second": .bitsPerSecond(outcome.desired), "requested_bits_per_second": .bitsPerSecond(outcome.requested),
            "suffered_at_bits_per_second": .bitsPerSecond(outcome.sufferedAt), "counterfactual_ms": .milliseconds(outcome.counterfactual),
            "counterfactual_action": .optional(outcome.counterfactualAction?.word),
        ]
    }
}
