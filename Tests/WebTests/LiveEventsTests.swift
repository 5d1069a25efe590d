import Events
import Quantities
import ReadModel
import SampleFleet
import Synchronization
import Testing

@testable import Web

/// Aim: an open page hears that the log moved, a slow one never holds the server up. Method: the poll is called by hand.
@Suite struct LiveEventsTests {
    /// Heads that a test moves.
    final class MovingHeads: FleetReadModel {
        let positions = Mutex<[StreamName: Int64]>(["plant-a/1": 1])
        let isAway = Mutex(false)
        let asked = Mutex(0)

        func move(_ stream: StreamName, to sequence: Int64) { positions.withLock { $0[stream] = sequence } }
        func heads() async throws -> [StreamHeadPosition] {
            asked.withLock { $0 += 1 }
            if isAway.withLock({ $0 }) { throw UnreadableFleet.Away() }
            return positions.withLock { $0.map { StreamHeadPosition(stream: $0.key, sequence: $0.value) } }.sorted { $0.stream < $1.stream }
        }
        func clusters() async throws -> [ClusterOverview] { [] }
        func timeline(of cluster: ClusterID, from: WallTime, to: WallTime, points: Int) async throws -> ClusterTimeline? { nil }
        func alerts() async throws -> [AlertOverview] { [] }
        func decision(at position: LogPosition) async throws -> DecisionRecord? { nil }
        func newestAllocation() async throws -> AllocationOverview? { nil }
        func logPage(stream: StreamName?, before: LogCursor?, limit: Int) async throws -> LogPage { LogPage(records: [], next: nil) }
    }

    /// What waits for the listener, once it left.
    private func drain(_ live: LiveEvents, _ listener: LiveEvents.Listener) async -> [LiveEvents.Message] {
        live.leave(listener)
        var messages: [LiveEvents.Message] = []
        for await message in listener.messages { messages.append(message) }
        return messages
    }

    @Test func `a listener hears of each stream that moved, with its position as id`() async throws {
        let heads = MovingHeads()
        let live = LiveEvents(readModel: heads)
        let listener = try #require(live.listen(after: nil))
        await live.poll()
        await live.poll()
        heads.move("plant-a/1", to: 2)
        heads.move("plant-b/1", to: 9)
        await live.poll()
        let messages = await drain(live, listener)
        #expect(messages.map(\.text) == [
            "id: plant-a/1/1\nevent: advance\ndata: [{\"stream\":\"plant-a/1\",\"sequence\":1}]\n\n",
            "id: plant-b/1/9\nevent: advance\n"
                + "data: [{\"stream\":\"plant-a/1\",\"sequence\":2},{\"stream\":\"plant-b/1\",\"sequence\":9}]\n\n",
        ])
    }

    @Test func `a reconnect with the newest position is told nothing that it knows`() async throws {
        let heads = MovingHeads()
        let live = LiveEvents(readModel: heads)
        let knowing = try #require(live.listen(after: LogPosition(stream: "plant-a/1", sequence: 1)))
        await live.poll()
        #expect(await drain(live, knowing) == [])
        let behind = try #require(live.listen(after: LogPosition(stream: "plant-a/1", sequence: 0)))
        await live.poll()
        #expect(await drain(live, behind) == [.advance([StreamHeadPosition(stream: "plant-a/1", sequence: 1)])])
    }

    @Test func `a head that moved back is news as well`() async throws {
        let heads = MovingHeads()
        let live = LiveEvents(readModel: heads)
        let listener = try #require(live.listen(after: LogPosition(stream: "plant-a/1", sequence: 1)))
        heads.move("plant-a/1", to: 0)
        await live.poll()
        #expect(await drain(live, listener) == [.advance([StreamHeadPosition(stream: "plant-a/1", sequence: 0)])])
    }

    @Test func `nobody asks the log while nobody listens`() async throws {
        let heads = MovingHeads()
        let live = LiveEvents(readModel: heads)
        await live.poll()
        #expect(heads.asked.withLock { $0 } == 0)
        let listener = try #require(live.listen(after: nil))
        await live.poll()
        live.leave(listener)
        await live.poll()
        #expect(heads.asked.withLock { $0 } == 1)
    }

    @Test func `a log that is away is told once, and its return is told by the next move`() async throws {
        let heads = MovingHeads()
        let live = LiveEvents(readModel: heads)
        let listener = try #require(live.listen(after: LogPosition(stream: "plant-a/1", sequence: 1)))
        heads.isAway.withLock { $0 = true }
        await live.poll()
        await live.poll()
        heads.isAway.withLock { $0 = false }
        heads.move("plant-a/1", to: 2)
        await live.poll()
        #expect(await drain(live, listener) == [.away, .advance([StreamHeadPosition(stream: "plant-a/1", sequence: 2)])])
    }

    @Test func `a slow listener is cut off at its bound and told to start over, others go on`() async throws {
        let heads = MovingHeads()
        let live = LiveEvents(readModel: heads)
        let slow = try #require(live.listen(after: LogPosition(stream: "plant-a/1", sequence: 1)))
        for sequence in Int64(2)...Int64(LiveEvents.maximumWaiting + 10) {
            heads.move("plant-a/1", to: sequence)
            await live.poll()
        }
        var count = 0
        for await _ in slow.messages { count += 1 }
        #expect(count == LiveEvents.maximumWaiting)
        #expect(live.leave(slow))
        #expect(!live.leave(slow))
        #expect(live.listenerCount == 0)
    }

    @Test func `a thousand streams that move at once are one event`() async throws {
        let heads = MovingHeads()
        let live = LiveEvents(readModel: heads)
        let listener = try #require(live.listen(after: nil))
        for number in 0..<1_000 { heads.move(StreamName("plant-\(number)/1"), to: 7) }
        await live.poll()
        let messages = await drain(live, listener)
        #expect(messages.count == 1)
        guard case .advance(let moved) = messages.first else { Issue.record("no advance"); return }
        #expect(moved.count == 1_001)
    }

    @Test func `at most so many may listen`() async throws {
        let live = LiveEvents(readModel: MovingHeads())
        let listeners = (0..<LiveEvents.maximumListeners).compactMap { _ in live.listen(after: nil) }
        #expect(listeners.count == LiveEvents.maximumListeners)
        #expect(live.listen(after: nil) == nil)
        live.leave(listeners[0])
        #expect(live.listen(after: nil) != nil)
    }

    @Test func `quiet times are filled with a comment that finds dead peers`() async throws {
        let live = LiveEvents(readModel: MovingHeads())
        let listener = try #require(live.listen(after: LogPosition(stream: "plant-a/1", sequence: 1)))
        for _ in 0..<LiveEvents.pollsPerHeartbeat { await live.poll() }
        #expect(await drain(live, listener).map(\.text) == [": still here\n\n"])
    }
}
