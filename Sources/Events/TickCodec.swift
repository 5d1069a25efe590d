import Quantities

/// The columns of `fairlead.tick_body`, in their order. The order is part of the log's format: a change is a new format.
extension Tick {
    public static let columnCount = 62

    /// The canonical bytes of this row (see `RecordWriter`).
    public func recordBytes() -> [UInt8] {
        var record = RecordWriter(columnCount: Tick.columnCount)
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
        return record.bytes
    }

    private func writeFlows(into record: inout RecordWriter) {
        record.column(packed: flows.map { $0.quality.rawValue })
        record.column(packed: flows.map { $0.count })
        record.column(packed: flows.map { $0.lost })
        record.column(packed: flows.map { $0.windowMilliseconds })
        record.column(packed: flows.map { $0.ageMilliseconds })
        record.column(packed: flows.map { $0.base?.hundredNanoseconds })
        record.column(packed: flows.map { $0.p50?.hundredNanoseconds })
        record.column(packed: flows.map { $0.p95?.hundredNanoseconds })
        record.column(packed: flows.map { $0.p99?.hundredNanoseconds })
        record.column(packed: flows.map { $0.max?.hundredNanoseconds })
        record.column(packed: flows.map { $0.windowVariationP95?.hundredNanoseconds })
        record.column(packed: flows.map { $0.interPacketVariationP95?.hundredNanoseconds })
        record.column(packed: flows.map { $0.interarrivalJitter?.hundredNanoseconds })
        record.column(packed: flows.map { $0.roundTripP50?.hundredNanoseconds })
    }

    private func writeWorkloads(into record: inout RecordWriter) {
        record.column(packed: workloads.map { $0.used?.bitsPerSecond })
        record.column(packed: workloads.map { $0.quality.rawValue })
        record.column(packed: workloads.map { $0.offered.rawValue })
        record.column(packed: workloads.map { $0.applied?.bitsPerSecond })
        record.column(packed: workloads.map { $0.desired?.bitsPerSecond })
        record.column(packed: workloads.map { $0.replicas })
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
            isLeader: try record.required(try record.boolean(), "is_leader"))
        let term = try record.int8()
        let version = try record.int8()
        if let term, let version { grant = GrantVersion(term: term, version: version) }
        flows = try Tick.readFlows(from: &record)
        workloads = try Tick.readWorkloads(from: &record)
        decision = try Tick.readDecision(from: &record)
        try record.finish()
    }

    private static func readFlows(from record: inout RecordReader) throws(RecordError) -> [FlowSample] {
        let qualities = try record.packed(Int16.self)
        let counts = try record.packed(Int32.self)
        let losses = try record.packed(Int32.self)
        let windows = try record.packed(Int32.self)
        let ages = try record.packed(Int32.self)
        var delays: [[Int32?]] = []
        for _ in 0..<9 { delays.append(try record.packed(Int32.self)) }
        guard ([counts, losses, windows, ages] + delays).allSatisfy({ $0.count == qualities.count }) else {
            throw RecordError("the flow arrays differ in length")
        }
        var flows: [FlowSample] = []
        for place in qualities.indices {
            guard counts[place] ?? 0 >= 0, losses[place] ?? 0 >= 0 else { throw RecordError("a number of probes is negative") }
            let values = try delays.map { (column) throws(RecordError) in try delay(column[place]) }
            flows.append(
                FlowSample(
                    quality: try known(SampleQuality.init(rawValue:), qualities[place], "flow_quality"),
                    count: try record.required(counts[place], "flow_count"), lost: try record.required(losses[place], "flow_lost"),
                    windowMilliseconds: try record.required(windows[place], "flow_window_ms"), ageMilliseconds: ages[place],
                    base: values[0], p50: values[1], p95: values[2], p99: values[3], max: values[4], windowVariationP95: values[5],
                    interPacketVariationP95: values[6], interarrivalJitter: values[7], roundTripP50: values[8]))
        }
        return flows
    }

    private static func readWorkloads(from record: inout RecordReader) throws(RecordError) -> [WorkloadUse] {
        let used = try record.packed(Int64.self)
        let qualities = try record.packed(Int16.self)
        let offered = try record.packed(Int16.self)
        let applied = try record.packed(Int64.self)
        let desired = try record.packed(Int64.self)
        let replicas = try record.packed(Int16.self)
        guard [used.count, offered.count, applied.count, desired.count, replicas.count].allSatisfy({ $0 == qualities.count }) else {
            throw RecordError("the workload arrays differ in length")
        }
        var workloads: [WorkloadUse] = []
        for place in qualities.indices {
            workloads.append(
                WorkloadUse(
                    used: try rate(used[place]), quality: try known(UseQuality.init(rawValue:), qualities[place], "workload_use_quality"),
                    offered: try known(OfferedLoad.init(rawValue:), offered[place], "workload_offered"), applied: try rate(applied[place]),
                    desired: try rate(desired[place]), replicas: try record.required(replicas[place], "workload_replicas")))
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
