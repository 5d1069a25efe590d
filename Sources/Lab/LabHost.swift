public import Sockets

/// The machines of the lab, each a network namespace. The router joins the others; the receiver's side of it is the bottleneck.
///
///     telemetry ──┐
///                 ├── router ══(token bucket)══ receiver
///     robot ──────┘
public enum LabHost: String, Sendable, CaseIterable {
    case router, telemetry, robot, receiver

    /// All but the router.
    public static let ends: [LabHost] = [.telemetry, .robot, .receiver]

    /// The device on a host that leads to the router.
    public static let uplink = "uplink"

    /// Where the host is reached. The addresses exist in the lab's namespaces alone.
    public var address: IPAddress {
        guard let address = IPAddress("10.213.\(subnet).2") else { preconditionFailure("the lab's addresses are addresses") }
        return address
    }
    var routerAddress: String { "10.213.\(subnet).1" }
    private var subnet: Int {
        switch self {
        case .router: 0
        case .telemetry: 1
        case .robot: 2
        case .receiver: 3
        }
    }
}
