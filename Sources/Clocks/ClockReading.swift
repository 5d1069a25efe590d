internal import CLinux
public import Quantities

/// Both clocks at one instant, to the nanosecond, and how far apart they stand.
///
/// Kernel receive timestamps are civil time; round trips and deadlines are monotonic. A reading converts one to the other, and two
/// readings tell whether the civil clock was stepped between them, in which case what was timed across the step is worthless.
public struct ClockReading: Sendable, Equatable {
    public let monotonic: MonotonicTime
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    public let realtimeNanoseconds: Int64

    public init(monotonic: MonotonicTime, realtimeNanoseconds: Int64) {
        self.monotonic = monotonic
        self.realtimeNanoseconds = realtimeNanoseconds
    }

    /// Reads the civil clock between two readings of the monotonic one, and again (at most five times) while those lie more than
    /// 5 µs apart: a thread that was descheduled between two clocks would see a step that never was.
    public static func now() -> ClockReading {
        var best = ClockReading(monotonic: MonotonicTime(nanoseconds: 0), realtimeNanoseconds: 0)
        var narrowest = Int64.max
        for _ in 0..<5 {
            let before = linux_boottime_ns()
            let realtime = linux_realtime_ns()
            let after = linux_boottime_ns()
            guard after - before < narrowest else { continue }
            narrowest = after - before
            best = ClockReading(monotonic: MonotonicTime(nanoseconds: before + narrowest / 2), realtimeNanoseconds: realtime)
            if narrowest <= 5_000 { break }
        }
        return best
    }

    /// The monotonic instant of a civil one, by this reading's distance between the two clocks.
    public func monotonic(ofRealtime nanoseconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: nanoseconds - realtimeNanoseconds + monotonic.nanoseconds)
    }

    /// How far the civil clock was stepped between two readings, whatever the sign. Slewing moves both clocks alike and is not seen.
    public func step(since earlier: ClockReading) -> Nanoseconds {
        let now = realtimeNanoseconds - monotonic.nanoseconds
        let then = earlier.realtimeNanoseconds - earlier.monotonic.nanoseconds
        return Nanoseconds(abs(now - then))
    }
}
