public import Quantities

/// What an alert is about: a cluster, or one loop, flow or workload of it.
public struct AlertSubject: Hashable, Comparable, Sendable {
    public enum Part: Hashable, Sendable {
        case whole
        case loop(LinkID)
        case flow(FlowID)
        case workload(WorkloadID)
    }
    public let cluster: ClusterID
    public let part: Part

    public init(_ cluster: ClusterID, _ part: Part = .whole) {
        self.cluster = cluster
        self.part = part
    }

    /// The labels that tell the subject: `cluster`, and one of `link`, `flow`, `workload`.
    public var labels: [String: String] {
        var labels = ["cluster": cluster.text]
        if let (name, value) = partLabel { labels[name] = value }
        return labels
    }

    var partLabel: (name: String, value: String)? {
        switch part {
        case .whole: nil
        case .loop(let link): ("link", link.text)
        case .flow(let flow): ("flow", flow.text)
        case .workload(let workload): ("workload", workload.text)
        }
    }

    public static func < (left: AlertSubject, right: AlertSubject) -> Bool {
        let (a, b) = (left.partLabel, right.partLabel)
        return (left.cluster.text, a?.name ?? "", a?.value ?? "") < (right.cluster.text, b?.name ?? "", b?.value ?? "")
    }
}
