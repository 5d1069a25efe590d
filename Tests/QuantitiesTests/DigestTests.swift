// Aim: bytes, digits and numbers for people are the same on every machine.
import Quantities
import Testing

@Suite struct DigestTests {
    @Test func `a digest keeps its 32 bytes, and other lengths are none`() {
        var random = Seeded(state: 1)
        for _ in 0..<100 {
            let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
            let digest = Digest(bytes: bytes)
            #expect(digest?.bytes == bytes)
            #expect(digest?.description == hexadecimal(bytes))
            #expect(digest?.abbreviated == String(hexadecimal(bytes).prefix(12)))
        }
        for count in [0, 31, 33, 64] { #expect(Digest(bytes: [UInt8](repeating: 1, count: count)) == nil) }
        #expect(Digest.zero.description == String(repeating: "0", count: 64))
    }

    @Test func `digests that differ in any one bit differ`() throws {
        for bit in 0..<256 {
            var bytes = [UInt8](repeating: 0, count: 32)
            bytes[bit / 8] = 1 << UInt8(bit % 8)
            #expect(try #require(Digest(bytes: bytes)) != .zero)
        }
    }

    @Test func `hexadecimal digits are lower case and padded`() {
        #expect(hexadecimal([0, 15, 16, 255] as [UInt8]) == "000f10ff")
    }
}

@Suite struct DecimalTests {
    @Test(arguments: [
        (1.125, 2, "1.13"), (0.5, 0, "1"), (-0.5, 0, "-1"), (-0.001, 2, "0.00"), (12.3456, 3, "12.346"), (0, 2, "0.00"), (1e15, 1, "1000000000000000.0"),
    ] as [(Double, Int, String)])
    func `a number has exactly the digits asked for, rounded half away from zero`(value: Double, digits: Int, text: String) {
        #expect(decimal(value, fractionDigits: digits) == text)
    }

    @Test(arguments: [(94.23, "94.2"), (1.0, "1.00"), (123.4, "123"), (4_567.8, "4568"), (0.0456, "0.05")] as [(Double, String)])
    func `significant digits give way to the whole part`(value: Double, text: String) {
        #expect(decimal(value, significantDigits: 3) == text)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func `what is no number is a dash`(value: Double) {
        #expect(decimal(value, fractionDigits: 2) == "–")
    }

    @Test(arguments: [1e19, -1e300, Double.greatestFiniteMagnitude])
    func `a number too large for its digits is written all the same`(value: Double) {
        #expect(decimal(value, fractionDigits: 3) == "\(value)")
    }
}

@Suite struct IdentifierTests {
    @Test func `identifiers are ordered by their bytes, the same in every locale`() {
        let names: [ClusterID] = ["b", "a", "Z", "ä", "a-1", "a1", ""]
        #expect(names.sorted().map(\.text) == ["", "Z", "a", "a-1", "a1", "b", "ä"])
    }
}
