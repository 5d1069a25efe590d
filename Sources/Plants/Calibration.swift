/// The constants of the plants' one queueing model, fitted to a measured bottleneck: a link of 200 Mbit/s (token bucket, queue of
/// 400 kB), one shaped TCP sender (cubic), probes beside it. `PlantCalibrationTests` holds the model against every measured row.
enum Calibration {
    /// TCP's growth per second: this part of the link's rate, over all that share it, …
    static let additive = 0.575
    /// … and this part of its own rate.
    static let growth = 2.84
    /// Until it gave way for the first time.
    static let slowStart = 12.0
    /// What it takes back when it gives way.
    static let cut = 0.0358
    /// It gives way when the wait, and `eagerness` × the share by which more comes than leaves, pass a threshold drawn anew each
    /// time between these. Unit: seconds.
    static let threshold = 0.00237...0.00294
    static let eagerness = 0.00536
    /// Not twice within this. Unit: seconds.
    static let patience = 0.01
    /// How far a shaper strays from its rate, anew every 100 ms: a share.
    static let shaperWander = 0.005
    /// The delay of an idle path, and its even noise. Unit: seconds.
    static let path = 7e-6
    static let pathNoise = 20e-6
    /// Beside traffic one probe in seven meets a host that is busy, for up to this long. Unit: seconds.
    static let busyShare = 0.14
    static let busyNoise = 0.45e-3
    /// Above this share of the link there is traffic to speak of.
    static let busyAbove = 0.1
}
