import Events
public import Fleet
import Quantities
public import Shipper
import TrafficControl

/// Workloads on a plain Linux host, limited by `tc` on the device through which the host sends.
///
/// A device has one limit, so its workloads share one: the first workload carries it, and there is no second.
public struct TrafficControlWorkloads: Shipper.BandwidthEnforcer {
    private let enforcer = TrafficControlEnforcer()
    private let device: NetworkDevice
    private let workload: WorkloadID

    /// Throws where the configuration asks one device for several limits.
    public init(device: String, networkNamespace: String?, workloads: [WorkloadSpecification]) throws {
        guard let only = workloads.first, workloads.count == 1 else {
            throw AssemblyError("the tc enforcer limits one workload per device, and \(device) has \(workloads.count)")
        }
        self.device = NetworkDevice(name: device, networkNamespace: networkNamespace)
        self.workload = only.id
    }

    public func read() async -> [WorkloadReading] {
        do {
            let state = try await enforcer.read(device)
            let limit: WorkloadReading.Limit =
                switch state.limit {
                case .unlimited: .unlimited
                case .limited(let rate): .limited(rate)
                case .foreign(let kind): .unknown("\(device) carries a \(kind) that is not ours")
                }
            return [WorkloadReading(limit: limit, counter: .bytes(UInt64(max(0, state.sentBytes)), at: state.readAt))]
        } catch { return [WorkloadReading(limit: .unknown("\(error)"), counter: .failed("\(error)"))] }
    }

    public func apply(_ patch: WorkloadPatch) async -> PatchReport {
        do {
            try await enforcer.set(patch.desired, on: device)
            return PatchReport(workload: patch.workload, desired: patch.desired, result: .applied, objectCount: 1)
        } catch {
            let result: PatchRecord.Result = error.code == .timedOut || error.code == .notApplied ? .unknown : .refused
            return PatchReport(workload: patch.workload, desired: patch.desired, result: result, objectCount: 0, detail: "\(error)")
        }
    }
}

/// A configuration that is right as a file and cannot be put together here.
public struct AssemblyError: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
