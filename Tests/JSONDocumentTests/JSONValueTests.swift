// Aim: equal values give equal bytes, and what is written is read back. Method: seeded random documents.
import JSONDocument
import Testing

@Suite struct JSONValueTests {
    @Test(arguments: UInt64(1)...20) func `what is written is read back, on one line and on several`(seed: UInt64) throws {
        var random = Seeded(state: seed)
        for _ in 0..<20 {
            let value = JSONValue.random(depth: 4, using: &random)
            #expect(try JSONValue(parsing: value.text) == value)
            #expect(try JSONValue(parsing: value.indentedText) == value)
            #expect(!value.text.contains("\n"))
        }
    }

    @Test func `the one-line and the indented form are as documented`() {
        let value: JSONValue = ["a": .array([.integer(1), .null]), "b": .object([]), "c": .string("x\u{1}\"é")]
        #expect(value.text == #"{"a":[1,null],"b":{},"c":"x\u0001\"é"}"#)
        #expect(
            value.indentedText == """
                {
                  "a": [
                    1,
                    null
                  ],
                  "b": {},
                  "c": "x\\u0001\\"é"
                }
                """)
    }

    @Test func `whole numbers keep 64 bits and fractions are no whole numbers`() throws {
        #expect(try JSONValue(parsing: "9223372036854775807").integer == .max)
        #expect(try JSONValue(parsing: "-9223372036854775808").integer == .min)
        #expect(try JSONValue(parsing: "9223372036854775808").integer == nil)
        #expect(try JSONValue(parsing: "1.0").integer == nil)
        #expect(try JSONValue(parsing: "1e3").integer == nil)
        #expect(try JSONValue(parsing: "2.5").double == 2.5)
    }

    @Test(arguments: [
        (1.23456, 3, "1.235"), (-1.5, 0, "-2"), (0.0004, 3, "0.000"), (-0.0004, 3, "0.000"), (12, 2, "12.00"), (Double.nan, 3, "null"),
        (Double.infinity, 3, "null"), (1e16, 3, "null"),
    ] as [(Double, Int, String)])
    func `a measured number is finite with its digits, or null`(value: Double, digits: Int, text: String) {
        #expect(JSONValue.measured(value, fractionDigits: digits).text == text)
    }

    @Test func `members are found by key, and a value of another kind has none`() {
        let value: JSONValue = ["a": .bool(true), "b": .string("x")]
        #expect(value["a"]?.bool == true && value["b"]?.string == "x" && value["c"] == nil)
        #expect(value.array == nil && value.string == nil && JSONValue.null["a"] == nil)
        #expect(JSONValue.optional(nil as Int?) == .null && JSONValue.optional(5) == .number("5"))
    }
}

struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        var mixed = state
        mixed ^= mixed >> 33
        mixed = mixed &* 0xFF51_AFD7_ED55_8CCD
        return mixed ^ (mixed >> 29)
    }
}

extension JSONValue {
    static func random(depth: Int, using random: inout Seeded) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
        case 0: .null
        case 1: .bool(Bool.random(using: &random))
        case 2: .integer(Int64.random(in: .min ... .max, using: &random))
        case 3: .number(["0", "-0", "1.5", "2e10", "-3.25E-7"].randomElement(using: &random)!)
        case 4: .string(text(using: &random))
        case 5: .array((0..<Int.random(in: 0...4, using: &random)).map { _ in JSONValue.random(depth: depth - 1, using: &random) })
        default:
            .object(
                (0..<Int.random(in: 0...4, using: &random)).map { place in
                    Member("\(place)" + text(using: &random), JSONValue.random(depth: depth - 1, using: &random))
                })
        }
    }
    private static func text(using random: inout Seeded) -> String {
        let characters: [Character] = ["a", "Z", "\"", "\\", "/", "\n", "\t", "\u{0}", "\u{1f}", "\u{7f}", "é", "😀", "\u{2028}", "e\u{301}"]
        return String((0..<Int.random(in: 0...6, using: &random)).map { _ in characters.randomElement(using: &random)! })
    }
}
