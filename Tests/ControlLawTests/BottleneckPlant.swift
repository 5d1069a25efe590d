/// A bottleneck with a queue, greedy TCP behind shapers, and probes that see the queue: a fluid model in steps of 5 ms, calibrated
/// against a measured bottleneck of 200 Mbit/s (standing queue of 1.9 to 5.5 ms when overloaded, p95 below 0.4 ms up to 97 % load,
/// the cliff at the capacity).
struct BottleneckPlant {
    struct Site {
        /// The limit in force, bit/s; nil: unlimited.
        var limit: Double?
        /// Limits on their way: from when.
        var pending: [(at: Double, limit: Double)] = []
        /// What the application offers at a time, bit/s.
        var offered: @Sendable (Double) -> Double
        /// TCP's own rate, bit/s; adapts to loss. A flood does not.
        var window: Double = 60e6
        var isFlood = false
        var sentBits: Double = 0
        var probes: [(sentAt: Double, delay: Double?)] = []
    }
    static let step = 0.005
    static let queueBits = 3.2e6

    var time = 0.0
    var queue = 0.0
    var sites: [Site]
    var capacity: @Sendable (Double) -> Double
    var extraDelay: @Sendable (Double) -> Double = { _ in 0 }
    var carriedBits = 0.0
    private var dropAt = 1.0e6
    private var lastCut = -1.0
    private var generator: SeededGenerator
    let probeEvery: Double

    init(sites: [Site], probeEvery: Double, seed: UInt64, capacity: @escaping @Sendable (Double) -> Double) {
        self.sites = sites
        self.probeEvery = probeEvery
        self.capacity = capacity
        generator = SeededGenerator(seed: seed)
    }

    mutating func run(until end: Double) {
        while time < end - 1e-9 { advance() }
    }

    private mutating func advance() {
        let dt = BottleneckPlant.step
        let rate = capacity(time)
        var arriving = 0.0
        for index in sites.indices {
            while let next = sites[index].pending.first, next.at <= time {
                sites[index].limit = next.limit
                sites[index].pending.removeFirst()
            }
            let offered = min(sites[index].offered(time), sites[index].limit ?? .infinity)
            let sent = sites[index].isFlood ? offered : min(offered, sites[index].window)
            sites[index].sentBits += sent * dt
            arriving += sent
            sites[index].window = max(5e6, min(sites[index].window + (80e6 + sites[index].window * (lastCut < 0 ? 12 : 0.35)) * dt, offered * 1.03 + 1e6))
        }
        let before = queue
        queue += (arriving - rate) * dt
        var lost = 0.0
        if queue > BottleneckPlant.queueBits {
            lost = (queue - BottleneckPlant.queueBits) / max(1, arriving * dt)
            queue = BottleneckPlant.queueBits
        }
        queue = max(0, queue)
        carriedBits += min(rate * dt, before + arriving * dt)
        // Loss in TCP's own time: a tail drop per round trip while the queue is deep, and the window gives way.
        if queue > dropAt * rate / 200e6, time - lastCut > 0.01 {
            lastCut = time
            dropAt = 0.75e6 + 0.4e6 * generator.unit()
            for index in sites.indices where !sites[index].isFlood { sites[index].window *= 0.94 }
        }
        probe(rate, lost: lost)
        time += dt
    }

    private mutating func probe(_ rate: Double, lost: Double) {
        let step = BottleneckPlant.step
        for index in sites.indices {
            let slot = (time + Double(index) * step) / probeEvery
            guard slot.rounded(.down) != ((time - step + Double(index) * step) / probeEvery).rounded(.down) || time == 0 else { continue }
            guard generator.unit() >= lost else {
                sites[index].probes.append((time, nil))
                continue
            }
            let noise = generator.unit() < 0.14 ? 0.45e-3 * generator.unit() : 0
            sites[index].probes.append((time, 7e-6 + 20e-6 * generator.unit() + noise + queue / rate + extraDelay(time)))
        }
    }
}
