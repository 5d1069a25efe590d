import Events
import Quantities

/// How the lab's time is divided, and when the bottleneck steps. Drawn from the seed alone; Fairlead is told none of it.
struct LabSchedule {
    enum Phase: String, CaseIterable { case idle, unmanaged, `static`, managed }

    struct Leg {
        let phase: Phase
        let seconds: Int
        /// Seconds into the leg; none for idle.
        let narrowsAt: Int?
        let widensAt: Int?
    }

    static let wide = BitRate.megabits(200)
    static let narrow = BitRate.megabits(120)
    /// The best constant cap that anybody could have chosen who knew both rates: 0.95 of the narrower. A higher one violates
    /// whenever the link is narrow, for below the cliff there is nothing to gain.
    static let bestConstantCap = BitRate.megabits(114)

    let legs: [Leg]

    init(length: Nanoseconds, seed: UInt64) {
        var random = SplitMix(seed: seed)
        let total = Int(length.seconds)
        let idle = max(10, total / 16)
        let unmanaged = total * 3 / 16
        let constant = total * 3 / 16
        // At least half of the time belongs to the managed phase.
        let managed = total - idle - unmanaged - constant
        func leg(_ phase: Phase, _ seconds: Int) -> Leg {
            guard phase != .idle else { return Leg(phase: phase, seconds: seconds, narrowsAt: nil, widensAt: nil) }
            let half = seconds / 2
            let narrows = half + Int(random.next() % UInt64(max(1, half / 6)))
            let lasts = half / 4 + Int(random.next() % UInt64(max(1, half / 6)))
            return Leg(phase: phase, seconds: seconds, narrowsAt: narrows, widensAt: narrows + lasts)
        }
        legs = [leg(.idle, idle), leg(.unmanaged, unmanaged), leg(.static, constant), leg(.managed, managed)]
    }
}
