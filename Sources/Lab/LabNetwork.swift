internal import Glibc
public import Quantities
public import TrafficControl

/// A network of real packets on one machine: four network namespaces, three hosts behind one router whose link to the receiver is
/// a token bucket. Its queue is what the measured cliff was measured with: burst 16 kB, 400 kB of packets waiting.
///
/// The namespaces carry the number of the process that made them, so that a later run sweeps away what a killed one left.
public struct LabNetwork: Sendable {
    /// The congestion control that every sender of the lab uses: with another one the cliff lies elsewhere.
    public static let congestionControl = "cubic"
    private static let prefix = "fairlead-lab-"

    private let process: Int32
    private let label: String

    /// The namespace of a host, as `ip netns` knows it.
    public func namespace(of host: LabHost) -> String { "\(LabNetwork.prefix)\(process)\(label)-\(host.rawValue)" }
    /// Where a host's namespace can be entered, as `Prober` and `Reflector` take it.
    public func namespacePath(of host: LabHost) -> String { "/run/netns/\(namespace(of: host))" }
    /// The device on which the telemetry host is to be limited.
    public var telemetryDevice: NetworkDevice {
        NetworkDevice(name: LabHost.uplink, networkNamespace: namespace(of: .telemetry))
    }

    /// Makes the network, hands it to `body`, and takes it down whatever happens in there.
    /// - Parameter label: tells two networks of one process apart; letters and digits, at most eight.
    public static func with<Result: Sendable>(
        bottleneck: BitRate = .megabits(200), label: String = "", _ body: (LabNetwork) async throws -> Result
    ) async throws -> Result {
        guard geteuid() == 0 else { throw LabError(.needsRoot, context: "the lab") }
        try checkCongestionControl()
        await sweepStale()
        let network = LabNetwork(process: getpid(), label: label)
        do {
            try await network.build(bottleneck: bottleneck)
            let result = try await body(network)
            await network.tearDown()
            return result
        } catch {
            await network.tearDown()
            throw error
        }
    }

    /// Sets the rate of the router's link to the receiver; what waits in its queue keeps waiting.
    public func setBottleneck(_ rate: BitRate) async throws(TrafficControlError) {
        _ = try await tc(["qdisc", "change"] + bottleneckArguments(rate), "set the bottleneck to \(rate)")
    }

    /// Takes away the namespaces of lab processes that are no more: their owner was killed, and their own processes died with it.
    public static func sweepStale() async {
        for name in namespaceNames() where name.hasPrefix(prefix) {
            guard let owner = Int32(name.dropFirst(prefix.count).prefix { $0.isNumber }), kill(owner, 0) != 0, errno == ESRCH else { continue }
            await delete(name)
        }
    }

    // MARK: Building

    private func build(bottleneck: BitRate) async throws {
        for host in LabHost.allCases {
            let name = namespace(of: host)
            _ = try await ip(["netns", "add", name], "make the host \(host)")
            _ = try await ip(["-n", name, "link", "set", "dev", "lo", "up"], "start the host \(host)")
        }
        for host in LabHost.ends { try await connect(host) }
        try await KernelSetting.write("1", to: "/proc/sys/net/ipv4/ip_forward", inNamespace: namespacePath(of: .router))
        _ = try await tc(["qdisc", "add"] + bottleneckArguments(bottleneck), "set the bottleneck to \(bottleneck)")
    }

    private func connect(_ host: LabHost) async throws {
        let (router, end) = (namespace(of: .router), namespace(of: host))
        let context = "connect \(host)"
        _ = try await ip(
            ["-n", router, "link", "add", "name", host.rawValue, "type", "veth", "peer", "name", LabHost.uplink, "netns", end], context)
        _ = try await ip(["-n", router, "address", "add", "\(host.routerAddress)/24", "dev", host.rawValue], context)
        _ = try await ip(["-n", end, "address", "add", "\(host.address)/24", "dev", LabHost.uplink], context)
        _ = try await ip(["-n", router, "link", "set", "dev", host.rawValue, "up"], context)
        _ = try await ip(["-n", end, "link", "set", "dev", LabHost.uplink, "up"], context)
        _ = try await ip(["-n", end, "route", "add", "default", "via", host.routerAddress], context)
    }

    /// The pinned congestion control must be loaded. A namespace's own default cannot be set to it (the kernel allows that in the
    /// first namespace alone), so each sender asks for it by itself.
    private static func checkCongestionControl() throws {
        let path = "/proc/sys/net/ipv4/tcp_available_congestion_control"
        let available = try KernelSetting.read(path)
        guard available.split(separator: " ").contains(Substring(congestionControl)) else {
            throw LabError(.kernelLacks, underlying: "it offers \(available)", context: "congestion control \(congestionControl)")
        }
    }

    private func bottleneckArguments(_ rate: BitRate) -> [String] {
        ["dev", LabHost.receiver.rawValue, "root", "handle", "1:", "tbf", "rate", "\(rate.bitsPerSecond)bit", "burst", "16kb", "limit", "400kb"]
    }

    private func ip(_ arguments: [String], _ context: String) async throws(TrafficControlError) -> String {
        try await NetworkTool.ip.run(arguments, context: context)
    }
    private func tc(_ arguments: [String], _ context: String) async throws(TrafficControlError) -> String {
        try await NetworkTool.tc.run(["-n", namespace(of: .router)] + arguments, context: context)
    }

    // MARK: Taking down

    private func tearDown() async {
        for host in LabHost.allCases { await LabNetwork.delete(namespace(of: host)) }
    }

    private static func delete(_ namespace: String) async {
        // Also when the surrounding task was cancelled: a cancelled child would leave the namespace behind.
        await Task.detached {
            do {
                _ = try await NetworkTool.ip.run(["netns", "del", namespace], context: "take \(namespace) down")
            } catch {
                // Gone already, or half made: the next run sweeps what is left.
            }
        }.value
    }

    private static func namespaceNames() -> [String] {
        guard let directory = unsafe opendir("/run/netns") else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            names.append(unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            })
        }
        return names
    }
}
