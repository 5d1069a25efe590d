extension FillLevel {
    /// The level cut off to 53 bits: never above it, and never lower for a higher level.
    @inline(__always)
    var lowerBound: Double {
        let isSmall = high == 0
        let word = isSmall ? UInt128(middle) << 64 | UInt128(low) : UInt128(high) << 64 | UInt128(middle)
        guard word != 0 else { return 0 }
        let shift = max(0, 75 - word.leadingZeroBitCount)
        let bits = UInt64(truncatingIfNeeded: word >> UInt128(shift))
        // A power of two, exact, by its exponent's bits.
        let scale = Double(bitPattern: UInt64(1023 + shift - (isSmall ? 128 : 64)) << 52)
        return Double(bits) * scale
    }

    /// The largest level that is not above a number, which is finite and not negative.
    init(_ bound: Double) {
        let high = UInt64(bound)
        let fraction = (bound - Double(high)) * 0x1p64
        let middle = UInt64(fraction)
        self.init(high: high, middle: middle, low: UInt64((fraction - Double(middle)) * 0x1p64))
    }
}
