@testable import Events
import Quantities
import Testing

struct EntryListTests {
    @Test(arguments: seeds(20)) func `a list in pieces is the plain list, whatever is put at its end or taken from it`(seed: UInt64) {
        var random = SplitMix(seed: seed)
        func entry() -> LogEntry? {
            let bytes = (0..<Int(random.next() % 5)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            return switch random.next() % 4 {
            case 0: nil
            case 1: .event(recordBytes: bytes)
            default: .tick(recordBytes: bytes)
            }
        }
        var (list, plain): (EntryList, [LogEntry?]) = (EntryList(), [])
        for _ in 0..<8 {
            for _ in 0..<random.next() % 600 {
                let entry = entry()
                list.append(entry)
                plain.append(entry)
            }
            let kept = random.next() % 3 == 0 ? plain.count : Int(random.next() % UInt64(plain.count + 1))
            let copy = list
            list.keep(first: kept)
            #expect((0..<copy.count).map { copy[$0] } == plain, "who holds a copy keeps all of it")
            plain.removeSubrange(kept...)
            #expect(list.count == plain.count && (0..<list.count).map { list[$0] } == plain)
        }
        let first = Int(random.next() % UInt64(plain.count + 1))
        list.forget(before: first)
        #expect(list.count == plain.count && (first..<list.count).map { list[$0] } == plain[first...].map { $0 })
        list.append(nil)
        #expect(list.count == plain.count + 1)
    }
}
