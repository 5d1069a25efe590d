import Coordination
import Explanation
import Fleet
import JSONDocument
import Quantities

/// A plan as people read it.
struct PlanReport {
    /// One row, with the rates that will really stand: no site goes below its floors.
    private struct Line {
        let row: AllocationForecast.Row
        let tier: String
        let now: FloorShare
        let then: FloorShare
    }

    private let forecast: AllocationForecast
    private let hash: String
    private let words: String
    private let lines: [Line]

    /// - Parameter words: the place and the changes as they can be typed into a shell; empty where nothing should change.
    init(_ forecast: AllocationForecast, hash: String, fleet: FleetConfiguration, words: String) {
        (self.forecast, self.hash, self.words) = (forecast, hash, words)
        lines = forecast.rows.map { row in
            let cluster = fleet.cluster(row.cluster)
            let workload = cluster?.workloads.first { $0.id == row.workload }
            let floor = workload.flatMap { cluster?.guardrails.clamp($0.floor) }
            return Line(row: row, tier: workload?.tier ?? "", now: FloorShare(share: row.now, floor: floor), then: FloorShare(share: row.then, floor: floor))
        }
    }

    /// Who loses or gains what, and why: a clause, empty where nothing moves.
    private func why(_ line: Line) -> String {
        let short = line.then.isBelowFloor ? "\(line.then.missing.readable) of its floor do not fit" : ""
        guard !line.row.isSame else { return short }
        let cause = cause(line.row)
        return short.isEmpty ? cause : "\(cause); \(short)"
    }

    private func cause(_ row: AllocationForecast.Row) -> String {
        let binding = ShareExplanation.words(row.binding)
        if let link = forecast.links.first(where: { "link \($0.link)" == row.binding && $0.now != $0.then }) {
            return "\(link.link) would carry \(link.then.readable) instead of \(link.now.readable)"
        }
        return row.then < row.now ? "\(binding) binds it then" : "it gets what others leave, until \(binding) binds"
    }

    /// What lacks where, and for whose floors: one clause per resource and tier.
    private var shortfalls: [String] {
        var told: [String] = []
        for line in lines where line.then.isBelowFloor {
            let like = lines.filter { $0.then.isBelowFloor && $0.row.binding == line.row.binding && $0.tier == line.tier }
            let missing = like.map(\.then.missing).reduce(.zero, +)
            let clause = "\(line.row.binding) lacks \(missing.readable) for the floors of tier \(line.tier)"
            if !told.contains(clause) { told.append(clause) }
        }
        return told.isEmpty ? forecast.shortfalls : told
    }

    var table: String {
        var table = TextTable([
            .init("CLUSTER"), .init("WORKLOAD"), .init("NOW", .right), .init("THEN", .right), .init("DIFFERENCE", .right), .init("BOUND BY"), .init("WHY"),
        ])
        for line in lines {
            let (now, then) = (line.now.rate, line.then.rate)
            let difference = now == then ? "none" : then < now ? "-\(now.minus(then).readable)" : "+\(then.minus(now).readable)"
            table.add([line.row.cluster.text, line.row.workload.text, line.now.text, line.then.text, difference, ShareExplanation.words(line.row.binding), why(line)])
        }
        let losers = forecast.rows.count { $0.then < $0.now }
        let gainers = forecast.rows.count { $0.then > $0.now }
        var text = table.text() + "\n" + (losers + gainers == 0 ? "no share would move\n" : "\(losers) would lose, \(gainers) would gain\n")
        if !forecast.isFeasible {
            text += "the floors would not fit: \(shortfalls.joined(separator: "; ")); no site goes below its floors, so there would be more than fits\n"
        }
        text += "plan \(hash)\n"
        if !words.isEmpty { text += "to say so: fairlead allocation apply --plan \(hash) \(words) --actor NAME --reason TEXT\n" }
        return text
    }

    var json: JSONValue {
        [
            "plan": .string(hash), "same": .bool(forecast.rows.allSatisfy(\.isSame)), "is_feasible": .bool(forecast.isFeasible),
            "shortfalls": .array(shortfalls.map { .string($0) }),
            "links": .array(forecast.links.map { link in
                ["link": .string(link.link.text), "now_bits_per_second": .bitsPerSecond(link.now), "then_bits_per_second": .bitsPerSecond(link.then)]
            }),
            "shares": .array(lines.map { line in
                let row = line.row
                return [
                    "cluster": .string(row.cluster.text), "workload": .string(row.workload.text), "now_bits_per_second": .bitsPerSecond(row.now),
                    "then_bits_per_second": .bitsPerSecond(row.then), "difference_bits_per_second": .integer(row.then.bitsPerSecond - row.now.bitsPerSecond),
                    "floor_bits_per_second": .bitsPerSecond(line.then.floor), "is_below_floor": .bool(line.then.isBelowFloor),
                    "binding": .string(row.binding), "next": .optional(row.next), "why": .string(why(line)),
                ]
            }),
        ]
    }
}
