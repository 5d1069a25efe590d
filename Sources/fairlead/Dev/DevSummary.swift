import Adapters
import Cryptography
import EventStore
import Events
import Fleet
import JSONDocument
import PostgreSQL
import PrivatePostgres
import Quantities
import Supervision

/// What happened in a run of the development fleet, counted from the log alone; what was delivered, from the receiver's record.
struct DevSummary {
    let readySeconds: Double
    var clusters: Set<String> = []
    var ticks = 0
    var samples = 0
    var decisions: [LoopAction: Int] = [:]
    var grants = 0
    var patchesApplied = 0
    /// The world said no: to the value, to the term, or because another was faster.
    var patchesRefused = 0
    /// Nobody answered, or nothing was there to be patched.
    var patchesUnanswered = 0
    private var firing: Set<String> = []
    var fired = 0
    var resolved = 0
    var delivered = 0
    let processes: [Supervisor.Standing]
    let postgres: Int32?
    let postgresStarts: Int
    let streams: Int
    let isVerified: Bool
    let gaps: Int64

    init(stage: DevStage, readySeconds: Double) async throws {
        self.readySeconds = readySeconds
        let connection = PostgresConnection(.fairlead(stage.ownerConnection))
        let reports = try await LogVerifier(connection, hash: .libcrypto).verify()
        streams = reports.count
        isVerified = reports.allSatisfy(\.findings.isEmpty)
        gaps = reports.reduce(0) { $0 + $1.gaps }
        processes = stage.supervisor.table
        postgres = stage.server.processIdentifier
        postgresStarts = stage.serverStarts
        try await LogReader(connection).readAll { count($0) }
        delivered = WebhookRecord.count(at: "\(stage.directory)/webhooks.jsonl")
    }

    private mutating func count(_ record: LogRecord) {
        switch record.entry {
        case .tick(let tick):
            if let cluster = record.position.stream.cluster { clusters.insert(cluster.text) }
            if tick.ordinal == 0 { ticks += 1 }
            samples += tick.flows.count
            if let decision = tick.decision, !decision.isShadow { decisions[decision.outcome.action, default: 0] += 1 }
        case .event(let envelope):
            guard let fact = try? envelope.fact() else { return }  // a kind of a later version is none of ours
            switch fact {
            case .grantIssued: grants += 1
            case .patchSettled(let patch):
                switch patch.result {
                case .applied: patchesApplied += 1
                case .refused, .lostRace, .contested: patchesRefused += 1
                case .unknown, .gone: patchesUnanswered += 1
                }
            case .alertChanged(let change):
                if change.state == .firing {
                    fired += 1
                    firing.insert(change.fingerprint)
                }
                // One that was only pending and went away never fired, so it resolves nothing.
                if change.state == .resolved, firing.remove(change.fingerprint) != nil { resolved += 1 }
            default: break
            }
        }
    }

    /// Whether the log is what it should be. The rest is for the reader to judge.
    var isWhole: Bool { isVerified && gaps == 0 }

    var json: JSONValue {
        [
            "ready_seconds": .measured(readySeconds), "clusters": .integer(clusters.count), "ticks": .integer(ticks),
            "samples": .integer(samples),
            "decisions": [
                "decrease": .integer(decisions[.decrease] ?? 0), "increase": .integer(decisions[.increase] ?? 0),
                "hold": .integer(decisions[.hold] ?? 0),
            ],
            "grants": .integer(grants),
            "patches": [
                "applied": .integer(patchesApplied), "refused": .integer(patchesRefused), "unanswered": .integer(patchesUnanswered),
            ],
            "alerts": ["fired": .integer(fired), "resolved": .integer(resolved), "delivered": .integer(delivered)],
            "processes": .array(
                [["role": .string("postgres"), "pid": .optional(postgres), "starts": .integer(postgresStarts)]]
                    + processes.map {
                        ["role": .string($0.role), "pid": .optional($0.processIdentifier), "starts": .integer($0.starts)]
                    }),
            "log": ["streams": .integer(streams), "verified": .bool(isVerified), "gaps": .integer(gaps)],
        ]
    }

    var table: String {
        """
        ready       \(decimal(readySeconds, fractionDigits: 1)) s
        clusters    \(clusters.count)
        ticks       \(ticks), \(samples) samples
        decisions   \(decisions[.decrease] ?? 0) decrease, \(decisions[.increase] ?? 0) increase, \(decisions[.hold] ?? 0) hold
        grants      \(grants)
        patches     \(patchesApplied) applied, \(patchesRefused) refused, \(patchesUnanswered) unanswered
        alerts      \(fired) fired, \(resolved) resolved, \(delivered) delivered
        log         \(streams) streams, \(isVerified ? "verified" : "NOT VERIFIED"), \(gaps) gaps
        """
    }
}
