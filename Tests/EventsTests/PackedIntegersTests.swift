// Aim: a list of samples is read back as it was written, from the fewest bits. Method: seeded random lists with missing values and
// the ends of each type; a slow reader that goes bit by bit; forged and cut bytes.
import Events
import Quantities
import Testing

@Suite struct PackedIntegersTests {
    /// The column of a tick that takes any count: written through the tick, since lists have no door of their own.
    private func bytes(_ values: [Int32?]) -> [UInt8] {
        var tick = Tick(number: 1, at: WallTime(microseconds: 0), intervalMilliseconds: 1, rosterSequence: 1)
        tick.flows = values.map { FlowSample(quality: .measured, count: 1, lost: 0, windowMilliseconds: 1, ageMilliseconds: $0) }
        return field(13, of: tick.recordBytes())
    }

    /// The bytes of a column of a record, counted from 0.
    private func field(_ number: Int, of record: [UInt8]) -> [UInt8] {
        var place = 4
        for column in 0... {
            let length = record[place + 4..<place + 8].reduce(Int(0)) { $0 << 8 | Int($1) }
            let isNull = record[place + 4] == 0xff
            if column == number { return Array(record[place + 8..<place + 8 + length]) }
            place += 8 + (isNull ? 0 : length)
        }
        return []
    }

    /// As the README of the schema says it, bit by bit.
    private func read(_ list: [UInt8]) -> [Int64?] {
        guard !list.isEmpty else { return [] }
        let width = Int(list[0] % 128)
        let count = Int(list[1]) * 256 + Int(list[2])
        let baseEnd = 4 + Int(list[3])
        var base: Int64 = 0
        if list[3] > 0 { base = list[4..<baseEnd].reduce(list[4] > 127 ? -1 : 0) { $0 * 256 + Int64($1) } }
        return (0..<count).map { number in
            var code: Int64 = 0
            for bit in number * width..<(number + 1) * width { code = code * 2 + Int64(list[baseEnd + bit / 8] >> UInt8(7 - bit % 8) & 1) }
            if list[0] >= 128 { return code == 0 ? nil : base + code - 1 }
            return base + code
        }
    }

    @Test(arguments: seeds(20)) func `a slow reader finds what was written`(seed: UInt64) {
        var random = SplitMix(seed: seed)
        for _ in 0..<60 {
            let low = Int32.random(in: .min ... .max, using: &random) >> Int32.random(in: 0...31, using: &random)
            let high = max(low, low &+ (Int32.random(in: 0 ... .max, using: &random) >> Int32.random(in: 0...31, using: &random)))
            let values: [Int32?] = (0..<Int.random(in: 1...80, using: &random)).map { _ in
                Int.random(in: 0...9, using: &random) == 0 ? nil : Int32.random(in: low...high, using: &random)
            }
            #expect(read(bytes(values)) == values.map { $0.map(Int64.init) })
        }
    }

    @Test func `what does not vary costs four to six bytes, whatever the length`() {
        #expect(bytes([Int32?](repeating: 0, count: 60)) == [0, 0, 60, 0])
        #expect(bytes([Int32?](repeating: 100, count: 60)) == [0, 0, 60, 1, 100])
        #expect(bytes([Int32?](repeating: 5_000, count: 60)) == [0, 0, 60, 2, 0x13, 0x88])
        #expect(bytes([Int32?](repeating: nil, count: 60)) == [128, 0, 60, 0])
        #expect(bytes([]) == [])
        #expect(bytes([10, nil, 12]) == [130, 0, 3, 1, 10, 0b01_00_11_00])
        #expect(bytes([-1, 1]) == [2, 0, 2, 1, 0xff, 0b00_10_0000])
    }
}
