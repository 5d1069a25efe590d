import Explanation
import Fleet
import Quantities

/// A share beside the floor below which no site goes: where the floors do not fit, the allocator's answer lies below it, and the rate
/// that will really stand is the floor.
struct FloorShare: Equatable, Sendable {
    let share: BitRate
    /// Nil where it is not known.
    let floor: BitRate?

    var isBelowFloor: Bool { floor.map { share < $0 } ?? false }
    /// What will stand.
    var rate: BitRate { max(share, floor ?? .zero) }
    /// How much of the floor does not fit.
    var missing: BitRate { rate.minus(share) }
    /// `10.0 Mbit/s (floor)` where the share lies below it.
    var text: String { isBelowFloor ? "\(rate.readable) (floor)" : rate.readable }
}
