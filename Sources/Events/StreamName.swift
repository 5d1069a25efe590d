public import Quantities

/// The name of one stream of the log: `plant-a/4f21c09a` for a spool of a cluster, `coordinator` or `alerter` for a central part.
/// A stream belongs to (cluster, spool), so that what a deposed replica still holds enters as history of its own.
///
/// What the name tells is read once, when it is made: names are handed on with every entry.
public struct StreamName: Identifier {
    private final class Parts: Sendable {
        let text: String
        let cluster: ClusterID?
        let producer: Producer?
        /// What stands for the text in a table's hash.
        let digest: Int

        init(_ text: String, cluster: ClusterID?) {
            self.text = text
            digest = text.hashValue
            self.cluster = cluster
            producer = cluster != nil ? .shipper : Producer(rawValue: text).flatMap { $0 == .shipper ? nil : $0 }
        }
    }
    private let parts: Parts
    public var text: String { parts.text }
    public init(_ text: String) {
        let slash = text.utf8.firstIndex(of: UInt8(ascii: "/"))
        parts = Parts(text, cluster: slash.map { ClusterID(String(text[..<$0])) })
    }
    public init(cluster: ClusterID, spool: String) { self.init("\(cluster)/\(spool)") }

    public static func == (left: StreamName, right: StreamName) -> Bool { left.parts === right.parts || left.parts.text == right.parts.text }
    public func hash(into hasher: inout Hasher) { hasher.combine(parts.digest) }

    /// What a name may have, in UTF-8.
    public static let maximumBytes = 200

    public static let coordinator = StreamName("coordinator")
    public static let alerter = StreamName("alerter")

    /// The cluster whose spool this is; nil for a central part.
    public var cluster: ClusterID? { parts.cluster }
    /// Nil for a name that belongs to nobody we know.
    public var producer: Producer? { parts.producer }
}

/// One place on the log: a stream and a sequence number in it. Sequence numbers run from 1 without a hole, for ever.
public struct LogPosition: Hashable, Sendable, CustomStringConvertible {
    public let stream: StreamName
    public let sequence: Int64

    public init(stream: StreamName, sequence: Int64) {
        self.stream = stream
        self.sequence = sequence
    }

    /// `plant-a/4f21c09a/118`: also the id of a decision, as people type it.
    public var description: String { "\(stream)/\(sequence)" }

    /// Reads what `description` writes; nil where it is no position.
    public init?(parsing text: String) {
        guard let slash = text.utf8.lastIndex(of: UInt8(ascii: "/")), slash != text.startIndex,
            let sequence = Int64(text[text.utf8.index(after: slash)...]), sequence > 0
        else { return nil }
        self.init(stream: StreamName(String(text[..<slash])), sequence: sequence)
    }
}
