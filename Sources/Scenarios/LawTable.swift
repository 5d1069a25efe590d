public import JSONDocument
public import Plants
public import Quantities

/// Controllers against plants over seeds: the table by which one law is held against another.
public struct LawTable: Sendable {
    /// One controller on one plant, over all seeds.
    public struct Case: Sendable {
        public var law: String
        public var plant: String
        public var seeds: Int
        /// Part of the 1 s windows whose p95 was above the bound, warm-up included, over every site with a critical flow.
        public var violationRatio: Double
        public var worstViolationRatio: Double
        public var violationSeconds: Double
        /// The same against the target.
        public var aboveTargetRatio: Double
        /// What was carried, over what the clairvoyant carried on the same seeds.
        public var usedRatio: Double
        /// Mean best-effort rate of all sites together, bit/s.
        public var meanRate: Double
        /// Per site.
        public var patchesPerHour: Double
        public var reversalsPerHour: Double
        /// For several sites: the slowest seed's ticks until Jain's index stays at 0.98; nil where it never did, or for one site.
        public var ticksToFairness: Int?
        public var isShared: Bool
    }

    public let cases: [Case]
    public let seeds: ClosedRange<UInt64>

    /// Every controller that the comparison names, the dumbest first.
    public static let controllers: [LawCase] = [
        LawCase("unmanaged", .unmanaged), .fixedStepOfAMinute, .law("fixed-step@1"), .law("hardened@1"), .law("proportional@1"),
        .law("plateau@1"), .law("predictive@1"), .clairvoyant,
    ]

    /// Runs all of them, `width` at a time; the answer does not depend on it. `progress` is told each plant and controller done.
    public static func measure(
        _ plants: [PlantDescription], under controllers: [LawCase], seeds: ClosedRange<UInt64>, hash: HashFunction, width: Int,
        progress: @Sendable (Case) -> Void
    ) async throws -> LawTable {
        var cases: [Case] = []
        for plant in plants {
            let ideal = try await results(plant, .clairvoyant, seeds, hash, width)
            let carried = ideal.reduce(0) { $0 + $1.meanRate }
            for controller in controllers {
                let results = controller == .clairvoyant ? ideal : try await results(plant, controller, seeds, hash, width)
                let one = summary(plant, controller, results, ideal: carried)
                progress(one)
                cases.append(one)
            }
        }
        return LawTable(cases: cases, seeds: seeds)
    }

    private static func results(
        _ plant: PlantDescription, _ controller: LawCase, _ seeds: ClosedRange<UInt64>, _ hash: HashFunction, _ width: Int
    ) async throws -> [PlantRun.Result] {
        try await overSeeds(seeds, width: width) { try PlantRun.run(plant, under: controller, seed: $0, hash: hash) }
    }

    private static func summary(_ plant: PlantDescription, _ controller: LawCase, _ results: [PlantRun.Result], ideal: Double) -> Case {
        let count = Double(max(1, results.count))
        func mean(_ value: (PlantRun.Result) -> Double) -> Double { results.reduce(0) { $0 + value($1) } / count }
        let fairness = results.map(\.ticksToFairness)
        return Case(
            law: controller.label, plant: plant.name, seeds: results.count, violationRatio: mean(\.violationRatio),
            worstViolationRatio: results.map(\.violationRatio).max() ?? 0, violationSeconds: mean { Double($0.violated) }, aboveTargetRatio: mean(\.aboveTargetRatio),
            usedRatio: ideal > 0 ? results.reduce(0) { $0 + $1.meanRate } / ideal : 0, meanRate: mean(\.meanRate),
            patchesPerHour: mean(\.patchesPerHour), reversalsPerHour: mean(\.reversalsPerHour),
            ticksToFairness: fairness.contains { $0 == nil } ? nil : fairness.compactMap { $0 }.max(), isShared: plant.sites.count > 1)
    }

    // MARK: As documents

    public var json: JSONValue {
        .object([
            .init("seeds", .string("\(seeds.lowerBound)..\(seeds.upperBound)")),
            .init("cases", .array(cases.map(LawTable.json))),
        ])
    }

    private static func json(_ one: Case) -> JSONValue {
        .object([
            .init("law", .string(one.law)), .init("plant", .string(one.plant)), .init("seeds", .integer(one.seeds)),
            .init("violation_ratio", .measured(one.violationRatio, fractionDigits: 6)),
            .init("worst_violation_ratio", .measured(one.worstViolationRatio, fractionDigits: 6)),
            .init("violation_seconds", .measured(one.violationSeconds, fractionDigits: 2)),
            .init("above_target_ratio", .measured(one.aboveTargetRatio, fractionDigits: 6)),
            .init("used_ratio", .measured(one.usedRatio, fractionDigits: 6)),
            .init("mean_rate_bits_per_second", .measured(one.meanRate, fractionDigits: 0)),
            .init("patches_per_hour", .measured(one.patchesPerHour, fractionDigits: 3)),
            .init("reversals_per_hour", .measured(one.reversalsPerHour, fractionDigits: 3)),
            .init("ticks_to_fairness", .optional(one.ticksToFairness)),
        ])
    }

    public static let columns = ["PLANT", "LAW", "VIOLATES", "WORST", "USED", "MBIT/S", "PATCHES/H", "REVERSALS/H", "FAIR AFTER"]

    public static func cells(_ one: Case) -> [String] {
        let percent = { (value: Double) in "\(decimal(value * 100, fractionDigits: 2)) %" }
        return [
            one.plant, one.law, percent(one.violationRatio), percent(one.worstViolationRatio), percent(one.usedRatio),
            decimal(one.meanRate / 1e6, fractionDigits: 1), decimal(one.patchesPerHour, fractionDigits: 1),
            decimal(one.reversalsPerHour, fractionDigits: 1),
            one.isShared ? one.ticksToFairness.map { "\($0) ticks" } ?? "never" : "",
        ]
    }

    /// For a document.
    public var markdown: String { markdownTable(LawTable.columns, cases.map(LawTable.cells)) }
}
