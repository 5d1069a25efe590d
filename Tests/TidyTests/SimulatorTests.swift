import Testing

/// The simulator carries effects out and watches; what a law, a writer, a fold or an allocator decides it takes from production, and never
/// makes itself. Its sources are read for the names of what decides.
struct SimulatorTests {
    /// Whoever makes one of these decides something.
    static let decisions: Set<String> = [
        "LoopOutcome", "LoopDecision", "LoopInput", "Tick", "Grant", "GrantVersion", "AllocationRecord", "CapacityEstimate", "WorkloadPatch", "PushPatch",
        "PushClaim", "OpenRequest", "AppendRequest", "LossRequest", "LogEntry", "EventEnvelope", "StreamClaim",
    ]
    /// Whoever speaks of one of these runs a part of a process by himself.
    static let machines: Set<String> = [
        "LogWriter", "CentralWriter", "GrantHold", "LeaseHold", "HeldRaises", "LoopTrack", "WorkloadTrack", "LinkCapacity", "CeilingMemory", "FleetState",
        "AllocationPlanner", "AllocationSolver", "LawRule", "LoopFrame", "PacedRule", "PlateauRule", "BaseDelay", "FlowMeter",
    ]

    static func findings(_ source: SwiftSource, file: String) -> [Finding] {
        source.tokens.indices.compactMap { place in
            let word = source.tokens[place].text
            let next = place + 1 < source.tokens.count ? source.tokens[place + 1].text : ""
            let decides = machines.contains(word) || (decisions.contains(word) && next == "(")
            return decides ? Finding(file: file, line: source.tokens[place].line, problem: "\(word) belongs to production alone") : nil
        }
    }

    @Test func `the simulator has no law and no protocol of its own`() {
        let sources = ProjectTree.sources(under: "Sources/Simulation")
        #expect(sources.count > 15)
        #expect(sources.flatMap { Self.findings($0.source, file: $0.file) } == [])
        let words = Set(sources.flatMap { $0.source.tokens.map(\.text) })
        #expect(words.isSuperset(of: ["ShipperProcess", "CoordinatorProcess", "LogMachine"]))
    }

    @Test func `a law or a writer of its own would be seen`() {
        let source = SwiftSource("let a = LogWriter(stream: s)\nlet b = LoopOutcome(action: .hold)\nfunc c(_ d: LoopOutcome) {}")
        #expect(Self.findings(source, file: "x").map(\.line) == [1, 2])
    }
}
