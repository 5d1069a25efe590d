public import JSONDocument
import Quantities

/// A body that does not fit its kind: the field and what is wrong with it.
public struct FactError: Error, Equatable, Sendable, CustomStringConvertible {
    public let kind: String
    public let problem: String
    public var description: String { "\(kind): \(problem)" }
}

extension Fact {
    /// The version of all bodies today. A later version adds fields; it never changes the meaning of one.
    public static let version: Int16 = 1

    /// The kind of a `grantIssued`: for whoever looks for grants alone and reads no other body.
    public static let grantKind = "grant_issued"

    /// The newest version that this binary, and so the log of its schema, knows of a kind; nil for a kind that it does not know. The log
    /// refuses what it does not know (`fairlead.newest_version` is the same table, and a test holds the two together): a database is
    /// migrated before its writers are replaced.
    public static func newestVersion(ofKind kind: String) -> Int16? { kinds.contains(kind) ? version : nil }

    /// Every kind that may stand on the log; a checkpoint is no fact of the fleet's, and stands there too.
    private static let kinds: Set<String> = [
        "roster_declared", "patch_settled", "base_changed", "leadership_changed", "grant_received", "grant_expired", "entries_lost",
        "spool_set_aside", "process_started", "capacity_estimated", "allocation_decided", grantKind, "capacity_overridden",
        "alert_changed", "notification_settled", Checkpoint.kind,
    ]

    /// The kind, as it stands in the `kind` column.
    public var kind: String {
        switch self {
        case .rosterDeclared: "roster_declared"
        case .patchSettled: "patch_settled"
        case .baseChanged: "base_changed"
        case .leadershipChanged: "leadership_changed"
        case .grantReceived: "grant_received"
        case .grantExpired: "grant_expired"
        case .entriesLost: "entries_lost"
        case .spoolSetAside: "spool_set_aside"
        case .processStarted: "process_started"
        case .capacityEstimated: "capacity_estimated"
        case .allocationDecided: "allocation_decided"
        case .grantIssued: Fact.grantKind
        case .capacityOverridden: "capacity_overridden"
        case .alertChanged: "alert_changed"
        case .notificationSettled: "notification_settled"
        }
    }

    /// The body. Rates end in `_bps`, delays in `_100ns`, spans in `_ms`.
    public var body: JSONValue {
        switch self {
        case .rosterDeclared(let roster): roster.json
        case .patchSettled(let patch): patch.json
        case .baseChanged(let change):
            [
                "flow": .string(change.flow.text), "from_100ns": .optional(change.from?.hundredNanoseconds),
                "to_100ns": .integer(change.to.hundredNanoseconds), "cause": .string(change.cause),
            ]
        case .leadershipChanged(let change):
            ["is_leader": .bool(change.isLeader), "lease_transitions": .integer(change.transitions), "holder": .string(change.holder)]
        case .grantReceived(let version), .grantExpired(let version):
            ["term": .integer(version.term), "version": .integer(version.version)]
        case .entriesLost(let lost):
            [
                "first_seq": .integer(lost.first), "last_seq": .integer(lost.last), "digest_before": .string(lost.digestBefore.description),
                "digest_after": .string(lost.digestAfter.description), "cause": .string(lost.cause),
            ]
        case .spoolSetAside(let old):
            [
                "stream": .string(old.stream.text), "last_seq": .integer(old.last), "acknowledged_seq": .integer(old.acknowledged),
                "reason": .string(old.reason), "kept_as": .string(old.keptAs),
            ]
        case .processStarted(let start):
            ["role": .string(start.role), "version": .string(start.version), "manner": .string(start.manner)]
        case .capacityEstimated(let estimate):
            [
                "link": .string(estimate.link.text), "effective_bps": .integer(estimate.effective.bitsPerSecond),
                "before_bps": .integer(estimate.before.bitsPerSecond), "cause": .string(estimate.cause),
                "evidence": .optional(estimate.evidence?.description),
            ]
        case .allocationDecided(let allocation): allocation.json
        case .grantIssued(let grant): grant.json
        case .capacityOverridden(let override):
            [
                "link": .string(override.link.text), "capacity_bps": .optional(override.capacity?.bitsPerSecond),
                "lasts_ms": .optional(override.lasts?.milliseconds), "actor": .string(override.actor), "reason": .string(override.reason),
                "plan": .string(override.plan),
            ]
        case .alertChanged(let change):
            [
                "fingerprint": .string(change.fingerprint), "rule": .string(change.rule), "state": .string(change.state.rawValue),
                "labels": .object(change.labels.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .string($0.value)) }),
                "summary": .string(change.summary),
            ]
        case .notificationSettled(let record):
            [
                "notification": .string(record.notification), "receiver": .string(record.receiver), "result": .string(record.result),
                "attempt": .integer(record.attempt), "detail": .optional(record.detail),
            ]
        }
    }
}

extension EventEnvelope {
    /// The fact inside. Throws for an unknown kind (a later version's) and for a body that does not fit.
    public func fact() throws(FactError) -> Fact {
        let json: JSONValue
        do { json = try JSONValue(parsing: body) } catch { throw FactError(kind: kind, problem: "\(error)") }
        return try fact(in: json)
    }

    /// The same, where the body's text has been parsed already.
    func fact(in json: JSONValue) throws(FactError) -> Fact {
        let body = BodyReader(kind: kind, json: json)
        switch kind {
        case "roster_declared": return .rosterDeclared(try Roster(body))
        case "patch_settled": return .patchSettled(try PatchRecord(body))
        case "base_changed":
            return .baseChanged(
                BaseChange(
                    flow: FlowID(try body.string("flow")), from: try body.delay("from_100ns"), to: try body.requiredDelay("to_100ns"),
                    cause: try body.string("cause")))
        case "leadership_changed":
            return .leadershipChanged(
                LeadershipChange(
                    isLeader: try body.flag("is_leader"), transitions: Int32(clamping: try body.integer("lease_transitions")),
                    holder: try body.string("holder")))
        case "grant_received": return .grantReceived(try body.grantVersion())
        case "grant_expired": return .grantExpired(try body.grantVersion())
        case "entries_lost":
            return .entriesLost(
                LostRange(
                    first: try body.integer("first_seq"), last: try body.integer("last_seq"),
                    digestBefore: try body.digest("digest_before"), digestAfter: try body.digest("digest_after"),
                    cause: try body.string("cause")))
        case "spool_set_aside":
            return .spoolSetAside(
                SpoolSetAside(
                    stream: StreamName(try body.string("stream")), last: try body.integer("last_seq"),
                    acknowledged: try body.integer("acknowledged_seq"), reason: try body.string("reason"), keptAs: try body.string("kept_as")))
        case "process_started":
            return .processStarted(
                ProcessStart(role: try body.string("role"), version: try body.string("version"), manner: try body.string("manner")))
        case "capacity_estimated":
            return .capacityEstimated(
                CapacityEstimate(
                    link: LinkID(try body.string("link")), effective: try body.rate("effective_bps"),
                    before: try body.rate("before_bps"), cause: try body.string("cause"),
                    evidence: body.optionalString("evidence").flatMap(LogPosition.init(parsing:))))
        case "allocation_decided": return .allocationDecided(try AllocationRecord(body))
        case "grant_issued": return .grantIssued(try Grant(body))
        case "capacity_overridden":
            return .capacityOverridden(
                CapacityOverride(
                    link: LinkID(try body.string("link")), capacity: try body.optionalRate("capacity_bps"),
                    lasts: try body.optionalMilliseconds("lasts_ms"), actor: try body.string("actor"), reason: try body.string("reason"),
                    plan: try body.string("plan")))
        case "alert_changed":
            guard let state = AlertChange.State(rawValue: try body.string("state")) else { throw body.failure("state is unknown") }
            let labels = try body.object("labels").members ?? []
            return .alertChanged(
                AlertChange(
                    fingerprint: try body.string("fingerprint"), rule: try body.string("rule"), state: state,
                    labels: Dictionary(labels.map { ($0.key, $0.value.string ?? "") }) { first, _ in first },
                    summary: try body.string("summary")))
        case "notification_settled":
            return .notificationSettled(
                NotificationRecord(
                    notification: try body.string("notification"), receiver: try body.string("receiver"),
                    result: try body.string("result"), attempt: Int(try body.integer("attempt")),
                    detail: body.optionalString("detail")))
        default: throw FactError(kind: kind, problem: "this version does not know the kind")
        }
    }
}

extension PatchRecord {
    fileprivate var json: JSONValue {
        [
            "cluster": .string(cluster.text), "workload": .string(workload.text), "desired_bps": .integer(desired.bitsPerSecond),
            "before_bps": .optional(before?.bitsPerSecond), "result": .string(result.rawValue),
            "decision": .optional(decision?.description), "term": .integer(term), "object_count": .integer(objectCount),
            "detail": .optional(detail),
        ]
    }
    fileprivate init(_ body: BodyReader) throws(FactError) {
        guard let result = Result(rawValue: try body.string("result")) else { throw body.failure("result is unknown") }
        self.init(
            cluster: ClusterID(try body.string("cluster")), workload: WorkloadID(try body.string("workload")),
            desired: try body.rate("desired_bps"), before: try body.optionalRate("before_bps"), result: result,
            decision: body.optionalString("decision").flatMap(LogPosition.init(parsing:)), term: try body.integer("term"),
            objectCount: Int(try body.integer("object_count")), detail: body.optionalString("detail"))
    }
}

extension Grant {
    fileprivate var json: JSONValue {
        [
            "cluster": .string(cluster.text), "term": .integer(version.term), "version": .integer(version.version),
            "ttl_ms": .integer(timeToLive.milliseconds), "folded_through": .optional(foldedThrough?.description),
            "rates": .array(rates.map { ["workload": .string($0.workload.text), "rate_bps": .integer($0.rate.bitsPerSecond)] }),
        ]
    }
    fileprivate init(_ body: BodyReader) throws(FactError) {
        self.init(
            cluster: ClusterID(try body.string("cluster")), version: try body.grantVersion(),
            timeToLive: try body.milliseconds("ttl_ms"),
            rates: try body.elements("rates").map { (rate) throws(FactError) in
                Rate(workload: WorkloadID(try rate.string("workload")), rate: try rate.rate("rate_bps"))
            },
            foldedThrough: body.optionalString("folded_through").flatMap(LogPosition.init(parsing:)))
    }

    /// The grant as its event's body, for the table that answers shippers.
    public var bodyText: String { json.text }
    public init(bodyText: String) throws(FactError) {
        let json: JSONValue
        do { json = try JSONValue(parsing: bodyText) } catch { throw FactError(kind: "grant_issued", problem: "\(error)") }
        try self.init(BodyReader(kind: "grant_issued", json: json))
    }
}

extension Roster {
    fileprivate var json: JSONValue {
        [
            "cluster": .string(cluster.text), "configuration": .string(configuration.description), "mode": .string(mode),
            "flows": .array(
                flows.map { flow in
                    [
                        "id": .string(flow.id.text), "vantage": .string(flow.vantage), "source": .string(flow.source),
                        "sla_class": .string(flow.serviceLevel), "target_100ns": .integer(flow.target.hundredNanoseconds),
                        "bound_100ns": .integer(flow.bound.hundredNanoseconds), "links": .array(flow.links.map { .string($0.text) }),
                    ]
                }),
            "workloads": .array(
                workloads.map { workload in
                    [
                        "id": .string(workload.id.text), "floor_bps": .integer(workload.floor.bitsPerSecond),
                        "ceiling_bps": .integer(workload.ceiling.bitsPerSecond), "links": .array(workload.links.map { .string($0.text) }),
                    ]
                }),
            "links": .array(links.map { .string($0.text) }),
            "laws": .array(laws.map { ["name": .string($0.name), "parameters": .string($0.parameters)] }),
        ]
    }
    fileprivate init(_ body: BodyReader) throws(FactError) {
        self.init(
            cluster: ClusterID(try body.string("cluster")), configuration: try body.digest("configuration"),
            mode: try body.string("mode"),
            flows: try body.elements("flows").map { (flow) throws(FactError) in
                Flow(
                    id: FlowID(try flow.string("id")), vantage: try flow.string("vantage"), source: try flow.string("source"),
                    serviceLevel: try flow.string("sla_class"), target: try flow.requiredDelay("target_100ns"),
                    bound: try flow.requiredDelay("bound_100ns"), links: try flow.names("links").map(LinkID.init(_:)))
            },
            workloads: try body.elements("workloads").map { (workload) throws(FactError) in
                Workload(
                    id: WorkloadID(try workload.string("id")), floor: try workload.rate("floor_bps"),
                    ceiling: try workload.rate("ceiling_bps"), links: try workload.names("links").map(LinkID.init(_:)))
            },
            links: try body.names("links").map(LinkID.init(_:)),
            laws: try body.elements("laws").map { (law) throws(FactError) in
                Law(name: try law.string("name"), parameters: try law.string("parameters"))
            })
    }
}

extension AllocationRecord {
    fileprivate var json: JSONValue {
        let known: JSONValue = [
            "term": .integer(version.term), "version": .integer(version.version), "feasible": .bool(isFeasible),
            "links": .array(links.map(\.json)),
            "shares": .array(
                shares.map { share in
                    [
                        "cluster": .string(share.cluster.text), "workload": .string(share.workload.text),
                        "share_bps": .integer(share.share.bitsPerSecond), "granted_bps": .integer(share.granted.bitsPerSecond),
                        "binding": .string(share.binding), "next": .optional(share.next),
                    ]
                }),
            "certificate": .string(certificate),
            "folded_through": .array(foldedThrough.map { .string($0.description) }),
        ]
        return known.adding("kept", kept.isEmpty ? nil : .array(kept.map(\.json)))
    }
    fileprivate init(_ body: BodyReader) throws(FactError) {
        self.init(
            version: try body.grantVersion(), isFeasible: try body.flag("feasible"),
            links: try body.elements("links").map { (link) throws(FactError) in
                Link(
                    link: LinkID(try link.string("link")), configured: try link.rate("configured_bps"),
                    effective: try link.rate("effective_bps"), reserved: try link.rate("reserved_bps"), used: try link.rate("used_bps"),
                    learned: try link.optionalRate("learned_bps"))
            },
            shares: try body.elements("shares").map { (share) throws(FactError) in
                Share(
                    cluster: ClusterID(try share.string("cluster")), workload: WorkloadID(try share.string("workload")),
                    share: try share.rate("share_bps"), granted: try share.rate("granted_bps"), binding: try share.string("binding"),
                    next: share.optionalString("next"))
            },
            kept: body.json["kept"] == nil ? [] : try body.elements("kept").map { (kept) throws(FactError) in try Kept(kept) },
            certificate: try body.string("certificate"),
            foldedThrough: try body.names("folded_through").compactMap(LogPosition.init(parsing:)))
    }
}

extension AllocationRecord.Link {
    fileprivate var json: JSONValue {
        let known: JSONValue = [
            "link": .string(link.text), "configured_bps": .integer(configured.bitsPerSecond),
            "effective_bps": .integer(effective.bitsPerSecond), "reserved_bps": .integer(reserved.bitsPerSecond),
            "used_bps": .integer(used.bitsPerSecond),
        ]
        return known.adding("learned_bps", learned.map { .integer($0.bitsPerSecond) })
    }
}

extension AllocationRecord.Kept {
    fileprivate var json: JSONValue {
        ["cluster": .string(cluster.text), "workload": .string(workload.text), "rate_bps": .integer(rate.bitsPerSecond)]
    }
    fileprivate init(_ body: BodyReader) throws(FactError) {
        self.init(
            cluster: ClusterID(try body.string("cluster")), workload: WorkloadID(try body.string("workload")), rate: try body.rate("rate_bps"))
    }
}

extension JSONValue {
    /// With one more member at its end where there is a value: a field that came later is absent from what does not need it, so that
    /// older bytes stay what they were.
    fileprivate func adding(_ key: String, _ value: JSONValue?) -> JSONValue {
        guard let value, let members else { return self }
        return .object(members + [Member(key, value)])
    }
}

/// Reads fields of a body, each with a clear error.
private struct BodyReader {
    let kind: String
    let json: JSONValue

    func failure(_ problem: String) -> FactError { FactError(kind: kind, problem: problem) }

    func string(_ key: String) throws(FactError) -> String {
        guard let text = json[key]?.string else { throw failure("\(key) should be a text") }
        return text
    }
    func optionalString(_ key: String) -> String? { json[key]?.string }
    func integer(_ key: String) throws(FactError) -> Int64 {
        guard let value = json[key]?.integer else { throw failure("\(key) should be a whole number") }
        return value
    }
    /// A span that a clock can be moved by: 0 to about 292 years.
    func milliseconds(_ key: String) throws(FactError) -> Nanoseconds {
        let (nanoseconds, overflow) = try integer(key).multipliedReportingOverflow(by: 1_000_000)
        guard !overflow, nanoseconds >= 0 else { throw failure("\(key) is no span of milliseconds") }
        return Nanoseconds(nanoseconds)
    }
    func optionalMilliseconds(_ key: String) throws(FactError) -> Nanoseconds? {
        if json[key] == nil || json[key] == .null { return nil }
        return try milliseconds(key)
    }
    func flag(_ key: String) throws(FactError) -> Bool {
        guard let value = json[key]?.bool else { throw failure("\(key) should be true or false") }
        return value
    }
    func rate(_ key: String) throws(FactError) -> BitRate {
        let value = try integer(key)
        guard value >= 0 else { throw failure("\(key) is negative") }
        return BitRate(bitsPerSecond: value)
    }
    func optionalRate(_ key: String) throws(FactError) -> BitRate? {
        if json[key] == nil || json[key] == .null { return nil }
        return try rate(key)
    }
    func delay(_ key: String) throws(FactError) -> Delay? {
        if json[key] == nil || json[key] == .null { return nil }
        guard let value = Int32(exactly: try integer(key)), value >= 0 else { throw failure("\(key) is out of range") }
        return Delay(hundredNanoseconds: value)
    }
    func requiredDelay(_ key: String) throws(FactError) -> Delay {
        guard let value = try delay(key) else { throw failure("\(key) is missing") }
        return value
    }
    func digest(_ key: String) throws(FactError) -> Digest {
        let digits = Array(try string(key).utf8)
        // A byte's initializer would take a sign for a digit.
        let isHexadecimal = digits.allSatisfy { ($0 >= 48 && $0 <= 57) || ($0 >= 97 && $0 <= 102) || ($0 >= 65 && $0 <= 70) }
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
        guard isHexadecimal, digits.count == 64, let digest = Digest(bytes: bytes) else { throw failure("\(key) should be 64 hexadecimal digits") }
        return digest
    }
    func object(_ key: String) throws(FactError) -> JSONValue {
        guard let value = json[key], value.members != nil else { throw failure("\(key) should be an object") }
        return value
    }
    func elements(_ key: String) throws(FactError) -> [BodyReader] {
        guard let elements = json[key]?.array else { throw failure("\(key) should be a list") }
        return elements.map { BodyReader(kind: kind, json: $0) }
    }
    func names(_ key: String) throws(FactError) -> [String] {
        guard let elements = json[key]?.array else { throw failure("\(key) should be a list") }
        return elements.compactMap(\.string)
    }
    func grantVersion() throws(FactError) -> GrantVersion {
        GrantVersion(term: try integer("term"), version: try integer("version"))
    }
}
