import ControlLaw
import Testing

// Aim: a law is what its canonical text says, and a wrong word is refused with the right one.
@Suite struct LawParameterTests {
    @Test(arguments: Law.names) func `the canonical text of`(_ name: String) throws {
        let law = try Law(name: name)
        let again = try Law(name: name, canonicalParameters: law.parameters)
        #expect(again.parameters == law.parameters)
        let keys = law.parameters.split(separator: ";").map { String($0.prefix { $0 != "=" }) }
        #expect(keys == keys.sorted())
        #expect(keys == (try Law.parameterHelp(name)).map(\.name).sorted())
    }

    @Test func `equal values have one spelling`() throws {
        let plain = try Law(name: "plateau@1", parameters: ["cooldown": "10000ms", "brake": "0.950", "smoothing": "0.30"])
        #expect(plain.parameters == (try Law(name: "plateau@1")).parameters)
        #expect(plain.parameters.contains("brake=0.95;") && plain.parameters.contains("cooldown=10s;"))
        #expect(try Law(name: "fixed-step@1", parameters: ["maximum": "1000M"]).parameters.contains("maximum=1G"))
    }

    @Test(arguments: Law.names) func `every default is in range and spelled canonically`(_ name: String) throws {
        let law = try Law(name: name)
        for parameter in try Law.parameterHelp(name) {
            #expect(law.parameters.split(separator: ";").contains { $0 == "\(parameter.name)=\(parameter.defaultText)" })
            #expect(parameter.help.count > 10)
        }
    }

    @Test(arguments: [
        ("plateau@1", "brakes", "0.9", LawError.Code.unknownParameter), ("plateau@1", "brake", "0.9999", .badValue), ("plateau@1", "brake", "1.0", .outOfRange),
        ("plateau@1", "brake", "-1", .badValue), ("plateau@1", "brake", "", .badValue), ("plateau@1", "cooldown", "10", .badValue),
        ("plateau@1", "cooldown", "1500us", .badValue), ("plateau@1", "flapBudget", "1", .outOfRange), ("plateau@1", "onMissing", "raise", .badValue),
        ("fixed-step@1", "increase", "10", .badValue), ("fixed-step@1", "increase", "10m", .badValue), ("fixed-step@1", "missingTicks", "+3", .badValue),
        ("plateau@2", "brake", "0.9", .unknownLaw),
    ])
    func `a wrong word is refused`(law: String, key: String, value: String, code: LawError.Code) {
        #expect { try Law(name: law, parameters: [key: value]) } throws: { error in
            (error as? LawError)?.code == code && (error as? LawError)?.hint.isEmpty == false
        }
    }

    @Test(arguments: ["brake", "brake=0.9;brake=0.9", "=;", "brake=0.9;;x"]) func `a malformed text is refused`(_ text: String) {
        #expect(throws: LawError.self) { try Law(name: "plateau@1", canonicalParameters: text) }
    }
}
