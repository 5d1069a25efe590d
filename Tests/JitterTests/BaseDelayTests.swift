import Jitter
import Quantities
import Testing

// Aim: a base is never false. Method: windows shaped like the measured bottleneck, before and beyond its cliff.
@Suite struct BaseDelayTests {
    private let target = Delay.microseconds(1_000)

    /// Below the cliff: half within 20 µs, 95 % within 0.4 ms.
    private func calm(base: Int64 = 8, lost: Int = 0) -> DelayWindow {
        DelayWindow(records: probes((0..<50).map { us(base + ($0 % 12 == 0 ? 380 : Int64($0 % 20))) } + Array(repeating: nil, count: lost)))
    }
    /// Overloaded: minimum 1.9 ms, median 2.9, p95 4.8.
    private func standing(minimum: Int64 = 1_900) -> DelayWindow {
        DelayWindow(records: probes((0..<50).map { us(minimum + Int64($0) * 60) }))
    }

    @Test func `it falls at once`() {
        var base = BaseDelay(lowest: us(500), isProven: true)
        #expect(base.fold(calm(base: 100), target: target, limitLowered: false) == .lowerSeen(from: us(500)))
        #expect(base.lowest == us(100))
    }

    @Test func `a small fall is taken and makes no event`() {
        var base = BaseDelay(lowest: us(20), isProven: true)
        #expect(base.fold(calm(base: 15), target: target, limitLowered: false) == nil)
        #expect(base.lowest == us(15))
    }

    @Test func `three calm windows prove it and say so once`() {
        var base = BaseDelay()
        let changes = (0..<6).map { _ in base.fold(calm(), target: target, limitLowered: false) }
        #expect(changes == [nil, nil, .proven, nil, nil, nil])
        #expect(base.isProven && base.lowest == us(8))
    }

    @Test(arguments: [1_900, 1_976]) func `congestion at the start never proves a base, however long`(minimum: Int64) {
        var base = BaseDelay()
        for _ in 0..<3_600 { #expect(base.fold(standing(minimum: minimum), target: target, limitLowered: false) == nil) }
        #expect(!base.isProven)
        for _ in 0..<3 { _ = base.fold(calm(), target: target, limitLowered: true) }
        #expect(base.isProven && base.lowest == us(8))
    }

    @Test func `an evenly full queue loses packets and proves nothing`() {
        var base = BaseDelay()
        for _ in 0..<100 { _ = base.fold(calm(base: 16_000, lost: 30), target: target, limitLowered: false) }
        #expect(!base.isProven)
    }

    @Test func `few answers prove nothing`() {
        var base = BaseDelay()
        for _ in 0..<100 { _ = base.fold(DelayWindow(records: probes(Array(repeating: us(8), count: 39))), target: target, limitLowered: false) }
        #expect(!base.isProven)
    }

    @Test func `a standing queue never raises it, though limits are lowered`() {
        var base = BaseDelay(lowest: us(8), isProven: true)
        for tick in 0..<1_000 { #expect(base.fold(standing(), target: target, limitLowered: tick % 3 == 0) == nil) }
        #expect(base.lowest == us(8))
    }

    @Test func `age under load never raises it, though the spread is small`() {
        var base = BaseDelay(lowest: us(8), isProven: true)
        for _ in 0..<2_000 { _ = base.fold(calm(base: 1_900), target: target, limitLowered: false) }
        #expect(base.lowest == us(8))
    }

    @Test func `a queue that a lowered limit drains does not raise it`() {
        var base = BaseDelay(lowest: us(8), isProven: true)
        _ = base.fold(standing(), target: target, limitLowered: false)
        #expect(base.fold(calm(base: 400), target: target, limitLowered: true) == nil)
        #expect(base.lowest == us(8))
    }

    @Test func `a longer route is found by one lowered limit`() {
        var base = BaseDelay(lowest: us(8), isProven: true)
        #expect(base.fold(calm(base: 1_508), target: target, limitLowered: false) == nil)
        #expect(base.fold(calm(base: 1_508), target: target, limitLowered: true) == .routeChanged(from: us(8)))
        #expect(base.lowest == us(1_508) && base.isProven)
    }

    @Test func `a longer route is found where the first window after the lowering was too thin`() {
        var base = BaseDelay(lowest: us(8), isProven: true)
        _ = base.fold(calm(base: 1_508), target: target, limitLowered: false)
        #expect(base.fold(DelayWindow(records: probes(Array(repeating: us(1_510), count: 20))), target: target, limitLowered: true) == nil)
        #expect(base.fold(calm(base: 1_508), target: target, limitLowered: false) == .routeChanged(from: us(8)))
    }

    @Test func `a route that changes within a window is seen by the window's second half`() {
        var base = BaseDelay(lowest: us(8), isProven: true)
        let mixed = DelayWindow(records: probes(Array(repeating: us(8), count: 20) + Array(repeating: us(1_510), count: 30)))
        #expect(base.fold(mixed, target: target, limitLowered: false) == nil)
        #expect(base.fold(calm(base: 1_508), target: target, limitLowered: true) == .routeChanged(from: us(8)))
    }

    @Test func `its bytes survive, and others are a base not seen yet`() {
        for base in [BaseDelay(), BaseDelay(lowest: us(7)), BaseDelay(lowest: .seconds(2), isProven: true)] {
            #expect(BaseDelay(bytes: base.bytes) == base)
        }
        let good = BaseDelay(lowest: us(7), isProven: true).bytes
        let bad: [[UInt8]] = [
            [], [2] + good.dropFirst(), good.dropLast(), good + [0], [1, 2] + good.dropFirst(2), [1, 1] + Array(repeating: 255, count: 8),
        ]
        for bytes in bad {
            #expect(BaseDelay(bytes: bytes) == BaseDelay())
        }
    }
}
