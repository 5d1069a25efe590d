internal import JSONDocument
internal import Quantities

/// The queueing discipline that we set: the kernel's token bucket filter (`tc-tbf(8)`).
///
/// TBF rather than an HTB class: it is one object, changed in one command that keeps the packets in its queue (`tbf_change` only
/// sets the new rate and the queue's bound); and it is read back in JSON with its rate as an exact number, where an HTB class is
/// printed as text, rounded to three digits.
enum TokenBucketFilter {
    /// By this handle a limit is known to be ours.
    static let handle = "fa1e:"

    /// Tokens for one millisecond, at least 16 kB (a bucket smaller than a packet never lets it through; jumbo frames have 9 kB)
    /// and at most 64 kB: what leaves in one burst stands in the queue of the next router.
    static func burstBytes(at rate: BitRate) -> Int64 { min(max(rate.bitsPerSecond / 8 / 1_000, 16_000), 64_000) }

    /// The queue holds 100 ms of the rate, and at least 64 kB.
    static func queueBytes(at rate: BitRate) -> Int64 { max(rate.bitsPerSecond / 8 / 10, 64_000) }

    /// The arguments behind `tc qdisc add|change`.
    static func arguments(device: NetworkDevice, rate: BitRate) -> [String] {
        ["dev", device.name, "root", "handle", handle, "tbf", "rate", "\(rate.bitsPerSecond)bit", "burst", "\(burstBytes(at: rate))b",
         "limit", "\(queueBytes(at: rate))b"]
    }

    /// The rate that the kernel keeps for a rate asked: it counts in whole bytes per second.
    static func kept(_ rate: BitRate) -> BitRate { BitRate(bitsPerSecond: rate.bitsPerSecond / 8 * 8) }

    /// What `tc -s -j qdisc show dev …` says about the root of one device.
    static func parse(_ listing: String, context: String) throws(TrafficControlError) -> (limit: DeviceLimit, queue: DeviceState.Queue?) {
        guard let disciplines = json(listing)?.array else { throw TrafficControlError(.unreadable, context: context) }
        guard let root = disciplines.first(where: { $0["root"]?.bool == true }) else { return (.unlimited, nil) }
        guard let kind = root["kind"]?.string, let handle = root["handle"]?.string else {
            throw TrafficControlError(.unreadable, context: context)
        }
        // The kernel's own default, whatever it is on this machine, has the handle 0.
        if handle == "0:" { return (.unlimited, nil) }
        guard handle == Self.handle else { return (.foreign(kind: kind), nil) }
        guard kind == "tbf", let bytesPerSecond = root["options"]?["rate"]?.integer, bytesPerSecond >= 0,
            bytesPerSecond <= BitRate.maximum.bitsPerSecond / 8
        else { throw TrafficControlError(.unreadable, context: context) }
        let queue = DeviceState.Queue(
            backlogBytes: root["backlog"]?.integer ?? 0, drops: root["drops"]?.integer ?? 0, overlimits: root["overlimits"]?.integer ?? 0)
        return (.limited(BitRate(bitsPerSecond: bytesPerSecond * 8)), queue)
    }

    /// The bytes sent that `ip -s -j link show dev …` tells.
    static func parseSentBytes(_ listing: String, context: String) throws(TrafficControlError) -> Int64 {
        guard let link = json(listing)?.array?.first, let bytes = link["stats64"]?["tx"]?["bytes"]?.integer, bytes >= 0 else {
            throw TrafficControlError(.unreadable, context: context)
        }
        return bytes
    }

    private static func json(_ text: String) -> JSONValue? {
        do { return try JSONValue(parsing: text) } catch { return nil }
    }
}
