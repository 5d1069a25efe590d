internal import JSONDocument
public import Quantities

/// What iperf3 says about one run of best-effort telemetry.
public struct TelemetryReport: Sendable, Equatable {
    /// What the sender handed to TCP, second by second.
    public let perSecond: [BitRate]
    /// What the receiver got, over the whole run.
    public let received: BitRate
    /// As the kernel named it for this very connection.
    public let congestionControl: String?
    /// Segments sent again, over the whole run.
    public let retransmits: Int64

    /// Reads the JSON of `iperf3 --client … --json`; nil where it is none, or tells of an error.
    init?(json text: String) {
        // The part before the intervals repeats some keys within one object (iperf3 3.12), which is no JSON that we read.
        guard let start = TelemetryReport.position(of: "\"intervals\"", in: text) else { return nil }
        let document: JSONValue
        do { document = try JSONValue(parsing: "{" + String(text[start...])) } catch { return nil }
        guard document["error"] == nil, let intervals = document["intervals"]?.array,
            let received = TelemetryReport.rate(document["end"]?["sum_received"])
        else { return nil }
        perSecond = intervals.compactMap { TelemetryReport.rate($0["sum"]) }
        self.received = received
        congestionControl = document["end"]?["sender_tcp_congestion"]?.string
        retransmits = document["end"]?["sum_sent"]?["retransmits"]?.integer ?? 0
    }

    private static func position(of key: String, in text: String) -> String.Index? {
        text.indices.first { text[$0...].hasPrefix(key) }
    }

    private static func rate(_ sum: JSONValue?) -> BitRate? {
        guard let bits = sum?["bits_per_second"]?.double, bits.isFinite, bits >= 0, bits <= Double(BitRate.maximum.bitsPerSecond) else { return nil }
        return BitRate(bitsPerSecond: Int64(bits))
    }
}
