import Allocation
import AllocationDocument
import JSONDocument
import Quantities
import Testing

/// Answers go out and come back without losing a bit, and what was changed on the way is found.
@Suite struct ResultDocumentTests {
    private static func answer(_ text: String) throws -> (InstanceDocument, ResultDocument) {
        let document = try InstanceDocument(parsing: Array(text.utf8))
        var solver = AllocationSolver()
        return (document, ResultDocument(document, solver.solve(document.instance), solveMicroseconds: 42))
    }

    @Test func `an answer has the documented shape`() throws {
        let (_, answer) = try ResultDocumentTests.answer(InstanceDocumentTests.sound)
        let value = try JSONValue(parsing: answer.json)
        #expect(value["format"] == .string("wan-alloc-result/1"))
        #expect(value["feasible"] == .bool(true))
        #expect(value["solve_microseconds"] == .integer(42))
        let first = try #require(value["demands"]?.array?.first)
        #expect(first.members?.map(\.key) == ["id", "cluster", "tier", "min", "rate", "binding"])
        #expect(first["rate"] == .number("333.333333"))
        #expect(first["binding"] == ["kind": .string("link"), "id": .string("lan")])
        let resource = try #require(value["resources"]?.array?.first)
        #expect(resource.members?.map(\.key) == ["kind", "id", "capacity", "used", "saturated"])
        #expect(value["certificate"]?["steps"]?.array?.count == 1)
    }

    @Test func `the table names rates, what binds, and what is missing`() throws {
        let (_, answer) = try ResultDocumentTests.answer(InstanceDocumentTests.sound)
        #expect(
            answer.table == """
                DEMAND  CLUSTER  TIER  MIN (Mbps)  RATE (Mbps)  BOUND BY
                x       a           0          10   333.333333  link lan
                y       b           1           0          500  its maximum

                RESOURCE   CAPACITY (Mbps)  USED (Mbps)  SATURATED
                link lan        333.333333   333.333333  yes
                link wan             899.5   833.333333  no
                budget b1              400   333.333333  no

                """)
        let (_, infeasible) = try ResultDocumentTests.answer(
            InstanceDocumentTests.sound.replacingFirst("\"min\": 10,", by: "\"min\": 400,"))
        #expect(infeasible.table.hasPrefix("infeasible: on link lan the minimums of tier 0 miss 66.666667 Mbps\n\n"))
        #expect(try JSONValue(parsing: infeasible.json)["feasible"] == .bool(false))
    }

    @Test(arguments: RateUnit.allCases) func `an answer is read back as it was written, in every unit`(unit: RateUnit) throws {
        for seed in 1...60 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let lists = InstanceLists.random(&generator)
            let (document, answer) = try ResultDocumentTests.answer(lists.json(unit))
            let read = try ResultDocument(parsing: Array(answer.json.utf8), of: document)
            #expect(read.result == answer.result, "seed \(seed)")
            #expect(read.json == answer.json, "seed \(seed)")
            try AllocationCertificate.verify(document.instance, read.result)
        }
    }

    @Test func `the bytes do not depend on the order of the document`() throws {
        for seed in 1...100 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let lists = InstanceLists.random(&generator)
            let first = try ResultDocumentTests.answer(lists.json(.kbps)).1
            let second = try ResultDocumentTests.answer(lists.shuffled(&generator).json(.kbps)).1
            #expect(first.json == second.json, "seed \(seed)")
        }
    }

    /// What is replaced in a sound answer, by what; how it is refused: malformed, or read and found wrong by the certificate.
    static let changes: [(replace: String, by: String, isMalformed: Bool)] = [
        ("\"rate\": 333.333333", "\"rate\": 333.333332", false), ("\"rate\": 333.333333", "\"rate\": 333.333334", false),
        ("\"rate\": 500", "\"rate\": 499.999999", false), ("\"rate\": 500", "\"rate\": 500.000001", false),
        ("\"min\": 10", "\"min\": 10.000001", false), ("\"used\": 833.333333", "\"used\": 833.333332", false),
        ("\"saturated\": true", "\"saturated\": false", false), ("\"kind\": \"maximum\"", "\"kind\": \"link\"", true),
        ("\"level\": \"14d", "\"level\": \"14e", false), ("\"level\": \"14d", "\"level\": \"14D", true),
        ("\"rate\": 500", "\"rate\": 500.0000001", true), ("\"rate\": 500", "\"rate\": \"500\"", true),
        ("\"id\": \"y\"", "\"id\": \"x\"", true), ("\"id\": \"y\"", "\"id\": \"q\"", true), ("\"capacity\": 899.5", "\"capacity\": 900", true),
        ("\"feasible\": true", "\"feasible\": false", true), ("\"feasible\": true", "\"feasible\": 1", true),
        ("\"unit\": \"Mbps\"", "\"unit\": \"Mb\"", true), ("wan-alloc-result/1", "wan-alloc-result/2", true),
        ("\"weight_power\": 6", "\"weight_power\": 7", true), ("\"phase\": \"excess\"", "\"phase\": \"more\"", true),
        ("\"certificate\"", "\"certificat\"", true), ("\"demands\"", "\"demand\"", true), ("\"binding\"", "\"bound\"", true),
    ]

    @Test(arguments: changes.indices) func `an answer that was changed is refused`(index: Int) throws {
        let change = ResultDocumentTests.changes[index]
        let (document, answer) = try ResultDocumentTests.answer(InstanceDocumentTests.sound)
        let text = answer.json.replacingFirst(change.replace, by: change.by)
        #expect(text != answer.json)
        if change.isMalformed {
            #expect(throws: AllocationDocumentError.self) { _ = try ResultDocument(parsing: Array(text.utf8), of: document) }
        } else {
            let read = try ResultDocument(parsing: Array(text.utf8), of: document)
            #expect(throws: CertificateViolation.self) { try AllocationCertificate.verify(document.instance, read.result) }
        }
    }

    @Test func `rates carry every bit in their unit`() {
        #expect(RateUnit.bps.text(BitRate(bitsPerSecond: 7)) == "7")
        #expect(RateUnit.kbps.text(BitRate(bitsPerSecond: 7)) == "0.007")
        #expect(RateUnit.megabits.text(BitRate(bitsPerSecond: 166_666_660)) == "166.66666")
        #expect(RateUnit.gigabits.text(BitRate(bitsPerSecond: 1_000_000_000_000_000)) == "1000000")
    }
}

extension InstanceLists {
    /// The instance as a document; links and budgets, in the order of `resources`.
    func json(_ unit: RateUnit) -> String {
        func list(_ kind: AllocationResource.Kind) -> [Int] { resources.indices.filter { resources[$0].kind == kind } }
        func text(_ rate: BitRate) -> JSONValue { .number(unit.text(rate)) }
        func entries(_ demand: AllocationDemand, _ kind: AllocationResource.Kind) -> JSONValue {
            .array(demand.resources.filter { resources[$0].kind == kind }.map { .string(resources[$0].id) })
        }
        let value: JSONValue = [
            "format": .string("wan-alloc/1"), "unit": .string(unit.rawValue),
            "links": .array(list(.link).map { ["id": .string(resources[$0].id), "cap": text(resources[$0].capacity)] }),
            "budgets": .array(list(.budget).map { ["id": .string(resources[$0].id), "cap": text(resources[$0].capacity)] }),
            "demands": .array(
                demands.map { demand in
                    [
                        "id": .string(demand.id), "cluster": .string(demand.cluster.text), "links": entries(demand, .link),
                        "budgets": entries(demand, .budget), "min": text(demand.minimum), "max": demand.maximum.map(text) ?? .null,
                        "weight": .integer(demand.weight), "tier": .integer(demand.tier),
                    ]
                }),
        ]
        return value.text
    }
}
