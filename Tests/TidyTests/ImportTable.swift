/// The rooms of the house, and what each of its targets may import. This table is the wall; the manifest is held against it.
enum Room: String, CaseIterable {
    /// Module maps and typed shims; C, no Swift.
    case cLibrary
    /// Values and pure functions: no socket, clock, random number, task.
    case core
    /// `step(input, now) -> [Effect]`: pure as the core, and knows only the core.
    case process
    /// One outside world each.
    case rim
    /// Joins the processes to the rim, or runs them in a simulated world.
    case top
    case executable

    /// Modules of the platform that sources in this room may import.
    var platform: Set<String> {
        switch self {
        case .cLibrary, .core, .process: []
        // FoundationEssentials costs memory and size: where a C library or a package asks for its types only.
        case .rim, .top: ["Glibc", "Synchronization", "Dispatch", "FoundationEssentials"]
        case .executable: ["Glibc", "Synchronization", "Dispatch", "FoundationEssentials", "Foundation"]
        }
    }
    /// Whether sources in this room must have no effect of their own.
    var isPure: Bool { self == .core || self == .process }
}

struct ImportRow {
    let target: String
    let room: Room
    let allowed: Set<String>

    init(_ target: String, _ room: Room, _ allowed: [String] = []) {
        self.target = target
        self.room = room
        self.allowed = Set(allowed)
    }
}

enum ImportTable {
    /// Packages from outside that are pure: the core may import them.
    static let purePackages: Set<String> = ["Yams", "Collections", "OrderedCollections"]
    /// The part of the core that the rim may see: words and documents, never rules and machines.
    static let coreForRim: Set<String> = [
        "Quantities", "JSONDocument", "Events", "Fleet", "Explanation", "Alerting", "ReadModel", "Charts", "Exposition",
    ]

    private static let core = [
        "Quantities", "JSONDocument", "Jitter", "ControlLaw", "Events", "Fleet", "Allocation", "AllocationDocument", "Coordination",
        "Alerting", "Explanation", "ReadModel", "Charts", "Exposition", "Plants", "LawHistory",
    ]
    private static let processes = ["Shipper", "Coordinator", "Alerter"]
    private static let rim = [
        "CLinux", "Schema", "PostgreSQL", "ChildProcesses", "Supervision", "PrivatePostgres", "EventStore", "Spool", "HTTPTransport",
        "Cryptography", "Clocks", "Sockets", "ConfigurationFiles", "HealthServer", "Probing", "Kubernetes", "TrafficControl", "Lab",
        "Webhook", "Web",
    ]
    private static let plumbing = ["Logging", "Metrics", "ServiceLifecycle", "UnixSignals", "Subprocess", "SystemPackage", "Yams"]

    private static let web = ["Hummingbird", "HummingbirdCore", "Mustache", "NIOCore", "HTTPTypes"]

    static let rows: [ImportRow] = [
        ImportRow("CLibPQ", .cLibrary),
        ImportRow("CLibCurl", .cLibrary),
        ImportRow("CLibCrypto", .cLibrary),
        ImportRow("CLinux", .cLibrary),

        ImportRow("Quantities", .core),
        ImportRow("JSONDocument", .core),
        ImportRow("Jitter", .core, ["Quantities", "Events"]),
        ImportRow("ControlLaw", .core, ["Quantities", "Events"]),
        ImportRow("Events", .core, ["Quantities", "JSONDocument"]),
        ImportRow("Fleet", .core, ["Quantities", "ControlLaw", "Yams"]),
        ImportRow("Allocation", .core, ["Quantities", "Collections"]),
        ImportRow("AllocationDocument", .core, ["Quantities", "Allocation", "JSONDocument"]),
        ImportRow("Coordination", .core, ["Quantities", "Events", "Fleet", "Allocation", "ControlLaw", "Collections", "OrderedCollections"]),
        ImportRow("Plants", .core, ["Quantities", "Events", "Fleet", "Jitter", "Allocation"]),
        ImportRow("Alerting", .core, ["Quantities", "JSONDocument", "Events", "Fleet", "Collections", "OrderedCollections"]),
        ImportRow("Explanation", .core, ["Quantities", "JSONDocument", "Events", "Fleet", "Allocation", "ControlLaw", "Alerting"]),
        ImportRow("ReadModel", .core, ["Quantities", "JSONDocument", "Events", "Explanation"]),
        ImportRow("LawHistory", .core, ["Quantities", "JSONDocument", "Events", "ControlLaw", "Explanation"]),
        ImportRow("Charts", .core, ["Quantities"]),
        ImportRow("Exposition", .core, ["Quantities"]),

        ImportRow("Shipper", .process, ["Quantities", "Events", "Fleet", "Jitter", "ControlLaw", "Allocation", "Explanation"]),
        ImportRow(
            "Coordinator", .process,
            ["Quantities", "Events", "Fleet", "Allocation", "AllocationDocument", "Coordination", "ControlLaw", "Explanation"]),
        ImportRow("Alerter", .process, ["Quantities", "Events", "Fleet", "Alerting", "Coordination", "Explanation"]),

        ImportRow("Schema", .rim),
        ImportRow("PostgreSQL", .rim, ["CLibPQ", "CLinux"]),
        ImportRow("ChildProcesses", .rim, ["CLinux"]),
        ImportRow("Supervision", .rim, ["ChildProcesses", "Clocks", "Quantities"]),
        ImportRow("PrivatePostgres", .rim, ["ChildProcesses"]),
        ImportRow("EventStore", .rim, ["PostgreSQL", "Schema", "Quantities", "JSONDocument", "Events", "Fleet", "Alerting", "ReadModel"]),
        ImportRow("Spool", .rim, ["Schema", "Quantities", "Events", "GRDB"]),
        ImportRow("HTTPTransport", .rim, ["CLibCurl"]),
        ImportRow("Cryptography", .rim, ["CLibCrypto", "Quantities"]),
        ImportRow("Clocks", .rim, ["CLinux", "Quantities"]),
        ImportRow("Sockets", .rim, ["CLinux"]),
        ImportRow("ConfigurationFiles", .rim, ["Fleet"]),
        ImportRow("HealthServer", .rim, ["Sockets", "Clocks", "Quantities"]),
        ImportRow("Probing", .rim, ["Sockets", "Clocks", "Quantities", "JSONDocument", "Fleet", "Events", "Cryptography", "HTTPTransport"]),
        ImportRow("Lab", .rim, ["TrafficControl", "Sockets", "Quantities", "JSONDocument", "Subprocess", "SystemPackage"]),
        ImportRow("Kubernetes", .rim, ["HTTPTransport", "Cryptography", "JSONDocument", "Quantities", "Fleet", "Events", "Yams"]),
        ImportRow("TrafficControl", .rim, ["Clocks", "Quantities", "Fleet", "Events", "JSONDocument", "Subprocess", "SystemPackage"]),
        ImportRow("Webhook", .rim, ["HTTPTransport", "Cryptography", "Alerting", "JSONDocument", "Quantities"]),
        ImportRow(
            "Web", .rim,
            ["Quantities", "JSONDocument", "Events", "Explanation", "ReadModel", "Charts", "Exposition", "Hummingbird", "HummingbirdCore",
             "Mustache", "Logging", "ServiceLifecycle", "NIOCore", "HTTPTypes"]),

        ImportRow("Simulation", .top, core + processes + ["Collections", "HeapModule", "DequeModule"]),
        ImportRow("Scenarios", .top, core + processes),
        ImportRow("Adapters", .top, core + processes + rim + plumbing),
        ImportRow("fairlead", .executable, core + processes + rim + plumbing + web + ["Adapters", "Simulation", "Scenarios", "ArgumentParser"]),
        // The small binary: without the page, the lab, the simulator and a database or supervisor of its own.
        ImportRow(
            "fairlead-shipper", .executable,
            core + ["Shipper"] + rim.filter { !["Web", "Lab", "PrivatePostgres", "Supervision", "Webhook"].contains($0) } + plumbing
                + ["Adapters", "ArgumentParser"]),
    ]
}
