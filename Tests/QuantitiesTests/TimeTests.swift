// Aim: times are read with their unit, kept as integers and written the same everywhere. Method: tables, and a calendar that
// counts day by day as the slow reference.
import Quantities
import Testing

@Suite struct NanosecondsTests {
    @Test(arguments: [
        ("1.5ms", 1_500_000), ("250us", 250_000), ("5s", 5_000_000_000), ("10m", 600_000_000_000), ("24h", 86_400_000_000_000), ("0s", 0),
        ("1ns", 1), ("0.001us", 1),
    ] as [(String, Int64)])
    func `a time with a unit is read exactly`(text: String, nanoseconds: Int64) throws {
        #expect(try Nanoseconds(parsing: text).count == nanoseconds)
    }

    @Test(arguments: ["5", "", "5 s", "-5s", "5sec", "s", "0.5ns", "1.5.5s", "9999999999h", "٥s", "5S"])
    func `a time that cannot be read is refused`(text: String) {
        let error = #expect(throws: QuantityError.self) { try Nanoseconds(parsing: text) }
        #expect(error?.text == text && error?.hint.isEmpty == false)
    }

    @Test func `what is written is read back as the same time`() throws {
        var random = Seeded(state: 11)
        for _ in 0..<2_000 {
            let scale = Int64(1) << Int64.random(in: 0...62, using: &random)
            let time = Nanoseconds(Int64.random(in: 0...scale, using: &random))
            #expect(try Nanoseconds(parsing: time.description) == time)
        }
        #expect(Nanoseconds.milliseconds(1_500).description == "1500ms")
        #expect(Nanoseconds.seconds(3_600).description == "1h")
        #expect(Nanoseconds(-1_500).description == "-1500ns")
    }
}

@Suite struct DelayTests {
    @Test func `a span is rounded to 100 ns and held inside the range`() {
        #expect(Delay(rounding: Nanoseconds(149)).hundredNanoseconds == 1)
        #expect(Delay(rounding: Nanoseconds(150)).hundredNanoseconds == 2)
        #expect(Delay(rounding: Nanoseconds(-5_000)) == .zero)
        #expect(Delay(rounding: .seconds(1_000)).hundredNanoseconds == .max)
    }
    @Test func `scaling rounds down and is held at the longest`() {
        #expect(Delay.microseconds(1_000).scaled(thousandths: 1_200) == .microseconds(1_200))
        #expect(Delay(hundredNanoseconds: 999).scaled(thousandths: 800).hundredNanoseconds == 799)
        #expect(Delay(hundredNanoseconds: .max).scaled(thousandths: 2_000).hundredNanoseconds == .max)
    }
    @Test func `people read milliseconds`() {
        #expect(Delay.microseconds(1_250).description == "1.25 ms")
        #expect(Delay.microseconds(1_250).milliseconds == 1.25)
    }
}

@Suite struct WallTimeTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000_000, "2000-02-29T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (4_107_542_400_000_000, "2100-03-01T00:00:00.000Z"), (1_795_416_000_125_999, "2026-11-23T06:40:00.125Z"),
        (-62_135_596_800_000_000, "0001-01-01T00:00:00.000Z"),
    ] as [(Int64, String)])
    func `an instant is written as RFC 3339 in UTC`(microseconds: Int64, text: String) {
        #expect(WallTime(microseconds: microseconds).description == text)
    }

    @Test func `four hundred years of days agree with a calendar that counts them`() {
        var (year, month, day) = (1_970, 1, 1)
        for dayNumber in 0..<146_097 {
            let text = WallTime(microseconds: Int64(dayNumber) * 86_400_000_000).description
            let expected = "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)T"
            guard text.hasPrefix(expected) else {
                Issue.record("day \(dayNumber): \(text) instead of \(expected)")
                return
            }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            day += 1
            if day > lengths[month - 1] { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
        #expect(year == 2_370)
    }

    @Test func `differences are in nanoseconds and sums come back`() {
        let time = WallTime(microseconds: 5_000_000)
        #expect(time + .milliseconds(250) - time == .milliseconds(250))
        #expect(MonotonicTime(nanoseconds: 7) + Nanoseconds(3) - MonotonicTime(nanoseconds: 10) == .zero)
    }
}
