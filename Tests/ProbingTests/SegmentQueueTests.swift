// Aim: a simulated segment is a queue: it delays, keeps order, loses, and is bounded.
import Quantities
import Testing

@testable import Probing

private func at(_ nanoseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: nanoseconds) }

@Suite struct SegmentQueueTests {
    @Test func `without a segment a packet is released as it comes`() {
        var queue = SegmentQueue<Int>(segment: nil)
        let inserted = queue.insert(1, arrivedAt: at(5))
        #expect(inserted)
        let held = queue.release(at: at(5))
        #expect(held?.packet == 1 && held?.delay == .zero)
        #expect(queue.nextRelease == nil)
    }

    @Test func `packets are held for their delay and do not overtake each other`() {
        let segment = SimulatedSegment { arrival in .delayed(arrival == at(10) ? Nanoseconds(5) : Nanoseconds(100)) }
        var queue = SegmentQueue<String>(segment: segment)
        _ = queue.insert("slow", arrivedAt: at(0))
        _ = queue.insert("fast", arrivedAt: at(10))
        #expect(queue.nextRelease == at(100))
        #expect(queue.release(at: at(99)) == nil)
        #expect(queue.release(at: at(100))?.packet == "slow")
        let fast = queue.release(at: at(100))
        #expect(fast?.packet == "fast" && fast?.delay == Nanoseconds(90))
    }

    @Test func `a lost packet never arrives and a full queue drops what comes`() {
        var silent = SegmentQueue<Int>(segment: SimulatedSegment { _ in .lost })
        let inserted = silent.insert(1, arrivedAt: at(0))
        #expect(!inserted)
        var full = SegmentQueue<Int>(segment: SimulatedSegment { _ in .delayed(.seconds(1)) })
        let outcomes = (0..<SegmentQueue<Int>.bound + 3).map { full.insert($0, arrivedAt: at(0)) }
        #expect(outcomes.filter { !$0 }.count == 3)
    }

    @Test func `order and number survive any pattern of arrivals and releases`() {
        var random = SeededGenerator(seed: 11)
        let delays = (0..<20_000).map { _ in Int64.random(in: 0...900, using: &random) }
        let segment = SimulatedSegment { arrival in .delayed(Nanoseconds(delays[Int(arrival.nanoseconds / 10)])) }
        var queue = SegmentQueue<Int>(segment: segment)
        var released: [Int] = []
        for number in 0..<20_000 {
            let inserted = queue.insert(number, arrivedAt: at(Int64(number) * 10))
            #expect(inserted)
            while let held = queue.release(at: at(Int64(number) * 10)) { released.append(held.packet) }
        }
        while let held = queue.release(at: at(.max)) { released.append(held.packet) }
        #expect(released == Array(0..<20_000))
    }
}

extension SegmentQueue.Held: Equatable where Packet: Equatable {
    static func == (left: Self, right: Self) -> Bool { left.packet == right.packet && left.releaseAt == right.releaseAt }
}
