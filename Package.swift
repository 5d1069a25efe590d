// swift-tools-version: 6.3
import PackageDescription

// One target is one room of DESIGN.md's house. What a target may import is the list given here; `TidyTests` holds the
// sources against a table of its own, because a build setting alone lets some undeclared imports past.

/// The settings of every target of ours: Swift 6 mode, imports that say what leaks, and no warning left standing.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]
/// The targets that hold C handles see each unsafe use spelled out; the pure core has none to spell.
let guarded: [SwiftSetting] = strict + [.strictMemorySafety()]

func core(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: guarded)
}
func rim(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: guarded)
}
func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let collections = Target.Dependency.product(name: "Collections", package: "swift-collections")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "fairlead",
    products: [
        .executable(name: "fairlead", targets: ["fairlead"]),
        .executable(name: "fairlead-shipper", targets: ["fairlead-shipper"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    ],
    targets: [
        // C libraries: module maps and typed inline shims, no logic.
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CLibCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),

        // The core: values and pure functions. No socket, clock, random number or task.
        core("Quantities"),
        core("JSONDocument"),
        core("Jitter", ["Quantities", "Events"]),
        core("ControlLaw", ["Quantities", "Events"]),
        core("Events", ["Quantities", "JSONDocument"]),
        core("Fleet", ["Quantities", "ControlLaw", yams]),
        core("Allocation", ["Quantities"]),
        core("AllocationDocument", ["Quantities", "Allocation", "JSONDocument"]),
        core("Plants", ["Quantities", "Events", "Fleet", "Jitter", "Allocation"]),
        core("Coordination", ["Quantities", "Events", "Fleet", "Allocation", "ControlLaw", collections]),
        core("Alerting", ["Quantities", "JSONDocument", "Events", "Fleet", collections]),
        core("Explanation", ["Quantities", "JSONDocument", "Events"]),
        core("ReadModel", ["Quantities", "JSONDocument", "Events", "Explanation"]),
        core("LawHistory", ["Quantities", "JSONDocument", "Events", "ControlLaw", "Explanation"]),
        core("Charts", ["Quantities"]),
        core("Exposition", ["Quantities"]),

        // The processes: a synchronous `step(input, now) -> [Effect]` each.
        core("Shipper", ["Quantities", "Events", "Fleet", "Jitter", "ControlLaw", "Allocation"]),
        core("Coordinator", ["Quantities", "Events", "Fleet", "Allocation", "Coordination"]),
        core("Alerter", ["Quantities", "Events", "Fleet", "Alerting", "Coordination"]),

        // The rim: one outside world each.
        .target(
            name: "Schema", path: "schema", exclude: ["README.md"], sources: ["Schema.swift"],
            resources: [.embedInCode("queries"), .embedInCode("migrations"), .embedInCode("spool")],
            swiftSettings: strict),
        rim("PostgreSQL", ["CLibPQ"]),
        rim("ChildProcesses", []),
        rim("PrivatePostgres", ["ChildProcesses"]),
        rim("Supervision", ["ChildProcesses", "Clocks", "Quantities"]),
        rim("EventStore", ["PostgreSQL", "Schema", "Quantities", "JSONDocument", "Events", "Fleet", "Alerting", "ReadModel"]),
        rim("Spool", ["Schema", "Quantities", "Events", grdb]),
        rim("HTTPTransport", ["CLibCurl"]),
        rim("Cryptography", ["CLibCrypto", "Quantities"]),
        rim("Clocks", ["CLinux", "Quantities"]),
        rim("ConfigurationFiles", ["Fleet"]),
        rim("Sockets", ["CLinux"]),
        rim("HealthServer", ["Sockets", "Clocks", "Quantities"]),
        rim("Probing", ["Sockets", "Clocks", "JSONDocument", "Quantities", "Fleet", "Events", "Cryptography", "HTTPTransport"]),
        rim("Kubernetes", ["HTTPTransport", "Cryptography", "JSONDocument", "Quantities", "Fleet", "Events", yams]),
        rim("TrafficControl", ["Quantities", "Clocks", "JSONDocument", subprocess, system]),
        rim("Lab", ["TrafficControl", "Sockets", "Quantities", "JSONDocument", subprocess, system]),
        rim("Webhook", ["HTTPTransport", "Cryptography", "Alerting", "Quantities"]),
        rim("Web", ["Quantities", "JSONDocument", "Events", "Explanation", "ReadModel", "Charts", "Exposition",
                    hummingbird, hummingbirdCore, mustache, logging, lifecycle, nioCore, httpTypes]),

        // The top.
        rim("Simulation", ["Quantities", "Events", "Fleet", "Jitter", "ControlLaw", "Allocation", "Coordination",
                           "Alerting", "Shipper", "Coordinator", "Alerter", collections]),
        rim("Scenarios", ["Quantities", "JSONDocument", "Events", "Fleet", "Jitter", "ControlLaw", "LawHistory", "Coordination", "Charts", "Plants", "Shipper", "Coordinator"]),
        rim("Adapters", ["Quantities", "Events", "Fleet", "Jitter", "ControlLaw", "Allocation", "Coordination", "Alerting",
                         "Explanation", "Shipper", "Coordinator", "Alerter", "PostgreSQL", "EventStore", "PrivatePostgres", "Spool",
                         "HTTPTransport", "Cryptography", "Probing", "Kubernetes", "TrafficControl", "Webhook", "CLinux",
                         "Clocks", "Sockets", "HealthServer", "ConfigurationFiles", "JSONDocument", "Exposition", logging, metrics, lifecycle]),
        .executableTarget(
            name: "fairlead",
            dependencies: ["Adapters", "Web", "ReadModel", "Exposition", "Simulation", "Plants", "Scenarios", "LawHistory", "Schema", "Quantities", "Events", "Fleet", "Jitter", "ControlLaw",
                           "Allocation", "AllocationDocument", "Coordination", "Alerting", "Explanation", "Shipper", "Coordinator", "Alerter",
                           "PostgreSQL", "EventStore", "PrivatePostgres", "HTTPTransport", "Cryptography", "Probing", "TrafficControl", "Webhook",
                           "Kubernetes", "Clocks", "Sockets", "ConfigurationFiles", "JSONDocument", "ChildProcesses", "Supervision", "Lab", "HealthServer",
                           argumentParser, logging, lifecycle, unixSignals, hummingbird, nioCore, httpTypes, system],
            swiftSettings: strict),
        .executableTarget(
            name: "fairlead-shipper",
            dependencies: ["Adapters", "Quantities", "Events", "Fleet", "Shipper", "Probing", "Clocks", "Sockets", "HealthServer", "ConfigurationFiles",
                           "HTTPTransport", "PostgreSQL", "EventStore", argumentParser, logging, lifecycle, unixSignals],
            swiftSettings: strict),

        // Tests.
        .target(name: "SampleFleet", dependencies: ["Quantities", "Events", "ReadModel"], path: "Tests/SampleFleet", swiftSettings: strict),
        tests("ExplanationTests", ["Explanation", "ReadModel", "Charts", "Exposition", "SampleFleet", "Events", "Quantities", "JSONDocument", subprocess]),
        tests("WebTests", ["Web", "ReadModel", "Exposition", "HTTPTransport", "SampleFleet", "Events", "Quantities", "JSONDocument", logging,
                           lifecycle, subprocess, system]),
        tests("ReadCommandTests", ["fairlead", "Explanation", "Fleet", "LawHistory", "ReadModel", "SampleFleet", "ControlLaw", "Events", "Quantities", "JSONDocument", argumentParser]),
        tests("TidyTests", []),
        tests("ReadmeTests", []),
        tests("EventsTests", ["Events", "Quantities", "JSONDocument", "Cryptography"]),
        tests("ShipperTests", ["Shipper", "ControlLaw", "Events", "Fleet", "Jitter", "Cryptography", "Quantities"]),
        tests("SimulationTests", ["Simulation", "Shipper", "Coordinator", "Coordination", "ControlLaw", "Events", "Fleet", "Cryptography", "Quantities"]),
        tests("QuantitiesTests", ["Quantities"]),
        tests("JSONDocumentTests", ["JSONDocument"]),
        tests("PostgreSQLTests", ["PostgreSQL", "PrivatePostgres", "Schema"]),
        tests("EventStoreTests", ["EventStore", "Fleet", "PostgreSQL", "PrivatePostgres", "Schema", "Cryptography", "Events", "Alerting", "LawHistory", "ReadModel", "Quantities"]),
        tests("SpoolTests", ["Spool", "Events", "Quantities", "Cryptography"]),
        tests("JitterTests", ["Jitter", "Events", "Quantities", histogram]),
        tests("ControlLawTests", ["ControlLaw", "Coordination", "Jitter", "Events", "Fleet", "Quantities"]),
        .testTarget(name: "PlantsTests", dependencies: ["Plants", "Fleet", "Jitter", "Quantities"], exclude: ["Fixtures"], swiftSettings: strict),
        tests("ScenariosTests", ["Scenarios", "Plants", "ControlLaw", "Cryptography", "Events", "Fleet", "JSONDocument", "Quantities"]),
        tests("LawHistoryTests", ["LawHistory", "ControlLaw", "Events", "JSONDocument", "Quantities"]),
        tests("CoordinationTests", ["Coordination", "Coordinator", "ControlLaw", "Cryptography", "Events", "Fleet", "Quantities"]),
        tests("AllocationTests", ["Allocation", "AllocationDocument", "JSONDocument", "Quantities"]),
        tests("FleetTests", ["Fleet", "ControlLaw", "Quantities"]),
        tests("AlertingTests", ["Alerting", "JSONDocument", "Events", "Fleet", "Quantities"]),
        tests(
            "AlerterTests",
            ["Alerter", "Alerting", "Coordination", "Events", "Fleet", "Quantities", "JSONDocument", "Cryptography", "Adapters", "EventStore",
             "PostgreSQL", "PrivatePostgres", "HTTPTransport", "Webhook", "Clocks", "Sockets", "fairlead", logging, lifecycle, hummingbird]),
        tests("ConfigurationFilesTests", ["ConfigurationFiles", "Fleet"]),
        .target(name: "ScriptedHTTP", path: "Tests/Support/ScriptedHTTP", swiftSettings: strict),
        tests("HTTPTransportTests", ["HTTPTransport", "ScriptedHTTP"]),
        tests("PrometheusTests", ["Probing", "HTTPTransport", "Quantities", "ScriptedHTTP"]),
        tests("WebhookTests", ["Webhook", "HTTPTransport", "Quantities", "ScriptedHTTP"]),
        .target(
            name: "ScriptedKubernetesAPI", dependencies: ["ScriptedHTTP", "JSONDocument"], path: "Tests/Support/ScriptedKubernetesAPI",
            swiftSettings: strict),
        .testTarget(
            name: "KubernetesTests",
            dependencies: ["Kubernetes", "ScriptedKubernetesAPI", "ScriptedHTTP", "HTTPTransport", "JSONDocument", "Quantities"],
            exclude: ["Fixtures"], swiftSettings: strict),
        tests("HealthServerTests", ["HealthServer", "Sockets"]),
        tests("LabTests", ["Lab", "TrafficControl", "Probing", "Sockets", "Clocks", "Quantities"]),
        tests("TrafficControlTests", ["TrafficControl", "Quantities"]),
        tests("ProbingTests", ["Probing", "Sockets", "Clocks", "Quantities"]),
        tests("AdaptersTests", ["Adapters", "PostgreSQL", "Events", "Cryptography", "Quantities"]),
        tests("CryptographyTests", ["Cryptography", "Quantities"]),
        tests(
            "ProcessTests",
            ["fairlead", "fairlead-shipper", "ChildProcesses", "PrivatePostgres", "PostgreSQL", "EventStore", "Events", "ControlLaw", "LawHistory", "Fleet",
             "Shipper", "Spool", "Quantities", "JSONDocument", "Cryptography", "HTTPTransport", "Clocks", "Sockets", "ScriptedKubernetesAPI", "ScriptedHTTP"]),
    ]
)
