internal import JSONDocument
internal import Quantities

/// A conditional JSON Patch (RFC 6902) on one Pod's annotations.
///
/// It holds only for the Pod it was computed for (`test` on the uid) and only while nobody has written since: `test` on both
/// annotations of ours where they stand, else on the resource version. So a patch that was delayed on its way, by a leader that
/// has lost its term meanwhile, fails instead of undoing its successor's work.
struct PodPatch: Equatable {
    let document: JSONValue

    /// Sets the limit together with its writer.
    init(setting limit: String, key: String, decision: String, epoch: Int64, over pod: PodReadBack) {
        self.init(
            [(key, limit), (FairleadAnnotation.decision, decision), (FairleadAnnotation.epoch, String(epoch))], over: pod)
    }

    /// Takes the Pod over for a term without touching its limit.
    init(claimingFor epoch: Int64, decision: String?, over pod: PodReadBack) {
        var annotations = [(FairleadAnnotation.epoch, String(epoch))]
        if let decision { annotations.append((FairleadAnnotation.decision, decision)) }
        self.init(annotations, over: pod)
    }

    private init(_ annotations: [(key: String, value: String)], over pod: PodReadBack) {
        var operations = [PodPatch.operation("test", "/metadata/uid", .string(pod.uid))]
        if let decision = pod.decision, let epoch = pod.epochText {
            operations.append(PodPatch.operation("test", PodPatch.path(FairleadAnnotation.decision), .string(decision)))
            operations.append(PodPatch.operation("test", PodPatch.path(FairleadAnnotation.epoch), .string(epoch)))
        } else {
            operations.append(PodPatch.operation("test", "/metadata/resourceVersion", .string(pod.resourceVersion)))
        }
        if pod.hasAnnotations {
            // `add` also replaces what stands there (RFC 6902 §4.1).
            for (key, value) in annotations { operations.append(PodPatch.operation("add", PodPatch.path(key), .string(value))) }
        } else {
            let all = JSONValue.object(annotations.map { JSONValue.Member($0.key, .string($0.value)) })
            operations.append(PodPatch.operation("add", "/metadata/annotations", all))
        }
        document = .array(operations)
    }

    private static func operation(_ name: String, _ path: String, _ value: JSONValue) -> JSONValue {
        ["op": .string(name), "path": .string(path), "value": value]
    }

    /// The JSON Pointer of an annotation: `~` and `/` are escaped (RFC 6901 §3).
    private static func path(_ key: String) -> String {
        var escaped = ""
        for character in key {
            switch character {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.append(character)
            }
        }
        return "/metadata/annotations/\(escaped)"
    }
}
