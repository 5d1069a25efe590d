import Allocation
import AllocationDocument
import Quantities
import Testing

/// The format `wan-alloc/1`: what it means, and each of its rules broken once, with the place that is told.
@Suite struct InstanceDocumentTests {
    static let sound = """
        {
          "format": "wan-alloc/1", "name": "two sites", "unit": "Mbps", "clusters": ["a", "b"],
          "links": [
            {"id": "wan", "cap": 1000, "from": "a", "to": "b"},
            {"id": "lan", "cap": 333.333333}
          ],
          "critical": [{"id": "robot", "links": ["wan"], "rate": 100.5}],
          "budgets": [{"id": "b1", "cluster": "a", "cap": 400}],
          "demands": [
            {"id": "x", "cluster": "a", "links": [0, "lan"], "budgets": ["b1"], "min": 10, "max": null, "weight": 1, "tier": 0},
            {"id": "y", "cluster": "b", "paths": [["wan"]], "budgets": [], "min": 0, "max": 500, "weight": 2.5, "tier": 1}
          ]
        }
        """

    private static func parse(_ text: String) throws(AllocationDocumentError) -> InstanceDocument {
        try InstanceDocument(parsing: Array(text.utf8))
    }

    @Test func `a sound document becomes resources and demands in whole bits`() throws {
        let document = try InstanceDocumentTests.parse(InstanceDocumentTests.sound)
        #expect(document.name == "two sites" && document.unit == .megabits && document.weightPower == 6)
        #expect(
            document.instance.resources == [
                AllocationResource(kind: .link, id: "lan", capacity: BitRate(bitsPerSecond: 333_333_333)),
                AllocationResource(kind: .link, id: "wan", capacity: BitRate(bitsPerSecond: 899_500_000)),
                AllocationResource(kind: .budget, id: "b1", capacity: .megabits(400)),
            ])
        #expect(
            document.instance.demands == [
                AllocationDemand(
                    id: "x", cluster: "a", resources: [0, 1, 2], minimum: .megabits(10), maximum: nil, weight: 1_000_000, tier: 0),
                AllocationDemand(
                    id: "y", cluster: "b", resources: [1], minimum: .zero, maximum: .megabits(500), weight: 2_500_000, tier: 1),
            ])
    }

    /// Each rule broken once: what is replaced, by what, where the error stands, and a part of what it says.
    static let breaches: [(replace: String, by: String, path: String, says: String)] = [
        ("\"wan-alloc/1\"", "\"wan-alloc/2\"", "format", "wan-alloc/2"),
        ("\"wan-alloc/1\"", "1", "format", "a text in quotes should stand here"),
        ("\"format\": \"wan-alloc/1\", ", "", "", "the key \"format\" is missing"),
        ("\"unit\": \"Mbps\", ", "", "", "the key \"unit\" is missing"),
        ("\"Mbps\"", "\"MB/s\"", "unit", "bps, kbps, Mbps, Gbps"),
        ("\"name\": \"two sites\"", "\"name\": 7", "name", "a text in quotes"),
        ("\"name\"", "\"nmae\"", "nmae", "did you mean \"name\"?"),
        ("[\"a\", \"b\"]", "[\"a\", \"a\"]", "clusters[1]", "stands twice"),
        ("[\"a\", \"b\"]", "[\"a\", 4]", "clusters[1]", "a text in quotes"),
        ("[\"a\", \"b\"]", "\"a\"", "clusters", "a list should stand here"),
        ("\"id\": \"lan\"", "\"id\": \"wan\"", "links[1].id", "the link \"wan\" stands twice"),
        ("\"id\": \"lan\"", "\"id\": \"\"", "links[1].id", "empty"),
        ("\"id\": \"lan\", ", "", "links[1]", "the key \"id\" is missing"),
        ("{\"id\": \"lan\", \"cap\": 333.333333}", "[]", "links[1]", "an object should stand here"),
        ("333.333333", "-1", "links[1].cap", "never negative"),
        ("333.333333", "\"333M\"", "links[1].cap", "a number should stand here"),
        ("333.333333", "null", "links[1].cap", "a number should stand here"),
        ("333.333333", "1e10", "links[1].cap", "above the highest believed"),
        ("333.333333", "1e99999999999999999999", "links[1].cap", "above the highest believed"),
        ("\"cap\": 333.333333", "\"capp\": 333.333333", "links[1].capp", "did you mean \"cap\"?"),
        (", \"cap\": 333.333333", "", "links[1]", "the key \"cap\" is missing"),
        ("\"links\": [\"wan\"], \"rate\"", "\"links\": [\"van\"], \"rate\"", "critical[0].links[0]", "did you mean \"wan\"?"),
        ("\"links\": [\"wan\"], \"rate\"", "\"links\": [0, \"wan\"], \"rate\"", "critical[0].links[1]", "stands twice"),
        ("\"rate\": 100.5", "\"rate\": -100.5", "critical[0].rate", "never negative"),
        (", \"rate\": 100.5", "", "critical[0]", "the key \"rate\" is missing"),
        ("\"rate\": 100.5", "\"rate\": 100.5, \"tier\": 0", "critical[0].tier", "there is no key \"tier\" here"),
        ("\"cap\": 400", "\"cap\": -400", "budgets[0].cap", "never negative"),
        ("\"id\": \"b1\", \"cluster\": \"a\"", "\"id\": \"b1\", \"cluster\": \"c\"", "budgets[0].cluster", "there is no cluster \"c\""),
        ("\"cap\": 400}", "\"cap\": 400}, {\"id\": \"b1\", \"cap\": 1}", "budgets[1].id", "the budget \"b1\" stands twice"),
        ("\"id\": \"y\"", "\"id\": \"x\"", "demands[1].id", "the demand \"x\" stands twice"),
        ("\"id\": \"y\"", "\"id\": 5", "demands[1].id", "a text in quotes"),
        ("\"id\": \"y\", ", "", "demands[1]", "the key \"id\" is missing"),
        ("\"cluster\": \"b\", \"paths\"", "\"cluster\": \"bb\", \"paths\"", "demands[1].cluster", "there is no cluster \"bb\""),
        ("[0, \"lan\"]", "[0, \"lam\"]", "demands[0].links[1]", "there is no link \"lam\"; did you mean \"lan\"?"),
        ("[0, \"lan\"]", "[0, 2]", "demands[0].links[1]", "there are 0 to 1"),
        ("[0, \"lan\"]", "[0, -1]", "demands[0].links[1]", "there is no link of this number"),
        ("[0, \"lan\"]", "[0, 1.5]", "demands[0].links[1]", "there is no link of this number"),
        ("[0, \"lan\"]", "[0, null]", "demands[0].links[1]", "the index or the id of a link"),
        ("[0, \"lan\"]", "[0, \"wan\"]", "demands[0].links[1]", "stands twice"),
        ("[0, \"lan\"]", "\"lan\"", "demands[0].links", "a list should stand here"),
        ("[\"b1\"]", "[\"b2\"]", "demands[0].budgets[0]", "there is no budget \"b2\""),
        ("[\"b1\"]", "[1]", "demands[0].budgets[0]", "there is no budget of this number"),
        ("[[\"wan\"]]", "[[\"wan\"], [\"lan\"]]", "demands[1].paths", "2 paths for one demand are not shared out here"),
        ("[[\"wan\"]]", "[[\"wan\"]], \"links\": [0]", "demands[1].paths", "either links or paths"),
        ("[[\"wan\"]]", "[[7]]", "demands[1].paths[0][0]", "there is no link of this number"),
        ("[[\"wan\"]]", "[]", "demands[1]", "nothing bounds it"),
        ("\"paths\": [[\"wan\"]]", "\"links\": []", "demands[1]", "nothing bounds it"),
        ("\"min\": 10", "\"min\": -10", "demands[0].min", "never negative"),
        ("\"min\": 10", "\"min\": null", "demands[0].min", "a number should stand here"),
        ("\"min\": 0,", "\"min\": 501,", "demands[1].min", "above its maximum"),
        ("\"min\": 0,", "\"min\": 500.0000000001,", "demands[1].min", "above its maximum"),
        ("\"max\": 500", "\"max\": -500", "demands[1].max", "never negative"),
        ("\"max\": 500", "\"max\": \"500\"", "demands[1].max", "a number should stand here"),
        ("\"weight\": 2.5", "\"weight\": 0", "demands[1].weight", "above 0"),
        ("\"weight\": 2.5", "\"weight\": 0.0e5", "demands[1].weight", "above 0"),
        ("\"weight\": 2.5", "\"weight\": -2.5", "demands[1].weight", "above 0"),
        ("\"weight\": 2.5", "\"weight\": null", "demands[1].weight", "a number should stand here"),
        ("\"weight\": 2.5", "\"weight\": 1e-30", "demands[1].weight", "too small beside the others"),
        ("\"weight\": 2.5", "\"weight\": 1e30", "demands", "the weights add up to more"),
        ("\"weight\": 2.5", "\"weight\": 1.2345678912345E-12", "demands[1].weight", "more digits than can be kept"),
        ("\"weight\": 2.5, ", "", "demands[1]", "the key \"weight\" is missing"),
        ("\"tier\": 1", "\"tier\": -1", "demands[1].tier", "a whole number, 0 or above"),
        ("\"tier\": 1", "\"tier\": 0.5", "demands[1].tier", "a whole number, 0 or above"),
        ("\"tier\": 1", "\"tier\": \"gold\"", "demands[1].tier", "a whole number, 0 or above"),
        ("\"tier\": 1", "\"tier\": 1, \"priority\": 2", "demands[1].priority", "there is no key \"priority\" here"),
        // No JSON: the place is line and column alone.
        ("\"max\": 500", "\"max\": NaN", "", "NaN is not a number"),
        ("\"max\": 500", "\"max\": -Infinity", "", "Infinity is not a number"),
        ("\"max\": 500", "\"max\": 0500", "", "needless 0"),
        ("\"max\": 500", "\"max\": 500, \"max\": 400", "", "stands twice"),
        ("\"tier\": 1}", "\"tier\": 1},", "", "no value begins like this"),
    ]

    @Test(arguments: breaches.indices) func `each rule of the format broken once is refused with its place`(index: Int) throws {
        let breach = InstanceDocumentTests.breaches[index]
        let text = InstanceDocumentTests.sound.replacingFirst(breach.replace, by: breach.by)
        #expect(text != InstanceDocumentTests.sound)
        let error = try #require(throws: AllocationDocumentError.self) { _ = try InstanceDocumentTests.parse(text) }
        #expect(error.path == breach.path)
        #expect(error.problem.contains(breach.says), "\(error)")
        // The line is the one that was changed; without a path of its own it may be where the text went wrong.
        let changed = InstanceDocumentTests.line(of: breach.replace)
        #expect(error.line == changed || (error.line == changed + 1 && breach.path.isEmpty) || (error.line == 1 && error.path.isEmpty) || error.path == "demands", "\(error)")
        #expect(error.description.hasPrefix("\(error.line):\(error.column): "))
    }

    private static func line(of part: String) -> Int {
        let lines = sound.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.firstIndex { $0.contains(part) }! + 1
    }

    @Test func `the column is that of the value, the key or the object that is wrong`() throws {
        let text = "{\"format\": \"wan-alloc/1\", \"unit\": \"bps\",\n \"links\": [{\"id\": \"l\", \"cap\": 1}], \"demands\": [\n\t{\"id\": \"d\", \"tier\": 0, \"weight\": 1, \"links\": [ 0 , 9 ]}]}"
        let error = try #require(throws: AllocationDocumentError.self) { _ = try InstanceDocumentTests.parse(text) }
        #expect(error.description == "3:53: demands[0].links[1]: there is no link of this number; there are 0 to 0")
    }

    @Test func `a text that is no object, or no text, is refused`() {
        for text in ["", "[]", "null", "{", "{\"format\": 1", "\u{FEFF}{}", "42", "{} {}"] {
            #expect(throws: AllocationDocumentError.self, "\(text)") { _ = try InstanceDocumentTests.parse(text) }
        }
        #expect(throws: AllocationDocumentError.self) { _ = try InstanceDocument(parsing: [0x22, 0xFF, 0x22]) }
    }

    @Test func `budgets alone bound a demand, a maximum beyond all belief bounds nothing, and lists may be left out`() throws {
        let document = try InstanceDocumentTests.parse(
            """
            {"format": "wan-alloc/1", "unit": "Gbps", "links": [], "budgets": [{"id": "b", "cap": 1.5}],
             "demands": [{"id": "d", "budgets": [0], "max": 1e30, "weight": 1e-3, "tier": 4}]}
            """)
        #expect(document.instance.demands[0].maximum == nil && document.instance.demands[0].minimum == .zero)
        #expect(document.instance.tiers == [4])
        var solver = AllocationSolver()
        #expect(solver.solve(document.instance).rate(of: 0) == .megabits(1_500))
    }

    @Test func `fractions of a bit are shared too and only rates are whole`() throws {
        let document = try InstanceDocumentTests.parse(
            """
            {"format": "wan-alloc/1", "unit": "bps", "links": [{"id": "l", "cap": 10.8}],
             "demands": [{"id": "a", "links": [0], "weight": 1, "tier": 0, "max": 2.4}, {"id": "b", "links": [0], "weight": 1, "tier": 0, "min": 0.7},
                         {"id": "c", "links": [0], "weight": 1, "tier": 0, "min": 0.99999999999}]}
            """)
        var solver = AllocationSolver()
        let result = solver.solve(document.instance)
        #expect(result.isFeasible)
        // a has 2.4; b and c 4.2 each.
        #expect(result.rateBitsList == [2, 4, 4])
        #expect(result.minimumBitsList == [0, 0, 0])
        let nearlyWhole = try InstanceDocumentTests.parse(
            """
            {"format": "wan-alloc/1", "unit": "bps", "links": [{"id": "l", "cap": 5.999999999}],
             "demands": [{"id": "a", "links": [0], "weight": 1, "tier": 0}, {"id": "b", "links": [0], "weight": 1, "tier": 1, "min": 3}]}
            """)
        #expect(solver.solve(nearlyWhole.instance).rateBitsList == [2, 3])
    }

    @Test func `reservations are taken off before a fraction of a bit is dropped and never below nothing`() throws {
        let document = try InstanceDocumentTests.parse(
            """
            {"format": "wan-alloc/1", "unit": "bps", "links": [{"id": "l", "cap": 10.5}, {"id": "m", "cap": 3}],
             "critical": [{"id": "c", "links": [0], "rate": 5.5}, {"id": "e", "links": ["m", "l"], "rate": 4}], "demands": []}
            """)
        #expect(document.instance.resources.map(\.capacity.bitsPerSecond) == [1, 0])
        #expect(document.instance.demands.isEmpty)
        var solver = AllocationSolver()
        #expect(solver.solve(document.instance).isFeasible)
    }

    @Test func `weights keep their ratios to thirteen digits`() throws {
        let document = try InstanceDocumentTests.parse(
            """
            {"format": "wan-alloc/1", "unit": "bps", "links": [{"id": "l", "cap": 1e12}],
             "demands": [{"id": "a", "links": [0], "weight": 0.1234567890123, "tier": 0}, {"id": "b", "links": [0], "weight": 1, "tier": 0}]}
            """)
        #expect(document.weightPower == 13)
        #expect(document.instance.demands.map(\.weight) == [1_234_567_890_123, 10_000_000_000_000])
    }

    @Test func `an unlimited number of digits is read without trap`() throws {
        for number in ["0.\(String(repeating: "3", count: 500))", String(repeating: "9", count: 500), "1e-999999999", "0e999999999999", "100000000000000000000000000000000000000000e-35"] {
            let text = InstanceDocumentTests.sound.replacingFirst("333.333333", by: number)
            do { _ = try InstanceDocumentTests.parse(text) } catch { #expect(error.path == "links[1].cap") }
        }
        let third = try InstanceDocumentTests.parse(
            InstanceDocumentTests.sound.replacingFirst("333.333333", by: "0.\(String(repeating: "3", count: 500))"))
        #expect(third.instance.resources[0].capacity.bitsPerSecond == 333_333)
    }
}

extension String {
    /// Without Foundation: the first place where `part` stands.
    func replacingFirst(_ part: String, by other: String) -> String {
        let bytes = Array(utf8)
        let wanted = Array(part.utf8)
        guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: wanted) }) else { return self }
        return String(decoding: bytes[..<start] + Array(other.utf8) + bytes[(start + wanted.count)...], as: UTF8.self)
    }
}
