internal import JSONDocument
public import Quantities

/// The annotations of ours on a Pod, beside the CNI's own (`BandwidthAnnotation.key`).
public enum FairleadAnnotation {
    /// The log position of the decision whose rate stands on the Pod: its last writer.
    public static let decision = "fairlead.dev/decision"
    /// The coordinator's term under which it was written or claimed. Decimal.
    public static let epoch = "fairlead.dev/epoch"
}

/// One Pod as the API server last told: what limit stands on it, and who put it there.
public struct PodReadBack: Hashable, Sendable {
    public let namespace: String
    public let name: String
    /// Tells two Pods of one name apart.
    public let uid: String
    /// Opaque; compared for equality only.
    public let resourceVersion: String
    /// The limit's annotation as it stands, whoever wrote it.
    public let limit: String?
    /// The rate that `limit` means. Nil where there is none or it is malformed: then the CNI lets the Pod send without limit.
    public let rate: BitRate?
    public let decision: String?
    /// Nil also where the annotation is no number: somebody else wrote it.
    public let epoch: Int64?
    /// Running, not ending, and with a network namespace of its own: only there does a limit take effect.
    public let isEnforceable: Bool
    /// As it stands, for the `test` of the next patch.
    let epochText: String?
    /// Whether `/metadata/annotations` exists, because a JSON Patch cannot add beneath what is missing.
    let hasAnnotations: Bool
}

extension PodReadBack {
    /// Nil where the object lacks what every Pod has.
    init?(_ pod: JSONValue, annotation: BandwidthAnnotation) {
        guard let metadata = pod["metadata"], let name = metadata["name"]?.string, let namespace = metadata["namespace"]?.string,
            let uid = metadata["uid"]?.string, let version = metadata["resourceVersion"]?.string
        else { return nil }
        let annotations = metadata["annotations"]
        self.namespace = namespace
        self.name = name
        self.uid = uid
        resourceVersion = version
        limit = annotations?[annotation.key]?.string
        rate = limit.flatMap(annotation.rate(of:)).flatMap { $0 < annotation.smallestEnforceable ? nil : $0 }
        decision = annotations?[FairleadAnnotation.decision]?.string
        epochText = annotations?[FairleadAnnotation.epoch]?.string
        epoch = epochText.flatMap { Int64($0) }
        hasAnnotations = annotations?.members != nil
        isEnforceable = pod["status"]?["phase"]?.string == "Running" && metadata["deletionTimestamp"] == nil
            && pod["spec"]?["hostNetwork"]?.bool != true
    }
}
