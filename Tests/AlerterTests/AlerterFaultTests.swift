import Alerter
import Alerting
import Events
import Fleet
import Quantities
import Testing

/// Aim: whatever dies, stops or is away, nobody is left believing what is over, and no news come twice under two names.
/// Method: stories drawn from a seed; at the end all heals and grows calm. The checkers know nothing of the processes.
/// A failing story prints itself; it can be replayed as it stands.
@Suite struct AlerterFaultTests {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `each beginning and each end is heard in order, and at last all is told as over`(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var story = AlerterStory()
        // Nothing is given up here: what died unheard would be no news of its own.
        story.schedule.maximumAttempts = 1_000
        let script = Self.script(&random)
        _ = story.play(script)

        // Under each id the first hearing is the news; what comes again is dropped by it, as a receiver does.
        var known: Set<String> = []
        var state: [String: ToldAlert] = [:]
        for id in story.heard where known.insert(id).inserted {
            guard let row = story.outbox.first(where: { $0.notification.id == id }) else {
                Issue.record("\(id) was heard and never stored\n\(script)")
                continue
            }
            var isNews = false
            for told in row.notification.told {
                let before = state[told.fingerprint]
                if told != before { isNews = true }
                if !told.isFiring { #expect(before?.isFiring == true, "an end before its beginning\n\(story.lines.joined(separator: "\n"))") }
                state[told.fingerprint] = told
            }
            #expect(isNews, "the same news under two names\n\(story.lines.joined(separator: "\n"))")
        }
        #expect(state.values.allSatisfy { !$0.isFiring }, "somebody still believes in an alert\n\(story.lines.joined(separator: "\n"))")
        #expect(story.outbox.allSatisfy { $0.state == "delivered" }, "\(script)")
        // Every alert that fired for the log was told to the receiver.
        let fired = Set(story.changes.filter { $0.state == .firing }.map(\.fingerprint))
        #expect(fired.subtracting(state.keys) == [], "\(story.lines.joined(separator: "\n"))")
    }

    private static func script(_ random: inout SplitMix) -> String {
        var lines = ["start a", "start b"]
        for _ in 0..<40 {
            let name = Bool.random(using: &random) ? "a" : "b"
            let stage = ["before-store", "before-delivery", "before-settlement"].randomElement(using: &random)!
            switch Int.random(in: 0..<12, using: &random) {
            case 0: lines += ["kill \(name)", "start \(name)"]
            case 1: lines += ["kill \(name) at \(stage)", "pass 14", "start \(name)"]
            case 2: lines += ["freeze \(name) at \(stage)", "pass 15", "thaw \(name)"]
            case 3: lines += ["receiver fails \(Int.random(in: 1...3, using: &random))"]
            case 4: lines += ["log down", "pass \(Int.random(in: 1...20, using: &random))", "log up"]
            case 5: lines += ["shipper stops", "pass \(Int.random(in: 5...20, using: &random))", "shipper starts"]
            case 6, 7, 8: lines += ["pass \(Int.random(in: 3...15, using: &random)) quality=missing"]
            default: lines += ["pass \(Int.random(in: 1...20, using: &random)) quality=measured"]
            }
        }
        lines += ["thaw a", "thaw b", "start a", "start b", "receiver answers", "receiver fails 0", "log up", "shipper starts"]
        lines += ["pass 200 quality=measured"]
        return lines.map { "> \($0)" }.joined(separator: "\n")
    }
}
