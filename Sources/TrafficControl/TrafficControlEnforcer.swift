internal import Clocks
public import Quantities

/// Limits what plain Linux hosts send, by `tc` on a network device. It needs root or CAP_NET_ADMIN.
///
/// Without a limit of ours a device is unlimited, and stays so until the first `set`. A limit survives this process: whoever
/// restarts reads it back and goes on from there.
public struct TrafficControlEnforcer: Sendable {
    /// Below this nothing is set: a rate of 0 would stop the workload altogether, and so would nearly 0.
    public static let smallestRate = BitRate(bitsPerSecond: 1_000)

    public init() {}

    /// The limit and the counters of a device, as the kernel shows them now.
    public func read(_ device: NetworkDevice) async throws(TrafficControlError) -> DeviceState {
        let context = "read \(device)"
        let disciplines = try await NetworkTool.tc.run(
            device.namespaceArguments + ["-s", "-j", "qdisc", "show", "dev", device.name], context: context)
        let (limit, queue) = try TokenBucketFilter.parse(disciplines, context: context)
        let before = SystemClocks.monotonic()
        let link = try await NetworkTool.ip.run(
            device.namespaceArguments + ["-s", "-j", "link", "show", "dev", device.name], context: context)
        let taken = SystemClocks.monotonic() - before
        return DeviceState(
            limit: limit, sentBytes: try TokenBucketFilter.parseSentBytes(link, context: context), queue: queue,
            readAt: before + Nanoseconds(taken.count / 2))
    }

    /// Limits the device to `rate`, which the kernel rounds down to whole bytes per second, and reads it back.
    ///
    /// A limit of ours is changed in place: packets that wait in its queue keep waiting there, and none is dropped but those
    /// beyond the new bound. Throws `foreignDiscipline` rather than replace what someone else configured.
    @discardableResult
    public func set(_ rate: BitRate, on device: NetworkDevice) async throws(TrafficControlError) -> DeviceState {
        let context = "limit \(device) to \(rate)"
        guard rate >= TrafficControlEnforcer.smallestRate else {
            throw TrafficControlError(.rateTooLow, underlying: "at least \(TrafficControlEnforcer.smallestRate)", context: context)
        }
        let verb: String
        switch try await read(device).limit {
        case .unlimited: verb = "add"
        case .limited: verb = "change"
        case .foreign(let kind): throw TrafficControlError(.foreignDiscipline, underlying: kind, context: context)
        }
        _ = try await NetworkTool.tc.run(
            device.namespaceArguments + ["qdisc", verb] + TokenBucketFilter.arguments(device: device, rate: rate), context: context)
        let state = try await read(device)
        guard state.limit == .limited(TokenBucketFilter.kept(rate)) else {
            throw TrafficControlError(.notApplied, underlying: "\(state.limit)", context: context)
        }
        return state
    }

    /// Takes our limit away; the device is unlimited again. Does nothing where there is none.
    public func remove(from device: NetworkDevice) async throws(TrafficControlError) {
        let context = "take the limit from \(device)"
        switch try await read(device).limit {
        case .unlimited: return
        case .foreign(let kind): throw TrafficControlError(.foreignDiscipline, underlying: kind, context: context)
        case .limited:
            _ = try await NetworkTool.tc.run(
                device.namespaceArguments + ["qdisc", "del", "dev", device.name, "root", "handle", TokenBucketFilter.handle],
                context: context)
        }
    }
}
