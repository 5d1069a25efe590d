import Quantities

/// The columns of `fairlead.tick_body`, in their order. The order is part of the log's format: a change is a new format.
extension Tick {
    public static let columnCount = 62
    /// What a row of a few flows and workloads comes to, rounded up.
    private static let usualBytes = 1_024

    /// The canonical bytes of this row (see `RecordWriter`).
    public func recordBytes() -> [UInt8] {
        var record = RecordWriter(columnCount: Tick.columnCount, capacity: Tick.usualBytes)
        record.column(int8: number)
        record.column(int2: ordinal)
        record.column(int8: at.microseconds)
        record.column(int4: intervalMilliseconds)
        record.column(int8: rosterSequence)
        record.column(int4: leaseTransitions)
        record.column(boolean: isLeader)
        record.column(int8: grant?.term)
        record.column(int8: grant?.version)
        writeFlows(into: &record)
        writeWorkloads(into: &record)
        writeDecision(into: &record)
        return record.finished()
    }

    private func writeFlows(into record: inout RecordWriter) {
        record.column(packed: flows) { $0.quality.rawValue }
        record.column(packed: flows) { $0.count }
        record.column(packed: flows) { $0.lost }
        record.column(packed: flows) { $0.windowMilliseconds }
        record.column(packed: flows) { $0.ageMilliseconds }
        record.column(packed: flows) { $0.base?.hundredNanoseconds }
        record.column(packed: flows) { $0.p50?.hundredNanoseconds }
        record.column(packed: flows) { $0.p95?.hundredNanoseconds }
        record.column(packed: flows) { $0.p99?.hundredNanoseconds }
        record.column(packed: flows) { $0.max?.hundredNanoseconds }
        record.column(packed: flows) { $0.windowVariationP95?.hundredNanoseconds }
        record.column(packed: flows) { $0.interPacketVariationP95?.hundredNanoseconds }
        record.column(packed: flows) { $0.interarrivalJitter?.hundredNanoseconds }
        record.column(packed: flows) { $0.roundTripP50?.hundredNanoseconds }
    }

    private func writeWorkloads(into record: inout RecordWriter) {
        record.column(packed: workloads) { $0.used?.bitsPerSecond }
        record.column(packed: workloads) { $0.quality.rawValue }
        record.column(packed: workloads) { $0.offered.rawValue }
        record.column(packed: workloads) { $0.applied?.bitsPerSecond }
        record.column(packed: workloads) { $0.desired?.bitsPerSecond }
        record.column(packed: workloads) { $0.replicas }
    }

    private func writeDecision(into record: inout RecordWriter) {
        let input = decision?.input
        let outcome = decision?.outcome
        record.column(int2: decision?.link)
        record.column(int2: decision?.law)
        record.column(boolean: decision?.isShadow)
        record.column(bytea: decision?.stateBefore)
        record.column(int2: input?.flow)
        record.column(int2: input?.quality.rawValue)
        record.column(int4: input?.count)
        record.column(int4: input?.raw?.hundredNanoseconds)
        record.column(int4: input?.ageMilliseconds)
        record.column(int4: input?.lossPartsPerMillion)
        record.column(int4: input?.target.hundredNanoseconds)
        record.column(int4: input?.bound.hundredNanoseconds)
        record.column(int4: input?.elapsedMilliseconds)
        record.column(int8: input?.used?.bitsPerSecond)
        record.column(int8: input?.applied?.bitsPerSecond)
        record.column(int8: input?.floor.bitsPerSecond)
        record.column(int8: input?.ceiling.bitsPerSecond)
        record.column(int8: input?.grant?.bitsPerSecond)
        record.column(int2: input?.evidence.rawValue)
        record.column(int2: outcome?.action.rawValue)
        record.column(int2: outcome?.reason.rawValue)
        record.column(int4: outcome?.smoothed?.hundredNanoseconds)
        record.column(int4: outcome?.lowerThreshold.hundredNanoseconds)
        record.column(int4: outcome?.upperThreshold.hundredNanoseconds)
        record.column(int8: outcome?.proposed?.bitsPerSecond)
        record.column(int8: outcome?.afterFlapBudget?.bitsPerSecond)
        record.column(int8: outcome?.afterCooldown?.bitsPerSecond)
        record.column(int8: outcome?.afterClamp?.bitsPerSecond)
        record.column(int8: outcome?.desired?.bitsPerSecond)
        record.column(int8: outcome?.requested?.bitsPerSecond)
        record.column(int8: outcome?.sufferedAt?.bitsPerSecond)
        record.column(int4: outcome?.counterfactual?.hundredNanoseconds)
        record.column(int2: outcome?.counterfactualAction?.rawValue)
    }

    /// Reads what `recordBytes` writes. Throws on anything else: torn, of another version, out of range.
    public init(recordBytes: [UInt8]) throws(RecordError) {
        var record = try RecordReader(recordBytes, columnCount: Tick.columnCount)
        self.init(
            number: try record.required(try record.int8(), "tick_number"),
            ordinal: try record.required(try record.int2(), "ordinal"),
            at: WallTime(microseconds: try record.required(try record.int8(), "at_us")),
            intervalMilliseconds: try record.required(try record.int4(), "interval_ms"),
            rosterSequence: try record.required(try record.int8(), "roster_seq"),
            leaseTransitions: try record.required(try record.int4(), "lease_transitions"),
            isLeader: try record.required(try record.boolean(), "is_leader"),
            grant: try Tick.readGrant(from: &record),
            flows: try Tick.readFlows(from: &record),
            workloads: try Tick.readWorkloads(from: &record),
            decision: try Tick.readDecision(from: &record))
        try record.finish()
    }

    private static func readGrant(from record: inout RecordReader) throws(RecordError) -> GrantVersion? {
        let (term, version) = (try record.int8(), try record.int8())
        guard let term, let version else { return nil }
        return GrantVersion(term: term, version: version)
    }

    private static func readFlows(from record: inout RecordReader) throws(RecordError) -> [FlowSample] {
        var quality = try record.packed(Int16.self)
        var count = try record.packed(Int32.self)
        var lost = try record.packed(Int32.self)
        var window = try record.packed(Int32.self)
        var age = try record.packed(Int32.self)
        var base = try record.packed(Int32.self)
        var p50 = try record.packed(Int32.self)
        var p95 = try record.packed(Int32.self)
        var p99 = try record.packed(Int32.self)
        var most = try record.packed(Int32.self)
        var windowVariation = try record.packed(Int32.self)
        var interPacketVariation = try record.packed(Int32.self)
        var interarrivalJitter = try record.packed(Int32.self)
        var roundTrip = try record.packed(Int32.self)
        let isEven = count.count == quality.count && lost.count == quality.count && window.count == quality.count && age.count == quality.count
            && base.count == quality.count && p50.count == quality.count && p95.count == quality.count && p99.count == quality.count
            && most.count == quality.count && windowVariation.count == quality.count && interPacketVariation.count == quality.count
            && interarrivalJitter.count == quality.count && roundTrip.count == quality.count
        guard isEven else { throw RecordError("the flow arrays differ in length") }
        var flows: [FlowSample] = []
        flows.reserveCapacity(quality.count)
        for _ in 0..<quality.count {
            flows.append(
                FlowSample(
                    quality: try known(SampleQuality.init(rawValue:), try record.next(&quality), "flow_quality"),
                    count: try number(try record.required(try record.next(&count), "flow_count")),
                    lost: try number(try record.required(try record.next(&lost), "flow_lost")),
                    windowMilliseconds: try record.required(try record.next(&window), "flow_window_ms"), ageMilliseconds: try record.next(&age),
                    base: try delay(try record.next(&base)), p50: try delay(try record.next(&p50)), p95: try delay(try record.next(&p95)),
                    p99: try delay(try record.next(&p99)), max: try delay(try record.next(&most)), windowVariationP95: try delay(try record.next(&windowVariation)),
                    interPacketVariationP95: try delay(try record.next(&interPacketVariation)),
                    interarrivalJitter: try delay(try record.next(&interarrivalJitter)), roundTripP50: try delay(try record.next(&roundTrip))))
        }
        return flows
    }

    private static func readWorkloads(from record: inout RecordReader) throws(RecordError) -> [WorkloadUse] {
        var used = try record.packed(Int64.self)
        var quality = try record.packed(Int16.self)
        var offered = try record.packed(Int16.self)
        var applied = try record.packed(Int64.self)
        var desired = try record.packed(Int64.self)
        var replicas = try record.packed(Int16.self)
        let isEven = used.count == quality.count && offered.count == quality.count && applied.count == quality.count
            && desired.count == quality.count && replicas.count == quality.count
        guard isEven else { throw RecordError("the workload arrays differ in length") }
        var workloads: [WorkloadUse] = []
        workloads.reserveCapacity(quality.count)
        for _ in 0..<quality.count {
            workloads.append(
                WorkloadUse(
                    used: try rate(try record.next(&used)), quality: try known(UseQuality.init(rawValue:), try record.next(&quality), "workload_use_quality"),
                    offered: try known(OfferedLoad.init(rawValue:), try record.next(&offered), "workload_offered"), applied: try rate(try record.next(&applied)),
                    desired: try rate(try record.next(&desired)), replicas: try record.required(try record.next(&replicas), "workload_replicas")))
        }
        return workloads
    }

    private static func readDecision(from record: inout RecordReader) throws(RecordError) -> LoopDecision? {
        let link = try record.int2()
        let law = try record.int2()
        let isShadow = try record.boolean()
        let state = try record.bytea()
        guard let link else {
            for _ in 0..<29 { try record.skip() }
            return nil
        }
        let input = LoopInput(
            flow: try record.int2(), quality: try known(SampleQuality.init(rawValue:), try record.int2(), "in_quality"),
            count: try record.required(try record.int4(), "in_count"), raw: try delay(try record.int4()),
            ageMilliseconds: try record.int4(), lossPartsPerMillion: try record.int4(),
            target: try record.required(try delay(try record.int4()), "in_target_100ns"),
            bound: try record.required(try delay(try record.int4()), "in_bound_100ns"),
            elapsedMilliseconds: try record.required(try record.int4(), "in_elapsed_ms"), used: try rate(try record.int8()),
            applied: try rate(try record.int8()), floor: try record.required(try rate(try record.int8()), "in_floor_bps"),
            ceiling: try record.required(try rate(try record.int8()), "in_ceiling_bps"), grant: try rate(try record.int8()),
            evidence: LoopEvidence(rawValue: try record.required(try record.int2(), "in_evidence")))
        let outcome = LoopOutcome(
            action: try known(LoopAction.init(rawValue:), try record.int2(), "action"),
            reason: try known(DecisionReason.init(rawValue:), try record.int2(), "reason"), smoothed: try delay(try record.int4()),
            lowerThreshold: try record.required(try delay(try record.int4()), "lower_threshold_100ns"),
            upperThreshold: try record.required(try delay(try record.int4()), "upper_threshold_100ns"),
            proposed: try rate(try record.int8()), afterFlapBudget: try rate(try record.int8()),
            afterCooldown: try rate(try record.int8()), afterClamp: try rate(try record.int8()), desired: try rate(try record.int8()),
            requested: try rate(try record.int8()), sufferedAt: try rate(try record.int8()),
            counterfactual: try delay(try record.int4()), counterfactualAction: try record.int2().flatMap(LoopAction.init(rawValue:)))
        return LoopDecision(
            link: link, law: try record.required(law, "law"), isShadow: try record.required(isShadow, "is_shadow"),
            stateBefore: try record.required(state, "state_before"), input: input, outcome: outcome)
    }

    private static func number(_ value: Int32) throws(RecordError) -> Int32 {
        guard value >= 0 else { throw RecordError("a number of probes is negative") }
        return value
    }

    private static func delay(_ value: Int32?) throws(RecordError) -> Delay? {
        guard let value else { return nil }
        guard value >= 0 else { throw RecordError("a delay is negative") }
        return Delay(hundredNanoseconds: value)
    }

    private static func rate(_ value: Int64?) throws(RecordError) -> BitRate? {
        guard let value else { return nil }
        guard value >= 0 else { throw RecordError("a rate is negative") }
        return BitRate(bitsPerSecond: value)
    }

    private static func known<Value>(_ make: (Int16) -> Value?, _ raw: Int16?, _ column: String) throws(RecordError) -> Value {
        guard let raw, let value = make(raw) else { throw RecordError("\(column) holds an unknown value") }
        return value
    }
}
