// Aim: a rate is read and written exactly, and never guessed. Method: tables of right and wrong spellings, and seeded round trips.
import Quantities
import Testing

@Suite struct BitRateTests {
    @Test(arguments: [
        ("100M", 100_000_000), ("2.5G", 2_500_000_000), ("800k", 800_000), ("1T", 1_000_000_000_000), ("0.001k", 1), ("0M", 0),
        ("1000T", 1_000_000_000_000_000), ("1.5M", 1_500_000),
    ] as [(String, Int64)])
    func `a rate with a decimal suffix is read exactly`(text: String, bitsPerSecond: Int64) throws {
        #expect(try BitRate(parsing: text).bitsPerSecond == bitsPerSecond)
    }

    @Test(arguments: [
        ("100", "100M"), ("100000000", "write 100M if bits"), ("1500007", "write 1500k if bits"),
        ("99999999999999999999", "such as 100M"), ("2000000000000000", "the highest is 1000T"), ("", "100M"), ("100K", "100k"), ("100m", "100M"), ("100Mi", "decimal"), ("100X", "k, M, G or T"),
        ("-1M", "digits"), ("+1M", "digits"), ("1 M", "digits"), ("1e3M", "digits"), ("٣M", "digits"), ("M", "digits"), ("1.2.3M", "digits"),
        ("0.0001k", "smaller"), ("1001T", "suffix"), ("99999999999999999999G", "larger"),
    ])
    func `a rate that cannot be read is refused with the nearest right spelling`(text: String, hint: String) {
        let error = #expect(throws: QuantityError.self) { try BitRate(parsing: text) }
        #expect(error?.text == text)
        #expect(error?.hint.contains(hint) == true, "\(error?.description ?? "-")")
    }

    @Test func `what is written is read back as the same rate`() throws {
        var random = Seeded(state: 7)
        for _ in 0..<2_000 {
            let scale = Int64(1) << Int64.random(in: 0...49, using: &random)
            let rate = BitRate(bitsPerSecond: Int64.random(in: 0...scale, using: &random))
            if rate.bitsPerSecond % 1_000 == 0 && rate != .zero {
                #expect(try BitRate(parsing: rate.description) == rate)
            } else {
                // Below a thousand's multiple there is no suffix, and a bare number is refused where a person writes it.
                #expect(rate.description == "\(rate.bitsPerSecond)")
            }
        }
    }

    @Test func `sums are held at the maximum, differences at zero, and scaling rounds down in wide arithmetic`() {
        #expect(BitRate(bitsPerSecond: .max) + .megabits(1) == .maximum)
        #expect(BitRate.megabits(3) + .megabits(4) == .megabits(7))
        #expect(BitRate.megabits(3).minus(.megabits(4)) == .zero)
        #expect(BitRate(bitsPerSecond: 999).scaled(thousandths: 999).bitsPerSecond == 998)
        #expect(BitRate.maximum.scaled(thousandths: 500).bitsPerSecond == 500_000_000_000_000)
        #expect(BitRate.maximum.scaled(thousandths: 2_000) == .maximum)
    }

    @Test(arguments: [
        (94_200_000, "94.2 Mbit/s"), (0, "0.00 bit/s"), (7, "7.00 bit/s"), (1_000, "1.00 kbit/s"), (1_234_567_890, "1.23 Gbit/s"),
        (200_000_000, "200 Mbit/s"),
    ] as [(Int64, String)])
    func `people read three digits and a unit`(bitsPerSecond: Int64, text: String) {
        #expect(BitRate(bitsPerSecond: bitsPerSecond).readable == text)
    }

    @Test func `a negative rate stops the process`() async {
        await #expect(processExitsWith: .failure) { _ = BitRate(bitsPerSecond: -1) }
    }
}

@Suite struct BandwidthAnnotationTests {
    @Test func `Cilium's annotation is a Kubernetes quantity, and what would mean unlimited is never written`() {
        #expect(BandwidthAnnotation.cilium.value(for: .megabits(50)) == "50M")
        #expect(BandwidthAnnotation.cilium.value(for: BitRate(bitsPerSecond: 1_234)) == "1234")
        #expect(BandwidthAnnotation.cilium.value(for: .zero) == nil)
        #expect(BandwidthAnnotation.cilium.value(for: BitRate(bitsPerSecond: 999)) == nil)
    }

    @Test func `every value that is written is read back as its rate`() {
        var random = Seeded(state: 3)
        for _ in 0..<500 {
            let rate = BitRate(bitsPerSecond: Int64.random(in: 1_000...BitRate.maximum.bitsPerSecond, using: &random))
            #expect(BandwidthAnnotation.cilium.value(for: rate).flatMap(BandwidthAnnotation.cilium.rate(of:)) == rate)
        }
    }

    @Test(arguments: ["", "fast", "-5", "10MB", "1e6"])
    func `a malformed value is no rate`(value: String) {
        #expect(BandwidthAnnotation.cilium.rate(of: value) == nil)
    }
}
