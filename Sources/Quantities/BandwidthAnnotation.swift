/// How one CNI spells a Pod's egress limit. The same number means bits in one and bytes in another, so each has its renderer.
public enum BandwidthAnnotation: String, Sendable, CaseIterable {
    /// Cilium's Bandwidth Manager: `kubernetes.io/egress-bandwidth`, a Quantity in bit/s. It reads 0 as *unlimited* and takes a
    /// malformed value for a removal, so neither is ever rendered (source: cilium `pkg/datapath/linux/bandwidth`, `bpf/lib/edt.h`).
    case cilium

    public var key: String { "kubernetes.io/egress-bandwidth" }

    /// The lowest rate that the CNI enforces: below 8 bit/s Cilium's division by eight gives 0, unlimited. Kubernetes' own helper
    /// refuses less than 1k; that is our bound.
    public var smallestEnforceable: BitRate { BitRate(bitsPerSecond: 1_000) }

    /// The annotation's value, or nil where the rate cannot be enforced and must not be written.
    public func value(for rate: BitRate) -> String? {
        rate < smallestEnforceable ? nil : rate.description
    }

    /// The rate that a value read back from a Pod means, or nil where the value is malformed (Cilium: unlimited).
    public func rate(of value: String) -> BitRate? {
        if let plain = Int64(value), plain >= 0 { return BitRate(bitsPerSecond: plain) }
        do { return try BitRate(parsing: value) } catch { return nil }
    }
}
