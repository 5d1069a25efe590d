import Jitter
import Quantities

/// Probes every 20 ms from `start`, with the given round trips; nil is a lost one.
func probes(from start: MonotonicTime = at(0), firstSequence: Int64 = 0, every step: Nanoseconds = .milliseconds(20), _ spans: [Nanoseconds?]) -> [ProbeRecord] {
    spans.enumerated().map { place, span in
        ProbeRecord(
            sequence: firstSequence + Int64(place), sentAt: start + step * Int64(place), outcome: span.map { .roundTrip($0) } ?? .lost)
    }
}

func at(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: milliseconds * 1_000_000) }
func us(_ count: Int64) -> Nanoseconds { .microseconds(count) }

/// SplitMix64: the same numbers from the same seed on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
