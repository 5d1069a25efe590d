import Events
import JSONDocument
import Quantities

/// One tick in the forms that the parts of `fairlead bench append` send, made before the clock runs.
enum BenchmarkRows {
    /// One JSON text per sample, all its fields.
    static func jsonBodies(_ tick: Tick) -> [String] {
        tick.flows.enumerated().map { place, flow in
            func count(_ delay: Delay?) -> JSONValue { delay.map { .integer(Int64($0.hundredNanoseconds)) } ?? .null }
            let body: JSONValue = [
                "flow": .string("flow-\(place)"), "tick": .integer(tick.number), "at_us": .integer(tick.at.microseconds),
                "quality": .string(flow.quality.word), "count": .integer(Int64(flow.count)), "lost": .integer(Int64(flow.lost)),
                "window_ms": .integer(Int64(flow.windowMilliseconds)), "age_ms": flow.ageMilliseconds.map { .integer(Int64($0)) } ?? .null,
                "base_100ns": count(flow.base), "p50_100ns": count(flow.p50), "p95_100ns": count(flow.p95), "p99_100ns": count(flow.p99),
                "max_100ns": count(flow.max), "pdv_p95_100ns": count(flow.windowVariationP95),
                "ipdv_p95_100ns": count(flow.interPacketVariationP95), "jitter_100ns": count(flow.interarrivalJitter),
                "rtt_p50_100ns": count(flow.roundTripP50),
            ]
            return body.text
        }
    }

    /// A version 4 UUID.
    static func identifier(_ random: inout SplitMix) -> String {
        let high = random.next() & 0xffff_ffff_ffff_0fff | 0x4000
        let low = random.next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        let digits = [high, low].flatMap { number in (0..<16).map { (number >> UInt64(60 - 4 * $0)) & 15 } }
        var text = ""
        for (place, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(place) { text += "-" }
            text += String(digit, radix: 16)
        }
        return text
    }

    static let copyHeader: [UInt8] = Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0x00] + [UInt8](repeating: 0, count: 8)
    static let copyTrailer: [UInt8] = [0xff, 0xff]

    /// A row of `bench_copy_ticks` in COPY's binary form: the fields of the record, without their type numbers.
    static func copyRow(stream: Int64, sequence: Int64, digest: Digest, record: [UInt8]) -> [UInt8] {
        var row: [UInt8] = []
        row.reserveCapacity(record.count + 80)
        row.append(network: Int16(5 + Tick.columnCount))
        for value in [stream, sequence, 848_731_200_000_000] {
            row.append(network: Int32(8))
            row.append(network: value)
        }
        row.append(network: Int32(4))
        row.append(network: Int32(9_823))
        row.append(network: Int32(32))
        row += digest.bytes
        var place = 4
        while place + 8 <= record.count {
            let length = record[place + 4..<place + 8].reduce(Int32(0)) { $0 << 8 | Int32($1) }
            let end = place + 8 + Int(max(0, length))
            row += record[place + 4..<end]
            place = end
        }
        return row
    }
}

extension [UInt8] {
    fileprivate mutating func append(network value: some FixedWidthInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}
