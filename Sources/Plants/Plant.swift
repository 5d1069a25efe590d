import Allocation
public import Jitter
public import Quantities

/// A plant in one run: a pure value that lets time pass. Equal descriptions, seeds and limits give equal runs on every machine.
///
/// A fluid model in steps of 2 ms, and of up to 50 ms while every queue is empty and every link has room.
public struct Plant: Sendable {
    private struct Site: Sendable {
        var sender: Sender
        var offers: TimelineCourse
        var offered = 0.0
        var detour: TimelineCourse
        var links: [Int]
        var noise: SeededNumbers
        var wanderNoise: SeededNumbers
        var wander = 1.0
        var nextProbe: Int64
        var sequence: Int64 = 0
        var probes: [ProbeRecord] = []
        var watch = DelayWatch()
        var targetWatch = DelayWatch()
    }
    private struct Link: Sendable {
        var queue: LinkQueue
        var carries: TimelineCourse
        var foreign: TimelineCourse
        var sharers: Double
        var random: SeededNumbers
        var threshold: Double
        var gaveWayAt = -1.0
    }

    private static let fineStep: Int64 = 2_000_000
    private static let coarseStep: Int64 = 50_000_000
    private static let wanderStep: Int64 = 100_000_000

    public let description: PlantDescription
    /// Since the beginning.
    public private(set) var elapsed = Nanoseconds.zero
    private var sites: [Site]
    private var links: [Link]
    private var nextWander: Int64 = 0
    private var clairvoyance: Int64?
    private var lastDivided: [Double] = []
    /// Of the step under way, per link, bit/s.
    private var rates, arriving: [Double]
    private let bound, target: Double
    private let origin: MonotonicTime

    /// `origin`: what the monotonic clock shows at the beginning, for the probes' times.
    public init(_ description: PlantDescription, seed: UInt64, origin: MonotonicTime) {
        self.description = description
        self.origin = origin
        bound = Double(description.bound.nanoseconds.count) / 1e9
        target = Double(description.target.nanoseconds.count) / 1e9
        var random = SeededNumbers(seed: seed)
        links = description.links.map { link in
            var own = random.fork()
            let sharers = description.sites.count { $0.links.contains(link.id) }
            return Link(
                queue: LinkQueue(capacityBits: link.queueBits), carries: TimelineCourse(link.carries, random: &own),
                foreign: TimelineCourse(link.foreign, random: &own), sharers: Double(max(1, sharers)), random: own,
                threshold: Calibration.threshold.upperBound)
        }
        rates = links.map { _ in 0 }
        arriving = rates
        sites = description.sites.enumerated().map { index, site in
            var own = random.fork()
            return Site(
                sender: Sender(manner: site.manner, limit: site.initial.map { Double($0.bitsPerSecond) }),
                offers: TimelineCourse(site.offers, random: &own), detour: TimelineCourse(site.detour, random: &own),
                links: site.links.compactMap { id in description.links.firstIndex { $0.id == id } }, noise: own.fork(), wanderNoise: own.fork(),
                nextProbe: description.probeInterval.count + Int64(index) * 1_000_000)
        }
    }

    // MARK: What a controller sees and does

    /// A limit that comes into force at `instant` of the run.
    public mutating func setLimit(site: Int, to rate: BitRate, inForceAt instant: Nanoseconds) {
        sites[site].sender.expect(Double(rate.bitsPerSecond), at: instant.count)
    }

    /// The probes sent since they were taken last; none where the site has no critical flow.
    public mutating func takeProbes(site: Int) -> [ProbeRecord] {
        defer { sites[site].probes.removeAll(keepingCapacity: true) }
        return sites[site].probes
    }

    /// Bytes sent since the beginning.
    public func bytesSent(site: Int) -> UInt64 { UInt64(sites[site].sender.sentBits / 8) }
    /// What went through since the beginning. Unit: bits.
    public func carriedBits(site: Int) -> Double { sites[site].sender.carriedBits }
    /// The whole seconds so far in which the site's critical flow was measured by the plant itself, and those that violated: more
    /// than 5 % of the second above the bound, so that its p95 was.
    public func violation(site: Int) -> (seconds: Int, violated: Int) { (sites[site].watch.seconds, sites[site].watch.violated) }
    /// The same against the target rather than the bound.
    public func secondsAboveTarget(site: Int) -> Int { sites[site].targetWatch.violated }
    /// What the link carries now, bit/s.
    public func linkRate(_ index: Int) -> Double { links[index].queue.rate }

    /// From now on an all-knowing controller sets every limit at every instant: this many thousandths of what is left beside the
    /// foreign traffic, by weight. Best where it is the highest load at which no queue was measured.
    public mutating func steerClairvoyantly(thousandths: Int64 = Plant.highestCalmLoad) { clairvoyance = thousandths }
    /// The highest measured load without a queue: 195 of 200 Mbit/s.
    public static let highestCalmLoad: Int64 = 975

    // MARK: Time

    public mutating func advance(to instant: Nanoseconds) {
        while elapsed < instant {
            let at = elapsed.count
            strayShapers(at)
            let end = min(instant.count, at + stepLength(at))
            step(from: at, to: end)
            elapsed = Nanoseconds(end)
        }
    }

    private mutating func strayShapers(_ at: Int64) {
        guard at >= nextWander else { return }
        nextWander = at - at % Plant.wanderStep + Plant.wanderStep
        for index in sites.indices {
            sites[index].wander = 1 + Calibration.shaperWander * (2 * sites[index].wanderNoise.unit() - 1)
        }
    }

    /// Fine where a queue stands or may come, coarse elsewhere, and never past a limit that comes into force.
    private func stepLength(_ at: Int64) -> Int64 {
        let isCalm = links.allSatisfy { $0.queue.bits == 0 && $0.queue.arriving < 0.985 * $0.queue.rate }
        guard isCalm else { return Plant.fineStep }
        let change = sites.compactMap(\.sender.nextChange).min() ?? .max
        return max(Plant.fineStep, min(Plant.coarseStep, change - at))
    }

    private mutating func step(from start: Int64, to end: Int64) {
        let now = Nanoseconds(start)
        let seconds = Double(end - start) / 1e9
        for index in links.indices {
            rates[index] = max(1, links[index].carries.value(at: now))
            arriving[index] = links[index].foreign.value(at: now)
        }
        for index in sites.indices {
            sites[index].sender.follow(to: start)
            sites[index].offered = sites[index].offers.value(at: now)
        }
        if let clairvoyance { divide(clairvoyance) }
        for index in sites.indices {
            let crossed = sites[index].links
            let narrowest = crossed.reduce(Double.infinity) { min($0, rates[$1]) }
            let sharers = crossed.reduce(1.0) { max($0, links[$1].sharers) }
            sites[index].sender.send(
                offered: sites[index].offered, linkRate: narrowest, sharers: sharers, wander: sites[index].wander, seconds: seconds)
            for link in crossed { arriving[link] += sites[index].sender.sending }
        }
        for index in links.indices { links[index].queue.step(arriving: arriving[index], rate: rates[index], seconds: seconds) }
        for index in sites.indices {
            let lost = 1 - sites[index].links.reduce(1.0) { $0 * (1 - links[$1].queue.lostShare) }
            sites[index].sender.count(lostShare: lost, seconds: seconds)
            if description.sites[index].hasFlow { observe(index, lost: lost, from: start, to: end) }
        }
        for index in links.indices { giveWay(at: index, Double(start) / 1e9) }
    }

    /// Before anything of ours has arrived: `arriving` is the foreign traffic.
    private mutating func divide(_ thousandths: Int64) {
        let facts = rates + arriving + sites.map(\.offered)
        guard facts != lastDivided else { return }
        lastDivided = facts
        for index in links.indices {
            let crossing = sites.indices.filter { sites[$0].links.contains(index) }
            let room = max(0, rates[index] - arriving[index]) * Double(thousandths) / 1000
            let claims = crossing.map { site in
                let wish = min(Double(description.sites[site].ceiling.bitsPerSecond), sites[site].offered)
                return (
                    floor: BitRate(bitsPerSecond: Int64(min(wish, Double(description.sites[site].floor.bitsPerSecond)))),
                    ceiling: BitRate(bitsPerSecond: Int64(wish)), weight: description.sites[site].weightMillionths
                )
            }
            let shares = RateDivision.divide(total: BitRate(bitsPerSecond: Int64(room)), among: claims)
            for (site, share) in zip(crossing, shares) {
                // On several links the narrowest counts, and it was divided first or is divided now.
                let before = sites[site].links.first == index ? Double.infinity : sites[site].sender.limit ?? .infinity
                sites[site].sender.obey(min(before, Double(share.bitsPerSecond)))
            }
        }
    }

    private mutating func giveWay(at index: Int, _ now: Double) {
        let queue = links[index].queue
        guard queue.bits > 0, now - links[index].gaveWayAt > Calibration.patience else { return }
        let pressure = queue.wait + Calibration.eagerness * max(0, queue.arriving - queue.rate) / queue.rate
        guard pressure > links[index].threshold else { return }
        links[index].gaveWayAt = now
        let range = Calibration.threshold
        links[index].threshold = range.lowerBound + (range.upperBound - range.lowerBound) * links[index].random.unit()
        for site in sites.indices where sites[site].links.contains(index) { sites[site].sender.giveWay() }
    }

    // MARK: What the critical flow meets

    private mutating func observe(_ index: Int, lost: Double, from start: Int64, to end: Int64) {
        let wait = sites[index].links.reduce(0.0) { $0 + links[$1].queue.wait }
        if wait > 0 || lost > 0 {
            let delay = wait + noise(index)
            sites[index].watch.count(share: delay > bound ? 1 : lost, from: start, to: end)
            sites[index].targetWatch.count(share: delay > target ? 1 : lost, from: start, to: end)
        } else {
            sites[index].watch.count(share: 0, from: start, to: end)
            sites[index].targetWatch.count(share: 0, from: start, to: end)
        }
        while sites[index].nextProbe <= end {
            probe(index, wait: wait, lost: lost)
            sites[index].nextProbe += description.probeInterval.count
        }
    }

    /// Beside traffic a host is busy now and then.
    private mutating func noise(_ index: Int) -> Double {
        let isBusy = sites[index].links.contains { links[$0].queue.arriving > Calibration.busyAbove * links[$0].queue.rate }
        var noise = Calibration.pathNoise * sites[index].noise.unit()
        if isBusy, sites[index].noise.unit() < Calibration.busyShare { noise += Calibration.busyNoise * sites[index].noise.unit() }
        return noise
    }

    private mutating func probe(_ index: Int, wait: Double, lost: Double) {
        let at = sites[index].nextProbe
        sites[index].sequence += 1
        var outcome = ProbeRecord.Outcome.lost
        if lost == 0 || sites[index].noise.unit() >= lost {
            let detour = sites[index].detour.value(at: Nanoseconds(at)) / 1e9
            let delay = Calibration.path + noise(index) + wait + detour
            outcome = .roundTrip(Nanoseconds(Int64((delay * 1e9).rounded())))
        }
        sites[index].probes.append(ProbeRecord(sequence: sites[index].sequence, sentAt: origin + Nanoseconds(at), outcome: outcome))
    }
}

/// Counts the seconds in which a flow's delay was above its bound for more than a twentieth of the time: its p95 was above it.
struct DelayWatch: Sendable {
    private(set) var seconds = 0
    private(set) var violated = 0
    private var above = 0.0
    private static let second: Int64 = 1_000_000_000

    /// From `start` to `end` this share of the packets came above the bound, or never.
    mutating func count(share: Double, from start: Int64, to end: Int64) {
        var at = start
        while at < end {
            let next = min(end, at - at % DelayWatch.second + DelayWatch.second)
            above += share * Double(next - at) / 1e9
            if next % DelayWatch.second == 0 {
                seconds += 1
                if above > 0.05 { violated += 1 }
                above = 0
            }
            at = next
        }
    }
}
