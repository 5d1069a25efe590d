public import JSONDocument
import ControlLaw
import Events
import Quantities

extension LawReplay {
    public var json: JSONValue {
        [
            "reproduced": .bool(findingCount == 0), "decisions": .integer(rows), "successions": .integer(successions),
            "findings": .integer(findingCount),
            "first_findings": .array(findings.map { finding in
                ["decision": .string(finding.position.description), "kind": .string(finding.kind.rawValue), "detail": .string(finding.detail)]
            }),
        ]
    }
}

extension LawBacktest {
    public var json: JSONValue {
        [
            "law": .string(law.name), "parameters": .string(law.parameters), "limit": .string(LawBacktest.limit),
            "unnamed_rows": .integer(unnamedRows),
            "loops": .array(loops.sorted { $0.key < $1.key }.map { loop, tally in
                [
                    "stream": .string(loop.stream.text), "link": .string(loop.link.text), "recorded_law": .string(tally.recordedLaw),
                    "decisions": .integer(tally.decisions), "alike_ratio": .measured(tally.alikeRatio, fractionDigits: 6),
                    "other_action": .integer(tally.otherAction), "ticks_above_target": .integer(tally.aboveTarget),
                    "ticks_above_bound": .integer(tally.aboveBound), "ticks_unmeasured": .integer(tally.unmeasured),
                    "recorded": tally.recorded.json, "tried": tally.tried.json,
                    "first_divergence": tally.firstDivergence.map { divergence in
                        [
                            "decision": .string(divergence.position.description), "at": .string(divergence.at.description),
                            "recorded": .string(divergence.recorded), "tried": .string(divergence.tried),
                        ]
                    } ?? .null,
                ]
            }),
        ]
    }
}

extension LawCourse {
    var json: JSONValue {
        [
            "brakes": .integer(brakes), "excesses": .integer(excesses), "foreseen": .integer(foreseen), "missed": .integer(missed),
            "false_brakes": .integer(falseBrakes), "desired_mean_bits_per_second": .optional(meanDesired?.bitsPerSecond),
            "patches": .integer(patches), "reversals": .integer(reversals),
        ]
    }
}
