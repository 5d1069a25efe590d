import Events
import Quantities
import Testing

/// One fact of each kind, at its fullest; and the leaner forms that optional fields allow.
enum FactSamples {
    static let digest = Digest(bytes: (0..<32).map { UInt8($0) })!
    static let position = LogPosition(stream: "plant-a/4f21c09a", sequence: 118)

    static let full: [Fact] = [
        .rosterDeclared(
            Roster(
                cluster: "plant-a", configuration: digest, mode: "enforce",
                flows: [
                    .init(
                        id: "robot-control", vantage: "node-1", source: "probe", serviceLevel: "robot", target: .microseconds(1_000),
                        bound: .microseconds(1_500), links: ["wan"])
                ],
                workloads: [.init(id: "telemetry-upload", floor: .megabits(10), ceiling: .megabits(1_000), links: ["wan", "core"])],
                links: ["wan", "core"], laws: [.init(name: "plateau@1", parameters: "cooldown=10s;gain=300")])),
        .patchSettled(
            PatchRecord(
                cluster: "plant-a", workload: "telemetry-upload", desired: .megabits(80), before: .megabits(100), result: .lostRace,
                decision: position, term: 7, objectCount: 3, detail: "a \"foreign\" change\nstood first")),
        .baseChanged(BaseChange(flow: "robot-control", from: .microseconds(300), to: .microseconds(290), cause: "lower-seen")),
        .leadershipChanged(LeadershipChange(isLeader: false, transitions: 4, holder: "shipper-1")),
        .grantReceived(GrantVersion(term: 7, version: 31)),
        .grantExpired(GrantVersion(term: 7, version: 31)),
        .entriesLost(LostRange(first: 11, last: 42, digestBefore: digest, digestAfter: .zero, cause: "full")),
        .spoolSetAside(
            SpoolSetAside(
                stream: "plant-a/0000000a", last: 42, acknowledged: 40, reason: "the log holds something else at plant-a/0000000a/41",
                keptAs: "spool.sqlite.aside-1")),
        .processStarted(ProcessStart(role: "shipper", version: "0.1.0", manner: "resumed")),
        .capacityEstimated(
            CapacityEstimate(link: "wan", effective: .megabits(190), before: .megabits(1_000), cause: "suffered", evidence: position)),
        .allocationDecided(
            AllocationRecord(
                version: GrantVersion(term: 7, version: 31), isFeasible: true,
                links: [
                    .init(link: "wan", configured: .megabits(1_000), effective: .megabits(190), reserved: .megabits(20), used: .megabits(170))
                ],
                shares: [
                    .init(
                        cluster: "plant-a", workload: "telemetry-upload", share: .megabits(85), granted: .megabits(80), binding: "link wan",
                        next: "ceiling")
                ],
                certificate: "{\"wan\":85}", foldedThrough: [position])),
        .grantIssued(
            Grant(
                cluster: "plant-a", version: GrantVersion(term: 7, version: 31), timeToLive: .seconds(30),
                rates: [.init(workload: "telemetry-upload", rate: .megabits(80))], foldedThrough: position)),
        .alertChanged(
            AlertChange(
                fingerprint: "9f2c", rule: "ShipperSilent", state: .firing, labels: ["severity": "page", "cluster": "plant-a"],
                summary: "plant-a has not ticked for 30 s")),
        .notificationSettled(
            NotificationRecord(notification: "9f2c-1", receiver: "on-call", result: "retry", attempt: 2, detail: "HTTP 503")),
        .capacityOverridden(
            CapacityOverride(
                link: "wan", capacity: .megabits(120), lasts: .seconds(7_200), actor: "anna", reason: "fibre works until noon",
                plan: digest.description)),
    ]

    static let lean: [Fact] = [
        .rosterDeclared(Roster(cluster: "", configuration: .zero, mode: "", flows: [], workloads: [], links: [], laws: [])),
        .patchSettled(PatchRecord(cluster: "a", workload: "b", desired: .zero, result: .applied, decision: nil, term: 0)),
        .baseChanged(BaseChange(flow: "f", from: nil, to: .zero, cause: "proven")),
        .capacityEstimated(CapacityEstimate(link: "l", effective: .zero, before: .zero, cause: "configured", evidence: nil)),
        .allocationDecided(
            AllocationRecord(
                version: GrantVersion(term: 0, version: 0), isFeasible: false, links: [],
                shares: [.init(cluster: "a", workload: "b", share: .zero, granted: .zero, binding: "ceiling", next: nil)], certificate: "",
                foldedThrough: [])),
        .grantIssued(
            Grant(cluster: "a", version: GrantVersion(term: 0, version: 0), timeToLive: .zero, rates: [], foldedThrough: nil)),
        .notificationSettled(NotificationRecord(notification: "n", receiver: "r", result: "delivered", attempt: 1)),
        .capacityOverridden(CapacityOverride(link: "l", capacity: nil, lasts: nil, actor: "a", reason: "r", plan: "")),
        .allocationDecided(
            AllocationRecord(
                version: GrantVersion(term: 7, version: 32), isFeasible: true,
                links: [
                    .init(
                        link: "wan", configured: .megabits(1_000), effective: .megabits(120), reserved: .megabits(20), used: .megabits(170),
                        learned: .megabits(190))
                ],
                shares: [], kept: [.init(cluster: "plant-b", workload: "telemetry-upload", rate: .megabits(40))], certificate: "",
                foldedThrough: [])),
    ]

    /// The compiler asks for a line here when a fact is added; the tests then ask for its sample and its golden line.
    static func place(of fact: Fact) -> Int {
        switch fact {
        case .rosterDeclared: 0
        case .patchSettled: 1
        case .baseChanged: 2
        case .leadershipChanged: 3
        case .grantReceived: 4
        case .grantExpired: 5
        case .entriesLost: 6
        case .spoolSetAside: 7
        case .processStarted: 8
        case .capacityEstimated: 9
        case .allocationDecided: 10
        case .grantIssued: 11
        case .alertChanged: 12
        case .notificationSettled: 13
        case .capacityOverridden: 14
        }
    }
}
