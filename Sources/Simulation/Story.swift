import Events
public import Quantities

/// What happens to a simulated fleet over time, as a list of moments; it repeats from the beginning when it ends.
public struct Story: Sendable {
    public enum Happening: Sendable {
        /// What a workload would send from now on.
        case offers(ClusterID, WorkloadID, BitRate)
        /// What a link carries from now on; nil returns to what is configured.
        case carries(LinkID, BitRate?)
        /// Unmanaged traffic on a link from now on.
        case foreignTraffic(LinkID, BitRate)
        case reflectorStops(ClusterID, FlowID)
        case reflectorStarts(ClusterID, FlowID)
    }
    public struct Moment: Sendable {
        public var at: Nanoseconds
        public var sentence: String
        public var happening: Happening
        public init(_ at: Nanoseconds, _ sentence: String, _ happening: Happening) {
            self.at = at
            self.sentence = sentence
            self.happening = happening
        }
    }

    /// In order of time.
    public let moments: [Moment]
    public let length: Nanoseconds

    public init(length: Nanoseconds, moments: [Moment]) {
        precondition(length > .zero, "a story lasts")
        self.length = length
        self.moments = moments.sorted { $0.at < $1.at }
    }
}

extension Story {
    /// What `fairlead dev` plays: a calm start, a congestion spike at plant-a, a reflector that stops at plant-c, a cut of the
    /// link that plant-b and plant-c share, and recovery.
    public static let morningShift = Story(
        length: .seconds(120),
        moments: [
            Moment(.zero, "telemetry runs at all plants", .offers("plant-a", "telemetry-upload", .megabits(400))),
            Moment(.zero, "", .offers("plant-a", "erp-dashboard", .megabits(20))),
            Moment(.zero, "", .offers("plant-b", "telemetry-upload", .megabits(400))),
            Moment(.zero, "", .offers("plant-b", "erp-dashboard", .megabits(20))),
            Moment(.zero, "", .offers("plant-c", "telemetry-upload", .megabits(400))),
            Moment(.zero, "", .offers("plant-c", "erp-dashboard", .megabits(20))),
            Moment(.seconds(12), "plant-c's robot-control reflector stops", .reflectorStops("plant-c", "robot-control")),
            Moment(.seconds(14), "congestion at plant-a: foreign traffic on wan-a", .foreignTraffic("wan-a", .megabits(140))),
            Moment(.seconds(24), "plant-c's reflector is back", .reflectorStarts("plant-c", "robot-control")),
            Moment(.seconds(26), "the congestion at plant-a ends", .foreignTraffic("wan-a", .zero)),
            Moment(.seconds(36), "wan-shared is cut to half", .carries("wan-shared", .megabits(150))),
            Moment(.seconds(52), "wan-shared is whole again", .carries("wan-shared", nil)),
        ])
}
