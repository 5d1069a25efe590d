/// An instant as a test packet carries it: 64 bits, in one of the two formats that RFC 8762 §4.2.1 allows.
///
/// We write the truncated PTP format (32 bits of seconds, 32 bits of nanoseconds; the error estimate's Z bit is set), because it
/// holds our clock exactly, and read both. The epoch is 1970 in UTC rather than PTP's TAI: only differences are ever used, and
/// those between one clock's own readings.
struct STAMPTimestamp: Equatable, Sendable {
    /// As on the wire.
    let word: UInt64

    init(word: UInt64) { self.word = word }

    /// Truncated PTP. The seconds wrap in 2106.
    init(realtimeNanoseconds: Int64) {
        let seconds = UInt64(truncatingIfNeeded: realtimeNanoseconds / 1_000_000_000)
        word = seconds << 32 | UInt64(realtimeNanoseconds % 1_000_000_000)
    }

    /// Nanoseconds since the format's own epoch, or nil where a PTP fraction has 10⁹ nanoseconds or more.
    func nanoseconds(_ format: STAMPErrorEstimate) -> Int64? {
        let seconds = Int64(word >> 32)
        let fraction = word & 0xffff_ffff
        if format.isPTP { return fraction < 1_000_000_000 ? seconds * 1_000_000_000 + Int64(fraction) : nil }
        return seconds * 1_000_000_000 + Int64((fraction * 1_000_000_000) >> 32)
    }
}

/// How a sender judges its clock (RFC 4656 §4.1.2, RFC 8186): S (synchronised), Z (format), scale and multiplier.
struct STAMPErrorEstimate: Equatable, Sendable {
    let word: UInt16
    init(word: UInt16) { self.word = word }

    /// Not synchronised to UTC as far as we know, PTP format, and 2⁻²⁰ s ≈ 1 µs (multiplier 1, scale 12): what a userland clock
    /// reading is worth. A multiplier of 0 would be illegal.
    static let ours = STAMPErrorEstimate(word: 0b0100_1100_0000_0001)

    var isPTP: Bool { word & 0x4000 != 0 }
}
