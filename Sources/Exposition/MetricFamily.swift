public import Quantities

/// One metric as Prometheus knows it: a name in base units, what it means, and its samples.
/// Source: Prometheus text exposition format 0.0.4; naming: base units, the unit in the name.
public struct MetricFamily: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable { case counter, gauge, histogram, untyped }
    public enum Value: Hashable, Sendable {
        case number(Double)
        /// Cumulative counts per upper bound, ascending, without `+Inf`; the sum and count of all observations.
        case histogram(buckets: [Bucket], sum: Double, count: UInt64)
    }
    public struct Bucket: Hashable, Sendable {
        public var upperBound: Double
        public var cumulativeCount: UInt64
        public init(upperBound: Double, cumulativeCount: UInt64) {
            self.upperBound = upperBound
            self.cumulativeCount = cumulativeCount
        }
    }
    public struct Sample: Hashable, Sendable {
        public var labels: [String: String]
        public var value: Value
        public init(labels: [String: String], value: Value) {
            self.labels = labels
            self.value = value
        }
    }

    public var name: String
    public var help: String
    public var kind: Kind
    public var samples: [Sample]

    /// Traps on a name that is none: names are our own.
    public init(_ name: String, help: String, kind: Kind, samples: [Sample] = []) {
        precondition(MetricFamily.isName(name), "a metric's name has letters, digits and _")
        self.name = name
        self.help = help
        self.kind = kind
        self.samples = samples
    }

    public mutating func add(_ value: Double, _ labels: [String: String] = [:]) {
        samples.append(Sample(labels: labels, value: .number(value)))
    }

    /// A gauge of rates. Prometheus' base unit is the byte; Fairlead speaks of bits, so the help text says how to come back.
    public static func rates(_ name: String, help: String, _ rates: [(labels: [String: String], rate: BitRate)]) -> MetricFamily {
        precondition(name.hasSuffix("_bytes_per_second"), "a rate's metric ends in its base unit")
        return MetricFamily(
            name, help: "\(help) Unit: bytes per second; × 8 gives the bit/s that Fairlead's commands, views and pages show.", kind: .gauge,
            samples: rates.map { Sample(labels: $0.labels, value: .number(bytesPerSecond($0.rate))) })
    }

    /// The one place where bits become bytes.
    public static func bytesPerSecond(_ rate: BitRate) -> Double { Double(rate.bitsPerSecond) / 8 }

    static func isName(_ name: some StringProtocol) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
