import Quantities

/// The name of an alert that stays the same as long as its labels do: 16 hexadecimal digits.
///
/// FNV-1a, 64 bits, over the labels in order of name, each name and value followed by the byte 255: the fingerprint that Prometheus
/// and Alertmanager give a label set (prometheus/common, `model.LabelSet.Fingerprint`).
public enum AlertFingerprint {
    public static func text(of labels: [String: String]) -> String { text(hash(of: labels)) }

    static func text(_ hash: UInt64) -> String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The number of which a fingerprint is the text; of what is no fingerprint (another writer's name for an alert) a hash.
    static func number(of text: String) -> UInt64 {
        if let number = UInt64(text, radix: 16), self.text(number) == text { return number }
        var hash = FNV1a()
        hash.add(text)
        return hash.value
    }

    /// The same for what an alert is told by: equal to the number of these labels, without making them. Asked for each subject at each look.
    static func hash(of rule: AlertRule, _ subject: AlertSubject, fleet: String) -> UInt64 {
        var hash = FNV1a()
        for text in ["alertname", rule.rawValue, "cluster", subject.cluster.text, "fleet", fleet] { hash.add(text) }
        // All three names follow `fleet`.
        if let (name, value) = subject.partLabel {
            hash.add(name)
            hash.add(value)
        }
        return hash.value
    }

    static func hash(of labels: [String: String]) -> UInt64 {
        var hash = FNV1a()
        for (name, value) in labels.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            hash.add(name)
            hash.add(value)
        }
        return hash.value
    }
}

/// The Fowler–Noll–Vo hash, variant 1a, 64 bits.
struct FNV1a {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    /// The text, then the byte 255, which UTF-8 never holds.
    mutating func add(_ text: String) {
        for byte in text.utf8 { add(byte: byte) }
        add(byte: 255)
    }
}
