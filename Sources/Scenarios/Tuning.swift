public import JSONDocument
public import Plants
public import Quantities

/// One law under every combination of some parameters' values, against plants: which combinations are worth a thought.
public struct Tuning: Sendable {
    public struct Row: Sendable {
        public var parameters: [String: String]
        /// Means over plants and seeds.
        public var aboveTargetRatio: Double
        public var violationRatio: Double
        public var meanRate: Double
        public var patchesPerHour: Double
        public var reversalsPerHour: Double
        /// No other row is at least as good in time above target, mean rate, patches and reversals, and better in one (V. Pareto).
        public var isPareto = false
    }
    public let rows: [Row]

    /// More combinations than this are refused: each is a run per plant and seed.
    public static let mostCombinations = 1_000

    /// Every combination of the values, in the order of the names.
    public static func combinations(_ values: [String: [String]]) -> [[String: String]] {
        values.sorted { $0.key < $1.key }.reduce([[:]]) { sets, next in
            sets.flatMap { set in next.value.map { set.merging([next.key: $0]) { $1 } } }
        }
    }

    public static func measure(
        law: String, combinations: [[String: String]], _ plants: [PlantDescription], seeds: ClosedRange<UInt64>, hash: HashFunction, width: Int
    ) async throws -> Tuning {
        var rows: [Row] = []
        for parameters in combinations {
            let cases = try await LawTable.measure(
                plants, under: [.law(law, parameters)], seeds: seeds, hash: hash, width: width, progress: { _ in }
            ).cases
            func mean(_ value: (LawTable.Case) -> Double) -> Double { cases.reduce(0) { $0 + value($1) } / Double(max(1, cases.count)) }
            rows.append(
                Row(
                    parameters: parameters, aboveTargetRatio: mean(\.aboveTargetRatio), violationRatio: mean(\.violationRatio),
                    meanRate: mean(\.meanRate), patchesPerHour: mean(\.patchesPerHour), reversalsPerHour: mean(\.reversalsPerHour)))
        }
        return Tuning(rows: marked(rows))
    }

    /// Marks the Pareto rows, and puts them first; within each part the least time above target leads.
    static func marked(_ rows: [Row]) -> [Row] {
        func costs(_ row: Row) -> [Double] { [row.aboveTargetRatio, -row.meanRate, row.patchesPerHour, row.reversalsPerHour] }
        var marked = rows
        for index in rows.indices {
            let own = costs(rows[index])
            marked[index].isPareto = !rows.contains { other in
                let costs = costs(other)
                return zip(costs, own).allSatisfy { $0 <= $1 } && zip(costs, own).contains { $0 < $1 }
            }
        }
        return marked.enumerated().sorted { left, right in
            if left.element.isPareto != right.element.isPareto { return left.element.isPareto }
            return (left.element.aboveTargetRatio, left.offset) < (right.element.aboveTargetRatio, right.offset)
        }.map(\.element)
    }

    public static let columns = ["PARAMETERS", "PARETO", "ABOVE TARGET", "VIOLATES", "MBIT/S", "PATCHES/H", "REVERSALS/H"]
    public static func cells(_ row: Row) -> [String] {
        let percent = { (value: Double) in "\(decimal(value * 100, fractionDigits: 2)) %" }
        return [
            text(row.parameters), row.isPareto ? "yes" : "", percent(row.aboveTargetRatio), percent(row.violationRatio),
            decimal(row.meanRate / 1e6, fractionDigits: 1), decimal(row.patchesPerHour, fractionDigits: 1),
            decimal(row.reversalsPerHour, fractionDigits: 1),
        ]
    }
    private static func text(_ parameters: [String: String]) -> String {
        parameters.isEmpty ? "defaults" : parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }

    public var json: JSONValue {
        .object([
            .init("rows", .array(rows.map { row in
                [
                    "parameters": .object(row.parameters.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }),
                    "pareto": .bool(row.isPareto), "above_target_ratio": .measured(row.aboveTargetRatio, fractionDigits: 6),
                    "violation_ratio": .measured(row.violationRatio, fractionDigits: 6),
                    "mean_rate_bits_per_second": .measured(row.meanRate, fractionDigits: 0),
                    "patches_per_hour": .measured(row.patchesPerHour), "reversals_per_hour": .measured(row.reversalsPerHour),
                ]
            })),
        ])
    }
}
