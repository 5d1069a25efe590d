// Aim: in the lab, real telemetry harms real probes, a limit on the telemetry host heals them, and nothing is left behind.
// Method: namespaces, iperf3, our prober and reflector, tc. Needs root.
import Clocks
import Glibc
import Lab
import Probing
import Quantities
import Sockets
import Testing
import TrafficControl

private let key = ProbeKey([UInt8](repeating: 3, count: 32))!

private func reflector(_ transport: ProbeTransport, port: UInt16) -> ReflectorEndpoint {
    ReflectorEndpoint(
        transport: transport, listen: Endpoint(LabHost.receiver.address, port: port), keys: [key],
        allowed: [AddressPrefix("10.213.0.0/16")!])
}
private func target(_ flow: FlowID, _ transport: ProbeTransport, port: UInt16) -> ProbeTarget {
    ProbeTarget(flow: flow, transport: transport, host: "\(LabHost.receiver.address)", port: port, key: key, interval: .milliseconds(10))
}

private func namespaces() async throws -> String { try await NetworkTool.ip.run(["netns", "list"], context: "test") }

/// The 95th percentile of some results' round trips above the least of all; a lost probe counts as the longest.
private func p95(_ results: [ProbeResult], above base: Nanoseconds) -> Nanoseconds {
    let times = results.map { result -> Nanoseconds in
        if case .roundTrip(let time) = result.outcome { time } else { .seconds(1) }
    }.sorted()
    return (times.isEmpty ? .zero : times[min(times.count - 1, times.count * 95 / 100)]) - base
}

@Suite(.serialized, .enabled(if: geteuid() == 0, "network namespaces need root"))
struct LabNetworkTests {
    @Test func `saturation raises the probes' p95 and a limit of 150 Mbit per second brings it down`() async throws {
        try await LabNetwork.with(label: "a") { network in
            let reflector = try Reflector(
                endpoints: [
                    reflector(.udp, port: 5201), reflector(.tcp, port: 5202),
                ], networkNamespace: network.namespacePath(of: .receiver))
            let prober = try Prober(
                targets: [
                    target("robot", .udp, port: 5201), target("scanner", .tcp, port: 5202),
                ], networkNamespace: network.namespacePath(of: .robot))
            defer {
                prober.stop()
                reflector.stop()
            }
            var collected: [FlowID: [ProbeResult]] = [:]
            func drain() {
                for (flow, batch) in prober.drain() { collected[flow, default: []] += batch.results }
            }
            func takeResults() -> [FlowID: [ProbeResult]] {
                drain()
                defer { collected = [:] }
                // The first second is the connections' slow start.
                return collected.mapValues { Array($0.dropFirst(100)) }
            }

            let deadline = SystemClocks.monotonic() + .seconds(10)
            var nothing = PollSet()
            while collected.values.count < 2 || collected.values.contains(where: { $0.count < 200 }), SystemClocks.monotonic() < deadline {
                drain()
                _ = nothing.wait(nanoseconds: 10_000_000)
            }
            let idle = takeResults()
            let unmanaged = try await network.runTelemetry(seconds: 4)
            let saturated = takeResults()
            try await TrafficControlEnforcer().set(.megabits(150), on: network.telemetryDevice)
            let limited = try await network.runTelemetry(seconds: 4)
            let shaped = takeResults()

            #expect(unmanaged.congestionControl == "cubic")
            #expect(unmanaged.received > .megabits(150) && unmanaged.received < .megabits(205))
            #expect(limited.received > .megabits(110) && limited.received < .megabits(151))
            for flow: FlowID in ["robot", "scanner"] {
                let base = try #require(idle[flow]?.compactMap { if case .roundTrip(let time) = $0.outcome { time } else { nil } }.min())
                let (harmed, healed) = (p95(saturated[flow] ?? [], above: base), p95(shaped[flow] ?? [], above: base))
                #expect(harmed > .milliseconds(3), "\(flow): p95 above base while saturated: \(harmed)")
                #expect(healed < .milliseconds(2), "\(flow): p95 above base while limited: \(healed)")
            }
        }
        #expect(!(try await namespaces().contains("fairlead-lab-\(getpid())a-")))
    }

    @Test func `the bottleneck can be moved while telemetry runs`() async throws {
        try await LabNetwork.with(bottleneck: .megabits(200), label: "b") { network in
            try await network.setBottleneck(.megabits(50))
            let report = try await network.runTelemetry(seconds: 2)
            #expect(report.received < .megabits(60) && report.received > .megabits(20))
            let before = try await TrafficControlEnforcer().read(network.telemetryDevice)
            #expect(before.limit == .unlimited)
            #expect(before.sentBytes > 5_000_000)
        }
    }

    @Test func `a limit changed under load keeps its queue and its counters`() async throws {
        try await LabNetwork.with(label: "e") { network in
            let enforcer = TrafficControlEnforcer()
            try await enforcer.set(.megabits(20), on: network.telemetryDevice)
            let rates = try await withThrowingTaskGroup(of: TelemetryReport?.self) { group in
                group.addTask { try await network.runTelemetry(seconds: 3) }
                var states: [DeviceState] = []
                let deadline = SystemClocks.monotonic() + .seconds(10)
                while (states.last?.queue?.overlimits ?? 0) < 100, SystemClocks.monotonic() < deadline {
                    states.append(try await enforcer.read(network.telemetryDevice))
                }
                for rate in [30, 10, 40].map(BitRate.megabits) { states.append(try await enforcer.set(rate, on: network.telemetryDevice)) }
                while try await group.next() != nil {}
                return states
            }
            // A queue that was thrown away would have begun to count anew.
            let waits = rates.compactMap { $0.queue?.overlimits }
            #expect(waits.count == rates.count && (waits.last ?? 0) >= 100)
            #expect(zip(waits, waits.dropFirst()).allSatisfy { $0 <= $1 })
            #expect(zip(rates, rates.dropFirst()).allSatisfy { $0.sentBytes <= $1.sentBytes })
            #expect(rates.contains { ($0.queue?.backlogBytes ?? 0) > 0 })
        }
    }

    @Test func `a lab that fails inside is taken down, and so is one that is cancelled`() async throws {
        struct Accident: Error {}
        await #expect(throws: Accident.self) {
            try await LabNetwork.with(label: "c") { _ in throw Accident() }
        }
        #expect(!(try await namespaces().contains("fairlead-lab-\(getpid())c-")))
        let (started, announce) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            defer { announce.finish() }
            try await LabNetwork.with(label: "d") { network in
                announce.finish()
                _ = try await network.runTelemetry(seconds: 60)
            }
        }
        for await _ in started {}
        task.cancel()
        await #expect(throws: (any Error).self) { try await task.value }
        #expect(!(try await namespaces().contains("fairlead-lab-\(getpid())d-")))
    }

    @Test func `what a killed process left is swept away, and what a living one holds is not`() async throws {
        // No process has this number: it is above the kernel's bound of 2²².
        let stale = "fairlead-lab-4194305-router"
        let living = "fairlead-lab-\(getpid())z-router"
        for name in [stale, living] { _ = try await NetworkTool.ip.run(["netns", "add", name], context: "test") }
        await LabNetwork.sweepStale()
        let left = try await namespaces()
        _ = try await NetworkTool.ip.run(["netns", "del", living], context: "test")
        #expect(!left.contains(stale))
        #expect(left.contains(living))
    }
}
