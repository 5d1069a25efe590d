import Events
public import Fleet
public import HTTPTransport
import JSONDocument
import Quantities
public import Shipper

/// The enforcer of the development world: rates and counters over HTTP, answered by the process that holds the plants.
///
///     GET  URL/clusters/ID/workloads          [{"workload","rate_bps"|null,"bytes","at_ns","replicas","term"}]
///     PUT  URL/clusters/ID/workloads/ID       {"rate_bps","decision"|null,"term"}
public struct SimulatedEnforcer: Shipper.BandwidthEnforcer {
    /// A world that does not answer within this is one that cannot be read.
    static let deadline = Duration.milliseconds(800)

    private let client: HTTPClient
    private let base: String
    private let workloads: [WorkloadSpecification]

    public init(client: HTTPClient, url: String, cluster: ClusterSpecification) {
        self.client = client
        self.base = "\(url)/clusters/\(cluster.id)/workloads"
        self.workloads = cluster.workloads
    }

    public func read() async -> [WorkloadReading] {
        do {
            let response = try await client.send(HTTPRequest(.get, base, deadline: SimulatedEnforcer.deadline))
            guard response.isSuccess else { return failed("the world answered \(response.status)") }
            let answer = try JSONValue(parsing: response.body)
            return workloads.map { workload in
                let entry = answer.array?.first { $0["workload"]?.string == workload.id.text }
                return entry.map(reading) ?? SimulatedEnforcer.unreadable("the world does not know \(workload.id)")
            }
        } catch { return failed("\(error)") }
    }

    private func reading(_ entry: JSONValue) -> WorkloadReading {
        guard let bytes = entry["bytes"]?.integer, let at = entry["at_ns"]?.integer, bytes >= 0 else {
            return SimulatedEnforcer.unreadable("the world's counter cannot be read")
        }
        let rate = entry["rate_bps"]?.integer
        return WorkloadReading(
            limit: rate.map { .limited(BitRate(bitsPerSecond: max(0, $0))) } ?? .unlimited,
            counter: .bytes(UInt64(bytes), at: MonotonicTime(nanoseconds: at)),
            replicas: Int16(clamping: entry["replicas"]?.integer ?? 1), term: entry["term"]?.integer ?? 0)
    }

    private func failed(_ problem: String) -> [WorkloadReading] { workloads.map { _ in SimulatedEnforcer.unreadable(problem) } }
    private static func unreadable(_ problem: String) -> WorkloadReading {
        WorkloadReading(limit: .unknown(problem), counter: .failed(problem))
    }

    public func apply(_ patch: WorkloadPatch) async -> PatchReport {
        await put(patch.workload, desired: patch.desired, decision: patch.decision?.description, term: patch.term)
    }

    /// Sets one limit. 409 says that a newer term stands there.
    func put(_ workload: WorkloadID, desired: BitRate, decision: String?, term: Int64) async -> PatchReport {
        let body: JSONValue = [
            "rate_bps": .integer(desired.bitsPerSecond), "decision": .optional(decision), "term": .integer(term),
        ]
        do {
            let response = try await client.send(
                HTTPRequest(.put, "\(base)/\(workload)", body: Array(body.text.utf8), deadline: SimulatedEnforcer.deadline))
            let result: PatchRecord.Result =
                switch response.status {
                case 200..<300: .applied
                case 404: .gone
                case 409: .lostRace
                case 500...: .unknown
                default: .refused
                }
            return PatchReport(workload: workload, desired: desired, result: result, objectCount: result == .applied ? 1 : 0)
        } catch {
            return PatchReport(workload: workload, desired: desired, result: .unknown, objectCount: 0, detail: "\(error)")
        }
    }
}
