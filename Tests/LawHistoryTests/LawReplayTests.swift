import ControlLaw
import Events
import LawHistory
import Quantities
import Testing

// Aim: a history that was written by the laws reproduces itself, and one that was not is found at its place. Method: histories of made
// delays, whole and edited.
@Suite struct LawReplayTests {
    private func history() throws -> History {
        var history = History([try Law(name: "plateau@1"), try Law(name: "fixed-step@1")])
        for step in 0..<60 { history.tick(step % 17 == 9 ? 2_500 : step % 23 == 0 ? nil : 300) }
        history.routeChanged()
        for _ in 0..<40 { history.tick(300) }
        return history
    }
    private func replay(_ history: History) -> LawReplay {
        var replay = LawReplay()
        for record in history.records { replay.fold(record) }
        return replay
    }

    @Test func `what the laws wrote comes out equal, live and shadow, across a changed route`() throws {
        let replay = replay(try history())
        #expect(replay.rows == 200 && replay.successions == 198)
        #expect(replay.actions[.decrease]! > 0 && replay.actions[.increase]! > 0)
        #expect(replay.findingCount == 0, "\(replay.findings)")
    }

    @Test func `an answer that is not the law's is found at its row`() throws {
        var history = try history()
        history.edit(41) { $0.decision?.outcome.desired = .megabits(999) }
        let replay = replay(history)
        #expect(replay.findings.map(\.kind) == [.otherOutcome])
        #expect(replay.findings.first?.position.description == "plant-a/s/42")
        #expect(replay.findings.first?.detail.contains("999") == true)
    }

    @Test func `a state that nobody left behind is found at its row, and so is the next one, which does not follow it`() throws {
        var history = try history()
        let law = try Law(name: "plateau@1")
        history.edit(61) { tick in
            guard let input = tick.decision?.input else { return }
            tick.decision?.stateBefore = law.initialState
            tick.decision?.outcome = law.step(state: law.initialState, input: input).outcome
        }
        #expect(replay(history).findings.map(\.kind) == [.brokenSuccession, .brokenSuccession])
    }

    @Test func `a state that changes where no route did is found`() throws {
        var history = try history()
        let place = try #require(history.records.firstIndex { if case .event(let event) = $0.entry { event.kind == "base_changed" } else { false } })
        var without = LawReplay()
        for record in history.records where record.position != history.records[place].position { without.fold(record) }
        #expect(without.findings.map(\.kind) == [.brokenSuccession])
        history.declare()
        #expect(replay(history).findingCount == 0)
    }

    @Test func `a row whose roster is not there is told of, and no more than a hundred findings are kept`() throws {
        var history = History([try Law(name: "plateau@1")])
        for _ in 0..<150 { history.tick(300) }
        var replay = LawReplay()
        for record in history.records.dropFirst() { replay.fold(record) }
        #expect(replay.rows == 0 && replay.findingCount == 150 && replay.findings.count == LawReplay.mostFindings)
        #expect(replay.findings.allSatisfy { $0.kind == .unknownLaw })
    }
}
