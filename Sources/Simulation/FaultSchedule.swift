import Events
public import Quantities

/// Draws the faults of a run from its seed.
public struct FaultSchedule: Sendable {
    public var kinds: Set<FaultKind>
    public var clusters: Int
    public var coordinators: Int
    public var alerters: Int
    public var length: Nanoseconds
    /// The mean time between two faults at one cluster.
    public var spacing = Nanoseconds.seconds(600)

    public init(kinds: Set<FaultKind>, clusters: Int, coordinators: Int, alerters: Int = 0, length: Nanoseconds) {
        self.kinds = kinds
        self.clusters = clusters
        self.coordinators = coordinators
        self.alerters = alerters
        self.length = length
    }

    /// In order of time; equal for equal seeds.
    public func faults(seed: UInt64) -> [Fault] {
        let kinds = FaultKind.allCases.filter(self.kinds.contains)
        guard !kinds.isEmpty else { return [] }
        var random = SplitMix(seed: seed ^ 0xFA17)
        let count = max(1, length.count / spacing.count * Int64(clusters + coordinators))
        let faults = (0..<count).map { _ in
            let kind = kinds[random.below(kinds.count)]
            return fault(of: kind, &random) { place(for: kind, &$0) }
        }
        return (faults + alerterFaults(kinds, seed: seed)).sorted { $0.begins < $1.begins }
    }

    /// Drawn by themselves, so that a fleet suffers the same with and without alerters.
    private func alerterFaults(_ kinds: [FaultKind], seed: UInt64) -> [Fault] {
        let kinds = kinds.filter(\.strikesAlerters)
        guard !kinds.isEmpty, alerters > 0 else { return [] }
        var random = SplitMix(seed: seed ^ 0xA1E7)
        let count = max(1, length.count / spacing.count * Int64(alerters))
        return (0..<count).map { _ in fault(of: kinds[random.below(kinds.count)], &random) { .alerter($0.below(alerters)) } }
    }

    private func fault(of kind: FaultKind, _ random: inout SplitMix, at place: (inout SplitMix) -> FaultPlace) -> Fault {
        let begins = Nanoseconds(Int64(random.next() % UInt64(length.count)))
        // Mostly short; now and then longer than every lease and grant.
        let longest: UInt64 = random.below(6) == 0 ? 240_000 : 25_000
        let lasts = Nanoseconds.milliseconds(200 + Int64(random.next() % longest))
        return Fault(
            kind, at: place(&random), begins: begins, lasts: min(lasts, length - begins), strength: UInt32(truncatingIfNeeded: random.next()))
    }

    private func place(for kind: FaultKind, _ random: inout SplitMix) -> FaultPlace {
        switch kind.reach {
        case .shipper, .cluster: .cluster(random.below(clusters))
        case .coordinator: .coordinator(random.below(coordinators))
        case .log: .log
        case .writer: random.below(4) == 0 ? .coordinator(random.below(coordinators)) : .cluster(random.below(clusters))
        case .clock:
            switch random.below(4) {
            case 0: .coordinator(random.below(coordinators))
            case 1: .log
            default: .cluster(random.below(clusters))
            }
        }
    }
}

extension SplitMix {
    /// 0 ..< bound.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
