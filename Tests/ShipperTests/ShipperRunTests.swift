import Events
import Quantities
import Shipper
import Testing

/// Aim: a disk that never answers holds up no tick and no brake. Method: the real run over ports by hand; the test waits for signals.
struct ShipperRunTests {
    /// A spool whose disk never answers, as a dead NFS mount does.
    private struct HangingSpool: SpoolStore {
        func append(_ batch: SpoolBatch) async throws -> ClosedRange<Int64>? { try await forever() }
        func read(after sequence: Int64) async throws -> SpoolReading { .nothing }
        func acknowledge(upTo sequence: Int64) async throws {}
        func rememberEpoch(_ epoch: Int64) async throws {}
        func renew() async throws -> (resumption: ShipperResumption, keptAs: String) { try await forever() }

        private func forever<Value>() async throws -> Value {
            // Nothing ever comes: only the end of the run ends this.
            for await value in AsyncStream(Value.self, { _ in }) { return value }
            throw CancellationError()
        }
    }
    private struct SilentSource: MeasurementSource {
        func observe(until now: MonotonicTime) async -> [FlowObservation] { [.probes([])] }
    }
    private struct OpenEnforcer: BandwidthEnforcer {
        let patched: AsyncStream<WorkloadPatch>.Continuation
        func read() async -> [WorkloadReading] { [WorkloadReading(limit: .unlimited, counter: .noSource)] }
        func apply(_ patch: WorkloadPatch) async -> PatchReport {
            patched.yield(patch)
            return PatchReport(workload: patch.workload, desired: patch.desired, result: .applied)
        }
    }

    @Test func `the first limit is set though the spool never answers, and the run still ends when it is told to`() async throws {
        let (patches, patched) = AsyncStream.makeStream(of: WorkloadPatch.self)
        let bench = try ShipperBench()
        let clock = ContinuousClock()
        let start = clock.now
        let ports = ShipperPorts(
            measurements: SilentSource(), enforcer: OpenEnforcer(patched: patched), spool: HangingSpool(), log: nil,
            now: {
                let passed = (clock.now - start).components
                let nanoseconds = passed.seconds * 1_000_000_000 + passed.attoseconds / 1_000_000_000
                return Now(monotonic: MonotonicTime(nanoseconds: nanoseconds + 1), wall: WallTime(microseconds: 1_795_000_000_000_000 + nanoseconds / 1_000))
            })
        let patch = await withTaskGroup(of: WorkloadPatch?.self) { group in
            group.addTask {
                await ShipperRun(ports: ports, clock: clock, tick: .milliseconds(20)).run(bench.process)
                return nil
            }
            group.addTask {
                for await patch in patches { return patch }
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        #expect(patch?.workload == "telemetry" && patch?.decision == nil)
    }
}
