public import Events

/// What a sample's quality means and what follows from it, in one sentence.
public struct QualitySentence: Hashable, Sendable {
    public let quality: SampleQuality
    public init(_ quality: SampleQuality) { self.quality = quality }

    public var text: String {
        switch quality {
        case .measured: "Enough probes were answered: the numbers may lower and raise."
        case .partial:
            "Fewer than \(FlowSample.fullCount) probes were answered: the numbers may hold or lower, and are weak grounds for a raise."
        case .stale: "The newest answer is older than the window, so there is no number; nothing is raised."
        case .missing: "Nothing was answered, so there is no number; nothing is raised, and the onMissing policy decides."
        case .probeError: "The source itself failed (refused, malformed or not there), so there is no number; nothing is raised."
        case .synthetic: "A configured stand-in, not a measurement: it may hold or lower, never raise."
        }
    }
}

/// What the quality of a throughput reading means.
public struct UseQualitySentence: Hashable, Sendable {
    public let quality: UseQuality
    public init(_ quality: UseQuality) { self.quality = quality }

    public var text: String {
        switch quality {
        case .measured: "The used rate was counted over the whole window."
        case .noSource: "There is no throughput source: nothing is raised above the highest rate whose use was once proven."
        case .failed: "The counter could not be read or stepped back: its use is unknown in this window."
        case .first: "This is the first reading of the counter: a rate needs two."
        }
    }
}
