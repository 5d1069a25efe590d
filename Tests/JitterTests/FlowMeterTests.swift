import Events
import Jitter
import Quantities
import Testing

// Aim: what a law steers by is honest about its quality, age and base. Method: hand-made windows.
@Suite struct FlowMeterTests {
    private func meter(_ base: BaseDelay = BaseDelay()) -> FlowMeter { FlowMeter(flow: "robot", target: .microseconds(1_000), base: base) }

    @Test func `without a proven base the delay stands above the lowest seen and no base is named`() {
        var meter = meter()
        let reading = meter.sample(records: probes((0..<50).map { us(1_900 + $0 * 60) }), windowStart: at(0), now: at(1_000))
        #expect(reading.sample.base == nil && !reading.baseIsProven)
        #expect(reading.sample.p95! > .microseconds(2_700))
    }

    @Test func `a proven base is named and stays through a standing queue`() {
        var meter = meter(BaseDelay(lowest: us(8), isProven: true))
        let reading = meter.sample(records: probes((0..<50).map { us(1_908 + $0 * 60) }), windowStart: at(0), now: at(1_000))
        #expect(reading.sample.base == Delay(hundredNanoseconds: 80))
        #expect(reading.sample.p50! > .microseconds(3_300))
    }

    @Test func `the age of the newest answer grows while nothing is answered`() {
        var meter = meter()
        _ = meter.sample(records: probes(Array(repeating: us(100), count: 50)), windowStart: at(0), now: at(1_000))
        let silent = meter.sample(records: [], windowStart: at(1_000), now: at(6_000))
        #expect(silent.sample.quality == .missing)
        #expect(silent.sample.ageMilliseconds == 5_019)
        #expect(silent.sample.p95 == nil)
    }

    @Test func `smoothed jitter follows RFC 3550 over windows, late and lost probes aside`() {
        var meter = meter()
        let spans = (0..<100).map { us(100 + Int64($0 * 7919 % 400)) }
        var expected = 0.0
        for (former, latter) in zip(spans, spans.dropFirst()) { expected += (Double(abs(latter.count - former.count)) - expected) / 16 }
        _ = meter.sample(records: probes(Array(spans[..<50])), windowStart: at(0), now: at(1_000))
        let reading = meter.sample(
            records: probes(from: at(1_000), firstSequence: 50, Array(spans[50...])) + probes(from: at(10), [us(50_000)]), windowStart: at(1_000), now: at(2_000))
        let got = Double(reading.sample.interarrivalJitter!.hundredNanoseconds) * 100
        #expect(abs(got - expected) < 200)
    }

    @Test func `freshness is told by the earliest probe that counted`() {
        var meter = meter()
        let records = probes(Array(repeating: us(5_000), count: 20)) + probes(from: at(400), firstSequence: 20, Array(repeating: us(20), count: 30))
        let reading = meter.sample(records: records, windowStart: at(0), now: at(1_000), notBefore: at(400))
        #expect(reading.isFresh(since: at(400), windowStart: at(0)))
        #expect(!reading.isFresh(since: at(401), windowStart: at(0)))
        #expect(reading.isFresh(since: nil, windowStart: at(0)))
    }

    @Test func `a proof is an event that names the flow`() {
        var meter = meter()
        var changes: [BaseChange] = []
        for window in 0..<5 {
            let start = at(Int64(window) * 1_000)
            let reading = meter.sample(records: probes(from: start, Array(repeating: us(30), count: 50)), windowStart: start, now: start + .seconds(1))
            if let change = reading.change { changes.append(change) }
        }
        #expect(changes == [BaseChange(flow: "robot", from: nil, to: .microseconds(30), cause: "proven")])
    }

    @Test func `an external reading is believed by its age`() {
        let meter = meter()
        func quality(_ answer: ExternalAnswer) -> SampleQuality { meter.sample(external: answer, windowStart: at(0), now: at(5_000)).sample.quality }
        #expect(quality(.reading(ExternalReading(p95: us(900), age: .seconds(1)))) == .measured)
        #expect(quality(.reading(ExternalReading(p95: us(900), count: 39, age: .seconds(1)))) == .partial)
        #expect(quality(.reading(ExternalReading(p95: us(900), age: .seconds(6)))) == .stale)
        #expect(quality(.reading(ExternalReading(p95: us(900), age: nil))) == .stale)
        #expect(quality(.reading(ExternalReading(p95: Nanoseconds(-1), age: .zero))) == .probeError)
        #expect(quality(.reading(ExternalReading(p95: us(900), count: 0, age: .zero))) == .missing)
        #expect(quality(.absent) == .missing)
        #expect(quality(.failed) == .probeError)
    }

    @Test func `a range longer than the window is fresh only once the whole range is`() {
        let reading = meter().sample(
            external: .reading(ExternalReading(p95: us(900), count: 50, age: .zero, since: at(3_000))), windowStart: at(4_000), now: at(5_000))
        #expect(reading.isFresh(since: at(3_000), windowStart: at(4_000)))
        #expect(!reading.isFresh(since: at(3_001), windowStart: at(4_000)))
    }

    @Test func `only believable external readings carry a number`() {
        let meter = meter()
        let answers: [ExternalAnswer] = [
            .absent, .failed, .reading(ExternalReading(p95: us(900), age: .seconds(6))), .reading(ExternalReading(p95: .seconds(100), age: .zero)),
        ]
        for answer in answers { #expect(meter.sample(external: answer, windowStart: at(0), now: at(5_000)).sample.p95 == nil) }
    }

    @Test func `a metric that is no delay is no span`() {
        for bad in [Double.nan, .infinity, -.infinity, -0.001, 60.1] { #expect(ExternalReading.span(seconds: bad) == nil) }
        #expect(ExternalReading.span(seconds: 0.0015) == us(1_500))
    }

    @Test func `a stand-in says that it is synthetic`() {
        let reading = meter().synthetic(.microseconds(500), windowStart: at(0), now: at(5_000))
        #expect(reading.sample.quality == .synthetic && reading.sample.p95 == .microseconds(500) && reading.sample.count == 0)
    }
}
