internal import CLinux
public import Quantities

/// The clocks of this machine, read by drivers and handed to the core as values.
///
/// The monotonic one is CLOCK_BOOTTIME rather than CLOCK_MONOTONIC: a machine that was suspended for an hour must find its grants
/// and its leadership expired, and only the former counts that hour. Both run at the same, slewed rate otherwise.
public enum SystemClocks {
    /// Both clocks. The wall clock is read second, so that it is never behind what the monotonic one says has passed.
    public static func now() -> Now {
        let monotonic = monotonic()
        return Now(monotonic: monotonic, wall: wall())
    }

    /// Nanoseconds since the machine started, suspension included.
    public static func monotonic() -> MonotonicTime { MonotonicTime(nanoseconds: linux_boottime_ns()) }

    /// The civil time. It may step; nothing is ordered or expired by it.
    public static func wall() -> WallTime { WallTime(microseconds: linux_realtime_ns() / 1_000) }
}
