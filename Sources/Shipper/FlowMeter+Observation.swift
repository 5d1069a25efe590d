import Jitter

extension FlowMeter {
    /// Folds what a source gave for one tick.
    mutating func read(_ observation: FlowObservation, in window: EvidenceWindow) -> FlowReading {
        switch observation {
        case .probes(let records):
            sample(
                records: records, windowStart: window.start, now: window.end, notBefore: window.notBefore,
                limitLowered: window.followsDecrease)
        case .external(let answer, _): sample(external: answer, windowStart: window.start, now: window.end)
        }
    }
}
