// Aim: a limit is set, changed in place, read back and taken away on a real device, and trouble is told in a plain sentence.
// Method: network namespaces of our own; they need root.
import Quantities
import Testing

@testable import TrafficControl

@Suite(.serialized, .enabled(if: ScratchNamespace.isAvailable, "network namespaces need root"))
struct TrafficControlEnforcerTests {
    let enforcer = TrafficControlEnforcer()

    @Test func `a device is unlimited, then limited, then changed in place, then unlimited again`() async throws {
        try await ScratchNamespace.with("cycle") { scratch in
            #expect(try await enforcer.read(scratch.device).limit == .unlimited)
            for rate in [BitRate.megabits(150), BitRate(bitsPerSecond: 123_456_784), .megabits(10), BitRate(bitsPerSecond: 1_000), .megabits(10_000)] {
                let state = try await enforcer.set(rate, on: scratch.device)
                #expect(state.limit == .limited(rate))
                #expect(state.queue != nil)
            }
            try await enforcer.remove(from: scratch.device)
            #expect(try await enforcer.read(scratch.device).limit == .unlimited)
            try await enforcer.remove(from: scratch.device)
        }
    }

    @Test func `the bytes sent go on through every change of the limit`() async throws {
        try await ScratchNamespace.with("count") { scratch in
            var last = try await enforcer.read(scratch.device)
            for rate in [20, 30, 10].map(BitRate.megabits) {
                let state = try await enforcer.set(rate, on: scratch.device)
                #expect(state.sentBytes >= last.sentBytes)
                #expect(state.readAt > last.readAt)
                last = state
            }
        }
    }

    @Test func `a rate of zero or nearly zero is refused and nothing changes`() async throws {
        try await ScratchNamespace.with("zero") { scratch in
            try await enforcer.set(.megabits(20), on: scratch.device)
            for bits: Int64 in [0, 1, 999] {
                let error = await #expect(throws: TrafficControlError.self) {
                    try await enforcer.set(BitRate(bitsPerSecond: bits), on: scratch.device)
                }
                #expect(error?.code == .rateTooLow)
            }
            #expect(try await enforcer.read(scratch.device).limit == .limited(.megabits(20)))
        }
    }

    @Test func `what someone else configured is neither replaced nor removed`() async throws {
        try await ScratchNamespace.with("foreign") { scratch in
            try await scratch.tc(["qdisc", "add", "dev", "a", "root", "handle", "1:", "htb"])
            #expect(try await enforcer.read(scratch.device).limit == .foreign(kind: "htb"))
            let refused = await #expect(throws: TrafficControlError.self) { try await enforcer.set(.megabits(20), on: scratch.device) }
            #expect(refused?.code == .foreignDiscipline && refused?.isRetriable == false)
            await #expect(throws: TrafficControlError.self) { try await enforcer.remove(from: scratch.device) }
            #expect(try await enforcer.read(scratch.device).limit == .foreign(kind: "htb"))
        }
    }

    @Test func `a missing device or namespace is named in the sentence`() async throws {
        try await ScratchNamespace.with("missing") { scratch in
            let ghost = NetworkDevice(name: "ghost", networkNamespace: scratch.name)
            let noDevice = await #expect(throws: TrafficControlError.self) { try await enforcer.set(.megabits(20), on: ghost) }
            #expect(noDevice?.code == .noSuchDevice)
            #expect(noDevice?.description.contains("ghost") == true)
        }
        let nowhere = NetworkDevice(name: "a", networkNamespace: "fairlead-there-is-none")
        let noNamespace = await #expect(throws: TrafficControlError.self) { try await enforcer.read(nowhere) }
        #expect(noNamespace?.code == .noSuchNamespace)
        #expect(noNamespace?.isRetriable == true)
    }
}
