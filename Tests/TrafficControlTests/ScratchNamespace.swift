import Glibc

@testable import TrafficControl

/// A network namespace with one pair of devices, `a` and `b`, for one test; gone when the test is, whatever became of it.
struct ScratchNamespace {
    let name: String
    var device: NetworkDevice { NetworkDevice(name: "a", networkNamespace: name) }

    static var isAvailable: Bool { geteuid() == 0 }

    static func with<Result>(_ label: String, _ body: (ScratchNamespace) async throws -> Result) async throws -> Result {
        let scratch = ScratchNamespace(name: "fairlead-test-\(getpid())-\(label)")
        try await scratch.ip(["netns", "add", scratch.name])
        do {
            try await scratch.ip(["-n", scratch.name, "link", "add", "name", "a", "type", "veth", "peer", "name", "b"])
            for end in ["a", "b"] { try await scratch.ip(["-n", scratch.name, "link", "set", "dev", end, "up"]) }
            let result = try await body(scratch)
            try await scratch.ip(["netns", "del", scratch.name])
            return result
        } catch {
            try await scratch.ip(["netns", "del", scratch.name])
            throw error
        }
    }

    func ip(_ arguments: [String]) async throws { _ = try await NetworkTool.ip.run(arguments, context: "test") }
    func tc(_ arguments: [String]) async throws { _ = try await NetworkTool.tc.run(["-n", name] + arguments, context: "test") }
}
