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
            return PatchReport(workload: patch.workload, desired: patch.desired, result: .applied, objectCount: 1)
        }
    }

    /// An enforcer whose server never answers a reading: only the end of its task ends it.
    private struct SilentEnforcer: BandwidthEnforcer {
        func read() async -> [WorkloadReading] {
            for await _ in AsyncStream(Never.self, { _ in }) {}
            return [WorkloadReading(limit: .unknown("cancelled"), counter: .noSource)]
        }
        func apply(_ patch: WorkloadPatch) async -> PatchReport {
            PatchReport(workload: patch.workload, desired: patch.desired, result: .unknown, objectCount: 0)
        }
    }

    @Test func `a reading of limits that never comes is given up after half a tick, and the loop goes on deciding`() async throws {
        let (statuses, show) = AsyncStream.makeStream(of: ShipperStatus.self)
        let bench = try ShipperBench()
        let clock = ContinuousClock()
        var ports = ports(enforcer: SilentEnforcer(), clock)
        ports.show = { show.yield($0) }
        let third = await withTaskGroup(of: ShipperStatus?.self) { [ports] group in
            group.addTask {
                await ShipperRun(ports: ports, clock: clock, tick: .milliseconds(20)).run(bench.process)
                return nil
            }
            group.addTask { await statuses.first { $0.ticks == 3 } }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        #expect(third?.ticks == 3 && third?.problems == ["cancelled"])
    }

    private func ports(enforcer: any BandwidthEnforcer, _ clock: ContinuousClock) -> ShipperPorts {
        let start = clock.now
        return ShipperPorts(
            measurements: SilentSource(), enforcer: enforcer, spool: HangingSpool(), log: nil,
            now: {
                let passed = (clock.now - start).components
                let nanoseconds = passed.seconds * 1_000_000_000 + passed.attoseconds / 1_000_000_000
                return Now(monotonic: MonotonicTime(nanoseconds: nanoseconds + 1), wall: WallTime(microseconds: 1_795_000_000_000_000 + nanoseconds / 1_000))
            })
    }

    @Test func `the first limit is set though the spool never answers, and the run still ends when it is told to`() async throws {
        let (patches, patched) = AsyncStream.makeStream(of: WorkloadPatch.self)
        let bench = try ShipperBench()
        let clock = ContinuousClock()
        let ports = ports(enforcer: OpenEnforcer(patched: patched), clock)
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
