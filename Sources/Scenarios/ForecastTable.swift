import ControlLaw
import Events
public import JSONDocument
import LawHistory
public import Plants
public import Quantities

/// Forecasts held against plants: what `predictive@1` sees coming with each method, and what acting on it wins and costs.
///
/// *Open loop*: the law reads the ticks of a run under `plateau@1` and acts on nothing; so the spikes are the same for every method, and
/// one that a brake would have come before is foreseen. *Closed loop*: the law itself runs the plant.
public struct ForecastTable: Sendable {
    /// One method on one plant, over all seeds; the first of each plant is `plateau@1` itself, which forecasts nothing.
    public struct Case: Sendable {
        public var plant: String
        /// `none`, or method and how many ticks ahead.
        public var forecast: String
        // Open loop, sums over sites and seeds.
        public var spikes = 0
        public var foreseen = 0
        /// Brakes within the target that no spike followed.
        public var falseBrakes = 0
        public var hours = 0.0
        // Closed loop, means over seeds.
        public var violationSeconds = 0.0
        public var meanRate = 0.0
        /// Of `plateau@1`'s rate; negative where more was carried.
        public var givenUpRatio = 0.0
        public var missed: Int { spikes - foreseen }
        public var falseBrakesPerHour: Double { hours > 0 ? Double(falseBrakes) / hours : 0 }
    }

    public let cases: [Case]
    public let seeds: ClosedRange<UInt64>
    public static let methods = DelayForecaster.Method.allCases.map(\.word)

    private struct OneSeed: Sendable {
        var course: Case
        var violated: Double
        var rate: Double
    }

    public static func measure(
        _ plants: [PlantDescription], ahead: [Int], seeds: ClosedRange<UInt64>, hash: HashFunction, width: Int, progress: @Sendable (Case) -> Void
    ) async throws -> ForecastTable {
        var cases: [Case] = []
        for plant in plants {
            let steered = try await overSeeds(seeds, width: width) { seed in
                try PlantRun.run(plant, under: .law("plateau@1"), seed: seed, hash: hash, keepsRows: true)
            }
            let bare = try await one(plant, steered, nil, seeds, hash, width)
            var own = [bare]
            for ticks in ahead {
                for method in methods { own.append(try await one(plant, steered, (method, ticks), seeds, hash, width)) }
            }
            for index in own.indices {
                own[index].givenUpRatio = bare.meanRate > 0 ? 1 - own[index].meanRate / bare.meanRate : 0
                progress(own[index])
            }
            cases += own
        }
        return ForecastTable(cases: cases, seeds: seeds)
    }

    private static func one(
        _ plant: PlantDescription, _ steered: [PlantRun.Result], _ forecast: (method: String, ticks: Int)?, _ seeds: ClosedRange<UInt64>,
        _ hash: HashFunction, _ width: Int
    ) async throws -> Case {
        let parameters = forecast.map { ["forecast": $0.method, "forecastTicks": "\($0.ticks)"] }
        let law = try Law(name: forecast == nil ? "plateau@1" : "predictive@1", parameters: parameters ?? [:])
        let first = seeds.lowerBound
        let runs = try await overSeeds(seeds, width: width) { seed in
            let recorded = steered[Int(seed - first)]
            let own = try forecast == nil
                ? recorded : PlantRun.run(plant, under: .law("predictive@1", parameters ?? [:]), seed: seed, hash: hash)
            var course = shadow(law, over: recorded)
            course.hours = recorded.duration.seconds / 3600 * Double(plant.sites.count)
            return OneSeed(course: course, violated: Double(own.violated), rate: own.meanRate)
        }
        var total = Case(plant: plant.name, forecast: forecast.map { "\($0.method) \($0.ticks)" } ?? "none")
        for run in runs {
            total.spikes += run.course.spikes
            total.foreseen += run.course.foreseen
            total.falseBrakes += run.course.falseBrakes
            total.hours += run.course.hours
            total.violationSeconds += run.violated / Double(runs.count)
            total.meanRate += run.rate / Double(runs.count)
        }
        return total
    }

    /// The law over the rows of each site, carrying its own state.
    private static func shadow(_ law: Law, over run: PlantRun.Result) -> Case {
        var courses: [Int: LawCourse] = [:]
        var states: [Int: [UInt8]] = [:]
        for row in run.rows {
            let (after, outcome) = law.step(state: states[row.site] ?? law.initialState, input: row.decision.input)
            states[row.site] = after
            courses[row.site, default: LawCourse()].take(row.decision.input, outcome)
        }
        var sum = Case(plant: "", forecast: "")
        for course in courses.values {
            sum.spikes += course.excesses
            sum.foreseen += course.foreseen
            sum.falseBrakes += course.falseBrakes
        }
        return sum
    }

    // MARK: As documents

    public static let columns = ["PLANT", "FORECAST", "SPIKES", "FORESEEN", "MISSED", "FALSE/H", "VIOLATION S", "MBIT/S", "GIVEN UP"]

    public static func cells(_ one: Case) -> [String] {
        [
            one.plant, one.forecast, "\(one.spikes)", "\(one.foreseen)", "\(one.missed)", decimal(one.falseBrakesPerHour, fractionDigits: 2),
            decimal(one.violationSeconds, fractionDigits: 1), decimal(one.meanRate / 1e6, fractionDigits: 1),
            one.forecast == "none" ? "" : "\(decimal(one.givenUpRatio * 100, fractionDigits: 2)) %",
        ]
    }

    public var markdown: String { markdownTable(ForecastTable.columns, cases.map(ForecastTable.cells)) }

    public var json: JSONValue {
        .object([
            .init("seeds", .string("\(seeds.lowerBound)..\(seeds.upperBound)")),
            .init("cases", .array(cases.map { one in
                [
                    "plant": .string(one.plant), "forecast": .string(one.forecast), "spikes": .integer(one.spikes), "foreseen": .integer(one.foreseen),
                    "missed": .integer(one.missed), "false_brakes_per_hour": .measured(one.falseBrakesPerHour),
                    "violation_seconds": .measured(one.violationSeconds, fractionDigits: 2),
                    "mean_rate_bits_per_second": .measured(one.meanRate, fractionDigits: 0),
                    "given_up_ratio": .measured(one.givenUpRatio, fractionDigits: 6),
                ]
            })),
        ])
    }
}

/// A table for a document: the first two columns are words, the others numbers.
func markdownTable(_ columns: [String], _ rows: [[String]]) -> String {
    var lines = ["| \(columns.map { $0.lowercased() }.joined(separator: " | ")) |"]
    lines.append("|---|---|" + String(repeating: "---:|", count: columns.count - 2))
    lines += rows.map { "| \($0.joined(separator: " | ")) |" }
    return lines.joined(separator: "\n") + "\n"
}
