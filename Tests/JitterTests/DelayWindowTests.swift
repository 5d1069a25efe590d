import Events
import Jitter
import Quantities
import Testing

// Aim: a window's numbers are those of a slow, sorted reference. Method: seeded spans, nearest-rank quantiles by hand.
@Suite struct DelayWindowTests {
    private func sample(_ records: [ProbeRecord], base: Nanoseconds = .zero, notBefore: MonotonicTime? = nil) -> FlowSample {
        DelayWindow(records: records, notBefore: notBefore).sample(
            above: base, provenBase: base, interarrivalJitter: nil, windowMilliseconds: 1000, ageMilliseconds: 0)
    }

    /// The smallest value that at least `percent` of the sorted values do not exceed.
    private func nearestRank(_ values: [Int64], _ percent: Int) -> Int64 {
        values.sorted()[max(1, (values.count * percent + 99) / 100) - 1]
    }

    @Test(arguments: 0..<40) func `quantiles agree with a sorted list to one part in a thousand`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let spans = (0..<Int.random(in: 40...300, using: &generator)).map { _ in us(Int64.random(in: 10...9_000, using: &generator)) }
        let result = sample(probes(spans), base: us(10))
        #expect(result.quality == .measured)
        for (percent, value) in [(50, result.p50), (95, result.p95), (99, result.p99), (100, result.max)] {
            let exact = nearestRank(spans.map { $0.count / 100 - 100 }, percent)
            let got = Int64(value!.hundredNanoseconds)
            #expect(abs(got - exact) <= max(1, exact / 500), "p\(percent): \(got) for \(exact)")
        }
        #expect(result.max == Delay(rounding: spans.max()! - us(10)))
    }

    @Test func `an empty window is missing and carries no number`() {
        let result = sample([])
        #expect(result.quality == .missing)
        #expect(result.p95 == nil && result.p50 == nil && result.max == nil && result.roundTripP50 == nil)
        #expect(result.lossPartsPerMillion == nil)
    }

    @Test func `lost probes are counted and never measured`() {
        let result = sample(probes(Array(repeating: us(100), count: 30) + Array(repeating: nil, count: 20)))
        #expect(result.quality == .partial)
        #expect(result.count == 30 && result.lost == 20)
        #expect(result.lossPartsPerMillion == 400_000)
    }

    @Test func `a negative or absurd round trip counts as lost`() {
        let result = sample(probes([Nanoseconds(-1), .seconds(61)] + Array(repeating: us(50), count: 45)))
        #expect(result.count == 45 && result.lost == 2)
        #expect(result.max == .microseconds(50))
    }

    @Test func `forty answers are measured and thirty-nine are partial`() {
        #expect(sample(probes(Array(repeating: us(9), count: 40))).quality == .measured)
        #expect(sample(probes(Array(repeating: us(9), count: 39))).quality == .partial)
    }

    @Test func `window variation hides a standing queue that the base shows`() {
        let queued = probes((0..<50).map { us(2_000 + Int64($0 % 5) * 100) })
        let result = sample(queued, base: us(10))
        #expect(result.windowVariationP95! <= .microseconds(400))
        #expect(result.p95! >= .microseconds(2_300))
    }

    @Test func `inter-packet variation skips the pairs around a loss`() {
        // 10 → lost → 5000 would be a jump of 4990 µs; both its pairs have a lost member.
        let result = sample(probes([us(10), us(10), nil, us(5_000), us(5_000)]))
        #expect(result.interPacketVariationP95 == .zero)
        let jump = sample(probes([us(10), us(10), us(5_000), us(5_000)]))
        #expect(jump.interPacketVariationP95! >= .microseconds(4_980))
    }

    @Test func `what was sent before the change settled does not count`() {
        let records = probes(Array(repeating: us(5_000), count: 20)) + probes(from: at(400), firstSequence: 20, Array(repeating: us(20), count: 30))
        let window = DelayWindow(records: records, notBefore: at(400))
        #expect(window.isFresh && window.count == 30)
        #expect(sample(records, notBefore: at(400)).max == .microseconds(20))
    }

    @Test func `a window with too few fresh answers is told whole and is not fresh`() {
        let records = probes(Array(repeating: us(5_000), count: 45)) + probes(from: at(900), firstSequence: 45, Array(repeating: us(20), count: 5))
        let window = DelayWindow(records: records, notBefore: at(900))
        #expect(!window.isFresh && window.count == 50)
        #expect(window.earliestSent == at(0))
    }

    @Test func `records may come in any order`() {
        var generator = SeededGenerator(seed: 5)
        let ordered = probes((0..<60).map { us(Int64($0 * 37 % 900)) })
        #expect(sample(ordered.shuffled(using: &generator)) == sample(ordered))
    }
}
