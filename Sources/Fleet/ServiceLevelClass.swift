public import Quantities

/// What is promised to a critical flow. The steering value is the delay above the base delay, p95 of a window.
public struct ServiceLevelClass: Hashable, Sendable {
    public var name: String
    /// The law steers towards this delay variation.
    public var target: Delay
    /// A raw sample above this brakes at once. Above `target`.
    public var bound: Delay
    /// Round-trip time that must not be exceeded, where the class promises one.
    public var latencyBound: Delay?
    /// Share of lost packets that must not be exceeded, in parts per million, where the class promises one.
    public var lossBoundPartsPerMillion: Int32?
    /// Which class is served first where two disagree: the higher number. 0 … 100.
    public var criticality: Int

    public init(
        name: String, target: Delay, bound: Delay, latencyBound: Delay? = nil, lossBoundPartsPerMillion: Int32? = nil,
        criticality: Int = 50
    ) {
        self.name = name
        self.target = target
        self.bound = bound
        self.latencyBound = latencyBound
        self.lossBoundPartsPerMillion = lossBoundPartsPerMillion
        self.criticality = criticality
    }

    /// Robot control over UDP 5201: target 1.0 ms, bound 1.5 ms.
    public static let robotControl = ServiceLevelClass(
        name: "robot-control", target: .microseconds(1_000), bound: .microseconds(1_500), criticality: 100)
    /// Safety scanner over TCP 5202: target 1.4 ms, bound 2.0 ms.
    public static let safetyScanner = ServiceLevelClass(
        name: "safety-scanner", target: .microseconds(1_400), bound: .microseconds(2_000), criticality: 90)
    /// The classes of a fleet that names none of its own.
    public static let mission: [ServiceLevelClass] = [.robotControl, .safetyScanner]
}
