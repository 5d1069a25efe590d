import Events
public import Fleet
import Jitter
public import Probing
public import Quantities
public import Shipper

/// The measurement sources of one cluster's flows, asked together at each tick.
public struct FlowMeasurements: MeasurementSource {
    /// A source outside our own probes: asked once per tick, answering within the tick.
    public typealias External = @Sendable (MonotonicTime) async -> FlowObservation

    private enum Source: Sendable {
        case probe(FlowID)
        case external(External)
    }
    private let prober: Prober?
    private let sources: [Source]
    private let board: ProbeBoard?

    /// - Parameters:
    ///   - prober: serves all flows whose source is a probe; nil where there is none.
    ///   - external: the sources of the other flows, by flow.
    ///   - board: what is shown of the probes, if anything.
    public init(flows: [FlowSpecification], prober: Prober?, external: [FlowID: External], board: ProbeBoard? = nil) {
        self.prober = prober
        self.board = board
        self.sources = flows.map { flow in external[flow.id].map(Source.external) ?? .probe(flow.id) }
    }

    public func observe(until now: MonotonicTime) async -> [FlowObservation] {
        let batches = prober?.drain() ?? [:]
        board?.count(batches)
        return await withTaskGroup(of: (Int, FlowObservation).self) { group in
            for (index, source) in sources.enumerated() {
                switch source {
                case .probe(let flow):
                    let observation = FlowObservation(batches[flow])
                    group.addTask { (index, observation) }
                case .external(let ask): group.addTask { (index, await ask(now)) }
                }
            }
            var observations = [FlowObservation](repeating: .probes([]), count: sources.count)
            for await (index, observation) in group { observations[index] = observation }
            return observations
        }
    }
}

extension FlowObservation {
    /// A batch that could not even be sent is a failure of the source, with its reason; silence from the far end is loss.
    fileprivate init(_ batch: ProbeBatch?) {
        guard let batch else {
            self = .external(.failed, problem: "the flow has no prober")
            return
        }
        if batch.results.isEmpty, let trouble = batch.trouble {
            self = .external(.failed, problem: trouble)
            return
        }
        self = .probes(
            batch.results.map { result in
                ProbeRecord(sequence: Int64(result.sequence), sentAt: result.sentAt, outcome: ProbeRecord.Outcome(result.outcome))
            })
    }
}

extension ProbeRecord.Outcome {
    fileprivate init(_ outcome: ProbeOutcome) {
        switch outcome {
        case .roundTrip(let span): self = .roundTrip(span)
        case .lost: self = .lost
        }
    }
}

extension ProbeTarget {
    /// The probe of one flow, over the flow's own transport.
    public init(_ flow: FlowSpecification, probe: ProbeSpecification, key: ProbeKey) {
        self.init(
            flow: flow.id, transport: flow.transport == .udp ? .udp : .tcp, host: probe.host, port: probe.port, key: key,
            interval: probe.interval, timeout: probe.timeout)
    }
}
