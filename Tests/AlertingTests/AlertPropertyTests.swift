import Alerting
import Events
import Fleet
import Quantities
import Testing

/// Aim: what holds in every story. Method: seeded random stories, with a restart drawn at any point.
@Suite struct AlertPropertyTests {
    /// A story of about an hour, with restarts where `restarts` says so.
    private func story(seed: UInt64, restarts: Bool, silences: Bool = true) -> String {
        var random = SplitMix(state: seed)
        var lines: [String] = []
        for _ in 0..<40 {
            let count = Int.random(in: 1...20, using: &random)
            switch Int.random(in: 0...5, using: &random) {
            case 0: if silences { lines.append("> silence \(count)") }
            case 1: lines.append("> tick \(count) quality=\(["missing", "stale", "measured", "probe-error"].randomElement(using: &random)!)")
            case 2: lines.append("> tick \(count) delay=\(["0.4ms", "2.5ms"].randomElement(using: &random)!) desired=10M applied=10M quality=measured")
            case 3: lines.append("> tick \(count) desired=\(["40M", "90M"].randomElement(using: &random)!) applied=\(["40M", "90M", "-"].randomElement(using: &random)!)")
            case 4: lines.append("> tick \(count) loop=\(["yes", "no"].randomElement(using: &random)!)")
            default: lines.append("> tick \(count)")
            }
            if restarts, Bool.random(using: &random) { lines.append("> restart") }
        }
        return lines.joined(separator: "\n")
    }

    @Test(arguments: UInt64(1)...20)
    func `equal stories print equal lines`(seed: UInt64) {
        var first = AlertScript(), second = AlertScript()
        #expect(first.play(story(seed: seed, restarts: true)) == second.play(story(seed: seed, restarts: true)))
    }

    @Test(arguments: UInt64(1)...20)
    func `nothing resolves while nothing is heard`(seed: UInt64) {
        var script = AlertScript()
        var isSilent = 0
        for line in story(seed: seed, restarts: true).split(separator: "\n") {
            let before = script.changes.count
            _ = script.play(String(line))
            let words = line.split(separator: " ")
            // The first three ticks of a silence still rest on the last news.
            isSilent = words[1] == "silence" ? isSilent + Int(words[2])! : (words[1] == "tick" ? 0 : isSilent)
            guard words[1] == "silence", isSilent - Int(words[2])! >= 3 else { continue }
            #expect(script.changes[before...].allSatisfy { $0.change.state != .resolved })
        }
    }

    @Test(arguments: UInt64(1)...20)
    func `each receiver hears of each firing once, and of its end if it heard of it, whatever restarts`(seed: UInt64) {
        var script = AlertScript()
        _ = script.play(story(seed: seed, restarts: true))
        // Calm at the end, long enough for every rule's patience and every group's.
        _ = script.play("> tick 40 quality=measured delay=0.4ms desired=40M applied=40M loop=yes")
        #expect(script.book.active.isEmpty)
        var heard: [String: ToldAlert] = [:]
        for notification in script.outbox {
            for told in notification.told {
                if !told.isFiring { #expect(heard[told.fingerprint]?.isFiring == true, "an end without a beginning") }
                heard[told.fingerprint] = told
            }
        }
        #expect(heard.values.allSatisfy { !$0.isFiring }, "somebody still believes in a fire that is out")
        #expect(Set(script.outbox.map(\.id)).count == script.outbox.count, "two news under one key: the outbox would swallow one")
    }

    @Test(arguments: UInt64(1)...20)
    func `nothing fires before its condition held for its time`(seed: UInt64) {
        var script = AlertScript()
        // Without silences: a difference that stood before one and stands after it counts from its beginning.
        _ = script.play(story(seed: seed, restarts: false, silences: false))
        var pendingAt: [String: WallTime] = [:]
        for (change, at) in script.changes {
            switch change.state {
            case .pending: pendingAt[change.fingerprint] = at
            case .firing:
                let rule = script.fleet.alerts.rules.first { $0.name == change.rule }!
                // What the observation dates back (a silence, a difference) may have begun up to four ticks before it was pending.
                if let since = pendingAt[change.fingerprint] { #expect(at - since >= rule.pendingFor - .seconds(20)) }
                pendingAt[change.fingerprint] = nil
            case .resolved: pendingAt[change.fingerprint] = nil
            }
        }
    }
}

/// SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
