public import Events
public import JSONDocument
import Quantities

/// What came of one attempt to set one workload's limit.
public struct PatchSentence: Sendable {
    public let patch: PatchRecord
    public init(_ patch: PatchRecord) { self.patch = patch }

    public var text: String { plainLine("\(clause).") }

    /// `telemetry applied at 120 Mbit/s (was 180 Mbit/s, 2 objects)`.
    var clause: String {
        let was = patch.before.map { "was \($0.readable)" } ?? "had no limit"
        let detail = patch.detail.map { ", \(plainLine($0, limit: 120))" } ?? ""
        return "\(patch.workload) \(PatchSentence.words(patch.result)) \(patch.desired.readable) "
            + "(\(was), \(patch.objectCount) object\(patch.objectCount == 1 ? "" : "s")\(detail))"
    }

    private static func words(_ result: PatchRecord.Result) -> String {
        switch result {
        case .applied: "applied at"
        case .refused: "refused for"
        case .unknown: "unanswered for"
        case .lostRace: "lost the race for"
        case .contested: "contested by another writer for"
        case .gone: "gone before"
        }
    }

    public var json: JSONValue {
        [
            "cluster": .string(patch.cluster.text), "workload": .string(patch.workload.text),
            "desired_bits_per_second": .bitsPerSecond(patch.desired), "before_bits_per_second": .bitsPerSecond(patch.before),
            "result": .string(patch.result.rawValue), "decision": .optional(patch.decision?.description),
            "term": .integer(patch.term), "object_count": .integer(patch.objectCount), "detail": .optional(patch.detail),
        ]
    }
}
