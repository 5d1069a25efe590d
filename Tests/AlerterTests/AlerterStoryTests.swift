import Alerter
import Alerting
import Events
import Fleet
import Quantities
import Testing

/// Aim: what people hear survives crashes, takeovers and zombies. Method: stories in text; each must print itself, word for word.
@Suite struct AlerterStoryTests {
    @discardableResult
    private func check(_ text: String, _ change: (inout FleetConfiguration) -> Void = { _ in }) -> AlerterStory {
        var story = AlerterStory(change)
        let printed = story.play(text)
        #expect(printed == text)
        return story
    }

    @Test func `a missing measurement is pending, fires, is told, ends, and its end is told`() {
        check("""
            > start a
            > pass 10
            00:01 a leads, term 1
            > pass 10 quality=missing
            00:11 on the log: MeasurementMissing robot-control pending
            00:16 on the log: MeasurementMissing robot-control firing
            00:18 a stores 1 firing, 0 resolved
            00:18 on-call hears a, attempt 1: 1 firing, 0 resolved
            > pass 20 quality=measured
            00:23 on the log: MeasurementMissing robot-control resolved
            00:28 a stores 0 firing, 1 resolved
            00:28 on-call hears a, attempt 1: 0 firing, 1 resolved
            """)
    }

    @Test func `the leader says that it lives, unless it sees nothing; and a new leader looks for old messages`() {
        let story = check("""
            > start a
            > start b
            > pass 12
            00:01 a leads, term 1
            00:02 a beats, 0 firing
            00:12 a beats, 0 firing
            > log down
            > pass 14
            00:16 a does not lead any more
            > log up
            > pass 8
            00:27 a leads, term 2
            00:28 a beats, 0 firing
            > kill a
            > pass 8
            00:39 b leads, term 3
            00:40 b beats, 0 firing
            """) { $0.alerts.heartbeat = HeartbeatSpecification(url: "http://switch", every: .seconds(10)) }
        // Once an hour for each of the two.
        #expect(story.prunes == [1, 3])
    }

    @Test func `the second alerter reads along and is silent, and goes on when the first dies, telling nobody twice`() {
        check("""
            > start a
            > start b
            > pass 10
            00:01 a leads, term 1
            > pass 3 quality=missing
            00:11 on the log: MeasurementMissing robot-control pending
            > kill a
            > pass 20
            00:18 b leads, term 2
            00:19 on the log: MeasurementMissing robot-control firing
            00:21 b stores 1 firing, 0 resolved
            00:21 on-call hears b, attempt 1: 1 firing, 0 resolved
            > kill b
            > start c
            > pass 20
            00:38 c leads, term 3
            > pass 20 quality=measured
            00:56 on the log: MeasurementMissing robot-control resolved
            00:56 c stores 0 firing, 1 resolved
            00:56 on-call hears c, attempt 1: 0 firing, 1 resolved
            """)
    }

    @Test func `a leader that dies between the log and the outbox is followed by one that tells`() {
        check("""
            > start a
            > start b
            > kill a at before-store
            > pass 12 quality=missing
            00:01 a leads, term 1
            00:02 on the log: MeasurementMissing robot-control pending
            00:06 on the log: MeasurementMissing robot-control firing
            00:08 a dies before-store
            > pass 20
            00:13 b leads, term 2
            00:15 b stores 1 firing, 0 resolved
            00:15 on-call hears b, attempt 1: 1 firing, 0 resolved
            """)
    }

    @Test func `what was stored and not sent is sent by the successor, under its id`() {
        let story = check("""
            > start a
            > start b
            > kill a at before-delivery
            > pass 12 quality=missing
            00:01 a leads, term 1
            00:02 on the log: MeasurementMissing robot-control pending
            00:06 on the log: MeasurementMissing robot-control firing
            00:08 a stores 1 firing, 0 resolved
            00:08 a dies before-delivery
            > pass 20
            00:13 b leads, term 2
            00:14 on-call hears b, attempt 1: 1 firing, 0 resolved
            """)
        #expect(story.heard.count == 1)
    }

    @Test func `what was sent and not settled is sent once more, under the same id`() {
        let story = check("""
            > start a
            > start b
            > kill a at before-settlement
            > pass 12 quality=missing
            00:01 a leads, term 1
            00:02 on the log: MeasurementMissing robot-control pending
            00:06 on the log: MeasurementMissing robot-control firing
            00:08 a stores 1 firing, 0 resolved
            00:08 on-call hears a, attempt 1: 1 firing, 0 resolved
            00:08 a dies before-settlement
            > pass 20
            00:13 b leads, term 2
            00:14 on-call hears b, again, attempt 1: 1 firing, 0 resolved
            """)
        #expect(story.heard.count == 2 && Set(story.heard).count == 1)
    }

    @Test func `a leader that stopped before it stored finds the outbox closed`() {
        let story = check("""
            > start a
            > start b
            > freeze a at before-store
            > pass 12 quality=missing
            00:01 a leads, term 1
            00:02 on the log: MeasurementMissing robot-control pending
            00:06 on the log: MeasurementMissing robot-control firing
            00:08 a stops before-store
            > pass 10
            00:13 b leads, term 2
            00:15 b stores 1 firing, 0 resolved
            00:15 on-call hears b, attempt 1: 1 firing, 0 resolved
            > thaw a
            00:22 a is refused to store 1 firing, 0 resolved
            00:22 a does not lead any more
            > pass 10
            """)
        #expect(story.heard.count == 1)
    }

    @Test func `a leader that stopped before it sent looks at its lease again, and is silent`() {
        let story = check("""
            > start a
            > start b
            > freeze a at before-delivery
            > pass 12 quality=missing
            00:01 a leads, term 1
            00:02 on the log: MeasurementMissing robot-control pending
            00:06 on the log: MeasurementMissing robot-control firing
            00:08 a stores 1 firing, 0 resolved
            00:08 a stops before-delivery
            > pass 10
            00:13 b leads, term 2
            00:14 on-call hears b, attempt 1: 1 firing, 0 resolved
            > thaw a
            00:22 a does not send, attempt 1: 1 firing, 0 resolved
            00:22 a does not lead any more
            > pass 10
            """)
        #expect(story.heard.count == 1)
    }

    @Test func `a receiver that fails is tried again, and an end waits for its beginning`() {
        let story = check("""
            > start a
            > receiver fails 3
            > pass 12 quality=missing
            00:01 a leads, term 1
            00:02 on the log: MeasurementMissing robot-control pending
            00:06 on the log: MeasurementMissing robot-control firing
            00:08 a stores 1 firing, 0 resolved
            00:08 on-call refuses a, attempt 1: 1 firing, 0 resolved
            > pass 30 quality=measured
            00:14 on-call refuses a, attempt 2: 1 firing, 0 resolved
            00:15 on the log: MeasurementMissing robot-control resolved
            00:18 a stores 0 firing, 1 resolved
            00:32 on-call refuses a, attempt 3: 1 firing, 0 resolved
            > pass 20
            00:50 on-call hears a, attempt 4: 1 firing, 0 resolved
            00:50 on-call hears a, attempt 1: 0 firing, 1 resolved
            """)
        #expect(story.attemptsOnTheLog == ["1 retry", "2 retry", "3 retry", "4 delivered", "1 delivered"])
    }

    @Test func `what nobody takes is given up and stays visible, and what follows is told`() {
        let story = check("""
            > start a
            > receiver fails 4
            > pass 12 quality=missing
            00:01 a leads, term 1
            00:02 on the log: MeasurementMissing robot-control pending
            00:06 on the log: MeasurementMissing robot-control firing
            00:08 a stores 1 firing, 0 resolved
            00:08 on-call refuses a, attempt 1: 1 firing, 0 resolved
            > pass 60 quality=measured
            00:14 on-call refuses a, attempt 2: 1 firing, 0 resolved
            00:15 on the log: MeasurementMissing robot-control resolved
            00:18 a stores 0 firing, 1 resolved
            00:32 on-call refuses a, attempt 3: 1 firing, 0 resolved
            00:50 on-call refuses a, attempt 4: 1 firing, 0 resolved
            00:50 on-call hears a, attempt 1: 0 firing, 1 resolved
            """)
        #expect(story.outbox.map(\.state) == ["dead", "delivered"])
        #expect(story.outbox[0].detail == "given up after 4 attempts: the receiver answered 503")
    }

    @Test func `a receiver that does not answer stops nothing else`() {
        check("""
            > start a
            > receiver hangs
            > pass 12 quality=missing
            00:01 a leads, term 1
            00:02 on the log: MeasurementMissing robot-control pending
            00:06 on the log: MeasurementMissing robot-control firing
            00:08 a stores 1 firing, 0 resolved
            00:08 on-call does not answer a, attempt 1: 1 firing, 0 resolved
            > pass 20 quality=measured
            00:15 on the log: MeasurementMissing robot-control resolved
            00:18 a stores 0 firing, 1 resolved
            > receiver answers
            00:32 on-call hears a, attempt 1: 0 firing, 1 resolved
            > pass 5
            """)
    }

    @Test func `a shipper that falls silent is told, and so is its return`() {
        check("""
            > start a
            > pass 10
            00:01 a leads, term 1
            > shipper stops
            > pass 20
            00:14 on the log: ShipperSilent plant-a pending
            00:18 on the log: ShipperSilent plant-a firing
            00:20 a stores 1 firing, 0 resolved
            00:20 on-call hears a, attempt 1: 1 firing, 0 resolved
            > shipper starts
            > pass 20
            00:33 on the log: ShipperSilent plant-a resolved
            00:33 a stores 0 firing, 1 resolved
            00:33 on-call hears a, attempt 1: 0 firing, 1 resolved
            """)
    }

    @Test func `a log that was away makes no shipper silent`() {
        check("""
            > start a
            > start b
            > pass 10
            00:01 a leads, term 1
            > log down
            > pass 60
            00:14 a does not lead any more
            > log up
            > pass 60
            01:11 a leads, term 2
            """)
    }

    @Test func `what a shipper that came back says counts at once`() {
        check("""
            > start a
            > pass 10
            00:01 a leads, term 1
            > log down
            > pass 20 quality=missing
            00:14 a does not lead any more
            > log up
            > pass 20
            00:31 a leads, term 2
            00:32 on the log: MeasurementMissing robot-control pending
            00:36 on the log: MeasurementMissing robot-control firing
            00:38 a stores 1 firing, 0 resolved
            00:38 on-call hears a, attempt 1: 1 firing, 0 resolved
            """)
    }

    @Test func `after the log was away a shipper that does not come back is told`() {
        check("""
            > start a
            > pass 10
            00:01 a leads, term 1
            > log down
            > shipper stops
            > pass 20
            00:14 a does not lead any more
            > log up
            > pass 60
            00:31 a leads, term 2
            00:55 on the log: ShipperSilent plant-a firing
            00:57 a stores 1 firing, 0 resolved
            00:57 on-call hears a, attempt 1: 1 firing, 0 resolved
            """)
    }

    @Test func `an alert that fires while the outbox is away is told once when it is back`() {
        check("""
            > start a
            > pass 10
            00:01 a leads, term 1
            > pass 6 quality=missing
            00:11 on the log: MeasurementMissing robot-control pending
            00:16 on the log: MeasurementMissing robot-control firing
            > log down
            > pass 20
            00:20 a does not lead any more
            > log up
            > pass 60
            00:37 a leads, term 2
            00:39 a stores 1 firing, 0 resolved
            00:39 on-call hears a, attempt 1: 1 firing, 0 resolved
            """)
    }

    @Test func `a single alerter that starts again remembers what it told`() {
        check("""
            > start a
            > pass 12 quality=missing
            00:01 a leads, term 1
            00:02 on the log: MeasurementMissing robot-control pending
            00:06 on the log: MeasurementMissing robot-control firing
            00:08 a stores 1 firing, 0 resolved
            00:08 on-call hears a, attempt 1: 1 firing, 0 resolved
            > kill a
            > pass 30
            > start a
            > pass 30
            00:43 a leads, term 2
            > pass 20 quality=measured
            01:15 on the log: MeasurementMissing robot-control resolved
            01:15 a stores 0 firing, 1 resolved
            01:15 on-call hears a, attempt 1: 0 firing, 1 resolved
            """)
    }

    // What the log says is active when it was put back is looked at anew, though the leader has long seen it end.
    @Test func `an alert that ended after the backup ends again when the database is put back`() {
        var story = AlerterStory()
        let text = story.play(
            """
            > start a
            > pass 60 quality=missing
            > log kept
            > pass 60 quality=measured
            > log restored
            """)
        #expect(story.changes.last?.state == .firing, "\(text)")
        let after = story.play("> pass 60 quality=measured")
        #expect(story.changes.last?.state == .resolved, "\(after)")
        #expect(story.outbox.allSatisfy { $0.state == "delivered" } && story.outbox.last?.notification.told.allSatisfy { !$0.isFiring } == true, "\(after)")
    }

    @Test func `an alert that goes on when the database is put back is not begun twice`() {
        var story = AlerterStory()
        let text = story.play(
            """
            > start a
            > pass 20 quality=measured
            > log kept
            > pass 60 quality=missing
            > log restored
            > pass 60 quality=missing
            """)
        let states = story.changes.filter { $0.rule == "MeasurementMissing" }.map(\.state)
        #expect(states == [.pending, .firing], "\(text)")
    }
}
