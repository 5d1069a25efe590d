public import Quantities

/// What becomes of a packet on the simulated way to a reflector.
public enum PacketFate: Sendable, Equatable {
    /// It arrives after this long. Packets do not overtake each other: one held shorter still waits for those before it.
    case delayed(Nanoseconds)
    /// It does not arrive.
    case lost
}

/// A stretch of network that exists only in the development world: the reflector holds each packet as a queue would, and stamps
/// its arrival (T2) with the moment of release, so that the hold counts as the network's time and not as the reflector's.
public struct SimulatedSegment: Sendable {
    /// Asked once per packet, on the reflector's thread, with the time of its real arrival. It must not block.
    public let fate: @Sendable (MonotonicTime) -> PacketFate

    public init(fate: @escaping @Sendable (MonotonicTime) -> PacketFate) { self.fate = fate }
}

/// The packets now on a simulated segment, in order of release. Without a segment every packet is released at once.
struct SegmentQueue<Packet> {
    struct Held {
        let packet: Packet
        let releaseAt: MonotonicTime
        /// How long it was held.
        let delay: Nanoseconds
    }

    /// As a real queue, a full one drops what comes.
    static var bound: Int { 4_096 }

    private let segment: SimulatedSegment?
    private var held: [Held] = []
    private var first = 0

    init(segment: SimulatedSegment?) { self.segment = segment }

    var nextRelease: MonotonicTime? { first < held.count ? held[first].releaseAt : nil }

    /// False where the packet is lost.
    mutating func insert(_ packet: Packet, arrivedAt: MonotonicTime) -> Bool {
        var delay = Nanoseconds.zero
        if let segment {
            switch segment.fate(arrivedAt) {
            case .lost: return false
            case .delayed(let asked): delay = max(.zero, asked)
            }
        }
        guard held.count - first < Self.bound else { return false }
        let releaseAt = max(arrivedAt + delay, held.last?.releaseAt ?? arrivedAt)
        held.append(Held(packet: packet, releaseAt: releaseAt, delay: releaseAt - arrivedAt))
        return true
    }

    /// The next packet whose time has come.
    mutating func release(at now: MonotonicTime) -> Held? {
        guard first < held.count, held[first].releaseAt <= now else { return nil }
        defer {
            first += 1
            if first == held.count || first >= 1_024 {
                held.removeFirst(first)
                first = 0
            }
        }
        return held[first]
    }
}
