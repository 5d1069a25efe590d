// Aim: strict JSON is read, and nothing else. Method: tables of right and wrong documents, with the place of what is wrong.
import JSONDocument
import Testing

@Suite struct JSONReaderTests {
    @Test(arguments: [
        ("null", .null), (" true\n", .bool(true)), ("[]", .array([])), ("{}", .object([])), ("-0", .number("-0")), ("1.50e+3", .number("1.50e+3")),
        ("12345678901234567890123", .number("12345678901234567890123")), (#""""#, .string("")), (#""\u0000\"\\\/\b\f\n\r\t""#, .string("\0\"\\/\u{8}\u{c}\n\r\t")),
        (#""\ud83d\ude00 é""#, .string("😀 é")), (#"{"a":[1,{"b":null}]}"#, ["a": .array([.number("1"), ["b": .null]])]),
    ] as [(String, JSONValue)])
    func `a document is read with its digits kept`(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test(arguments: [
        ("", "1:1"), ("  ", "1:3"), ("[1,]", "1:4"), ("[1 2]", "1:4"), ("{\"a\" 1}", "1:6"), ("{a:1}", "1:2"), ("{\"a\":1,}", "1:8"), ("01", "1:3"),
        ("1.", "1:3"), (".5", "1:1"), ("+1", "1:1"), ("-", "1:2"), ("1e", "1:3"), ("NaN", "1:1"), ("Infinity", "1:1"), ("tru", "1:1"), ("nulll", "1:5"),
        ("'a'", "1:1"), ("[1]//", "1:4"), ("{\n  \"a\": x\n}", "2:8"), ("[1,\n2,\n]", "3:1"), ("\"abc", "1:5"), ("\u{feff}1", "1:1"),
        ("{\"a\":1,\"a\":2}", "1:8"), ("\"\\ud800\"", nil), ("\"\\udc00\"", nil), ("\"\\u12g4\"", nil), ("\"\\x\"", nil), ("\"a\tb\"", nil),
        ("[\"a\nb\"]", nil),
    ] as [(String, String?)])
    func `what is not JSON is refused, with its place`(text: String, place: String?) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        if let place, let error { #expect("\(error.line):\(error.column)" == place, "\(error)") }
        #expect(error?.problem.isEmpty == false)
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        for bytes in [[0x22, 0xff, 0x22], [0x22, 0xc3, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22]] as [[UInt8]] {
            #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
        }
    }

    @Test func `depth is bounded`() throws {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        _ = try JSONValue(parsing: nested(JSONValue.maximumDepth))
        #expect(throws: JSONError.self) { try JSONValue(parsing: nested(JSONValue.maximumDepth + 2)) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: String(repeating: "[{\"a\":", count: 100_000)) }
    }

    @Test(arguments: UInt64(1)...6) func `a document cut or changed at any place is read or refused, never worse`(seed: UInt64) {
        var random = Seeded(state: seed)
        let whole = Array(JSONValue.random(depth: 4, using: &random).indentedText.utf8)
        var refused = 0
        for _ in 0..<400 {
            var bytes = whole
            if Bool.random(using: &random) {
                bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
            } else if !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            do { _ = try JSONValue(parsing: bytes) } catch { refused += 1 }
        }
        #expect(refused > 50)
    }
}
