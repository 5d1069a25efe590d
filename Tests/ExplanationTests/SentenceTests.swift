import Events
import Explanation
import JSONDocument
import Quantities
import ReadModel
import SampleFleet
import Testing

/// Aim: every reason, quality, fact, share and alert has its sentence, and each keeps the promises of all. Method: golden text, and
/// every combination.
@Suite struct SentenceTests {
    @Test func `each reason has a meaning and an advice, as the golden list shows them`() throws {
        let text = DecisionReason.allCases.map { reason in
            "\(reason.word)\n  \(ReasonSentence(reason).meaning)\n  \(ReasonSentence(reason).operatorMay)\n"
        }.joined()
        try GoldenFile.expect(text, in: "reasons.txt")
        #expect(Set(DecisionReason.allCases.map { ReasonSentence($0).meaning }).count == DecisionReason.allCases.count)
    }

    @Test func `a reason says why, and leaves to the row what was done`() {
        // The same reason stands in rows that raised, lowered and held: at a floor, at a grant, for want of a thousandth.
        for reason in DecisionReason.allCases {
            for act in ["was raised", "was lowered", "limit is raised", "limit is lowered", "limit is moved", "steps the limit", "goes to"] {
                #expect(!ReasonSentence(reason).meaning.contains(act), "\(reason.word)")
            }
        }
    }

    /// The case in which a law gives the reason: action, raw p95 (smoothed is 0.712 of it), quality.
    private func typical(_ reason: DecisionReason) -> (action: LoopAction, microseconds: Int32, quality: SampleQuality) {
        switch reason {
        case .brakedAboveBound: (.decrease, 2_314, .measured)
        case .aboveTarget: (.decrease, 1_800, .measured)
        case .belowTarget, .probingCeiling, .limitedByGrant: (.increase, 600, .measured)
        case .atTarget: (.hold, 1_000, .measured)
        case .measurementMissing: (.hold, 0, .missing)
        case .measurementMissingStepDown, .measurementMissingFloor: (.decrease, 0, .stale)
        case .notOurTraffic, .atFloor: (.hold, 2_314, .measured)
        case .grantLowered: (.decrease, 600, .measured)
        case .insideDeadband: (.hold, 1_300, .measured)
        case .cooldown, .flapBudget, .waitingForEvidence, .limitNotUsed, .useNotProven, .atRememberedCeiling, .notEnforced, .atCeiling,
            .noGrant, .baseNotProven, .paused, .observing, .resumed, .unlimited:
            (.hold, 600, .measured)
        }
    }

    @Test func `each reason makes one sentence with numbers, as the golden list shows them`() throws {
        let text = try DecisionReason.allCases.map { reason in
            let (action, microseconds, quality) = typical(reason)
            var tick = SampleTick(
                number: 1, at: SampleFleet.now, quality: quality, microseconds: microseconds, before: 180,
                after: action == .hold ? 180 : action == .decrease ? 120 : 190, used: 150, action: action, reason: reason).tick
            if reason == .unlimited { tick.decision?.input.applied = nil }
            if reason == .noGrant { tick.decision?.outcome.requested = .megabits(190) }
            if reason == .cooldown { tick.decision?.outcome.proposed = .megabits(190) }
            if reason == .paused { tick.decision?.input.evidence.insert(.paused) }
            if reason == .observing { tick.decision?.outcome.afterClamp = .megabits(120) }
            let sentence = DecisionSentence(try #require(tick.decision), roster: .plant("plant-a", mode: "enforce")).text
            #expect(sentence.hasSuffix(".") && !sentence.hasSuffix(".."))
            return "\(reason.word): \(sentence)\n"
        }.joined()
        try GoldenFile.expect(text, in: "sentences.txt")
    }

    @Test func `the delay that a sentence names is the one that decided`() throws {
        var tick = SampleTick(
            number: 1, at: SampleFleet.now, quality: .measured, microseconds: 1_100, before: 180, after: 180, used: 170, action: .hold,
            reason: .insideDeadband).tick
        func text() throws -> String { DecisionSentence(try #require(tick.decision), roster: .plant("plant-a", mode: "enforce")).cause }
        // Smoothed 0.78 ms lies below the deadband, and the raw one above the target holds the raise back.
        #expect(try text() == "the smoothed p95 would allow a raise, and robot-control's p95 of 1.10 ms is above the target of 1.00 ms")
        // A law that smooths nothing has one value.
        tick.decision?.outcome.smoothed = .microseconds(1_100)
        #expect(try text() == "robot-control's p95 of 1.10 ms is between 0.80 ms and 1.20 ms")
        tick.decision?.outcome.smoothed = .microseconds(900)
        #expect(try text() == "robot-control's smoothed p95 of 0.90 ms is between 0.80 ms and 1.20 ms")
        // A stand-in steers by its raw value, whatever was smoothed before.
        tick.decision?.outcome.reason = .aboveTarget
        tick.decision?.input.raw = .microseconds(1_400)
        #expect(try text() == "robot-control's p95 of 1.40 ms is above 1.20 ms")
    }

    @Test func `no decision of any kind takes more than twelve lines, nor lets a control character through`() throws {
        for reason in DecisionReason.allCases {
            for action in LoopAction.allCases {
                for quality in SampleQuality.allCases {
                    for roster in [Roster.plant("plant\u{1B}[31m-a", mode: "enforce"), nil] {
                        let tick = SampleTick(
                            number: 1, at: SampleFleet.now, quality: quality, microseconds: 900, before: 180, after: 120,
                            used: quality == .stale ? nil : 150, action: action, reason: reason).tick
                        let patch = PatchRecord(
                            cluster: "a", workload: "w\nx", desired: .megabits(1), result: .refused, decision: nil, term: 1,
                            detail: "\u{7}line\nbreak \u{202E}turned")
                        let explanation = DecisionExplanation(
                            position: LogPosition(stream: "plant-a/1", sequence: 9), tick: tick, roster: roster,
                            settled: Array(repeating: patch, count: 9))
                        #expect(explanation.lines.count <= DecisionExplanation.maximumLines)
                        for line in explanation.lines {
                            #expect(!line.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F || $0.value == 0x202E })
                        }
                        let json = try JSONValue(parsing: explanation.json.text)
                        #expect(json["outcome"]?["reason"]?.string == reason.word)
                        if !quality.hasValue { #expect(json["input"]?["raw_p95_ms"] == .null) }
                    }
                }
            }
        }
    }

    @Test func `a value so near its bound that two digits hide it is written exactly`() throws {
        var tick = SampleTick(
            number: 1, at: SampleFleet.now, quality: .measured, microseconds: 1_500, before: 180, after: 120, used: 150,
            action: .decrease, reason: .brakedAboveBound).tick
        tick.decision?.input.raw = Delay(hundredNanoseconds: 15_001)
        let sentence = DecisionSentence(try #require(tick.decision), roster: .plant("plant-a", mode: "enforce")).text
        #expect(sentence.hasSuffix("robot-control's p95 of 1.5001 ms is above its bound of 1.50 ms."))
    }

    @Test func `the counterfactual says on which side the other action lies`() throws {
        func text(_ decided: LoopAction, _ other: LoopAction) throws -> String {
            try #require(Counterfactual(LoopOutcome(
                action: decided, reason: .insideDeadband, lowerThreshold: .zero, upperThreshold: .zero,
                counterfactual: .microseconds(1_200), counterfactualAction: other))).text
        }
        #expect(try text(.decrease, .hold) == "at a raw p95 ≤ 1.20 ms it would have held")
        #expect(try text(.hold, .decrease) == "at a raw p95 ≥ 1.20 ms it would have lowered")
        #expect(try text(.hold, .increase) == "at a raw p95 ≤ 1.20 ms it would have raised")
        #expect(try text(.increase, .hold) == "at a raw p95 ≥ 1.20 ms it would have held")
        #expect(Counterfactual(LoopOutcome(action: .hold, reason: .paused, lowerThreshold: .zero, upperThreshold: .zero)) == nil)
    }

    @Test func `a raise that only asks, a shadow and an observer say that they do not act`() throws {
        var tick = SampleTick(
            number: 1, at: SampleFleet.now, quality: .measured, microseconds: 500, before: 180, after: 180, used: 170,
            action: .increase, reason: .noGrant).tick
        tick.decision?.outcome.requested = .megabits(190)
        func text() throws -> String { DecisionSentence(try #require(tick.decision), roster: nil).text }
        #expect(try text() == "Asks for a raise from 180 Mbit/s to 190 Mbit/s: no living grant allows a raise.")
        tick.decision?.isShadow = true
        #expect(try text().hasPrefix("Would ask for a raise"))
        tick.decision?.isShadow = false
        tick.decision?.outcome.action = .hold
        tick.decision?.outcome.afterClamp = .megabits(120)
        tick.decision?.input.evidence.insert(.paused)
        #expect(try text().hasPrefix("Would lower from 180 Mbit/s to 120 Mbit/s: "))
    }

    @Test func `ages are whole units, and one from the future says so`() {
        func age(_ seconds: Int64) -> String { Age(.seconds(seconds)).text }
        #expect([0, 1, 119, 120, 7_199, 7_200, 172_799, 172_800, -1, -90].map(age) == [
            "now", "1 s ago", "119 s ago", "2 min ago", "119 min ago", "2 h ago", "47 h ago", "2 d ago", "1 s ahead of this clock",
            "90 s ahead of this clock",
        ])
    }

    @Test func `each fact of the log is one sentence`() throws {
        let text = SampleFleet.records.compactMap { record -> String? in
            guard case .event(let event) = record.entry else { return nil }
            return (try? event.fact()).map { "\(event.kind): \(FactSentence($0).text)\n" }
        }.joined()
        let rest: [Fact] = [
            .baseChanged(BaseChange(flow: "robot-control", from: nil, to: .microseconds(310), cause: "proven")),
            .leadershipChanged(LeadershipChange(isLeader: true, transitions: 4, holder: "shipper-1")),
            .grantReceived(GrantVersion(term: 4, version: 18)), .grantExpired(GrantVersion(term: 4, version: 18)),
            .entriesLost(LostRange(first: 7, last: 9, digestBefore: .zero, digestAfter: .zero, cause: "disk full")),
            .spoolSetAside(SpoolSetAside(stream: "plant-a/1", last: 9, acknowledged: 7, reason: "another history", keptAs: "spool.aside-1")),
            .processStarted(ProcessStart(role: "shipper", version: "0.1", manner: "resumed")),
            .capacityEstimated(CapacityEstimate(
                link: "wan-a", effective: .megabits(190), before: .megabits(400), cause: "suffered", evidence: SampleFleet.brake)),
            .grantIssued(Grant(
                cluster: "plant-a", version: GrantVersion(term: 4, version: 18), timeToLive: .seconds(30),
                rates: [.init(workload: "telemetry-upload", rate: .megabits(120))], foldedThrough: nil)),
            .notificationSettled(NotificationRecord(notification: "n-1", receiver: "ops", result: "retry", attempt: 2, detail: "HTTP 503")),
        ]
        try GoldenFile.expect(text + rest.map { "\($0.kind): \(FactSentence($0).text)\n" }.joined(), in: "facts.txt")
    }

    @Test func `a share names what binds it, what is next and who would lose`() async throws {
        let allocation = try #require(try await SampleFleet.fleet.newestAllocation()?.allocation)
        #expect(allocation.shares.map { ShareExplanation($0, in: allocation).text } == [
            "telemetry-upload of plant-a gets 190 Mbit/s: wan-a, which carries 400 Mbit/s (configured 1.00 Gbit/s) less 20.0 Mbit/s reserved, "
                + "binds; behind it its own ceiling. If it gained, telemetry-upload of plant-b would lose.",
            "erp-dashboard of plant-a gets 10.0 Mbit/s: its own ceiling binds. Nobody would lose if that moved.",
            "telemetry-upload of plant-b gets 180 Mbit/s (granted 120 Mbit/s so far: the rest waits until others have gone down, "
                + "or is too little for a change): wan-a, which carries 400 Mbit/s (configured 1.00 Gbit/s) less 20.0 Mbit/s reserved, binds. If it gained, telemetry-upload of plant-a would lose.",
        ])
    }

    @Test func `a share that its own use or its own brake binds says so in words`() {
        let link = AllocationRecord.Link(
            link: "wan-a", configured: .megabits(400), effective: .megabits(400), reserved: .megabits(20), used: .megabits(200))
        func text(_ binding: String, next: String?) -> String {
            let share = AllocationRecord.Share(
                cluster: "plant-a", workload: "erp", share: .megabits(25), granted: .megabits(25), binding: binding, next: next)
            let record = AllocationRecord(
                version: GrantVersion(term: 1, version: 1), isFeasible: true, links: [link], shares: [share], certificate: "", foldedThrough: [])
            return ShareExplanation(share, in: record).text
        }
        #expect(text("use", next: "link wan-a") ==
            "erp of plant-a gets 25.0 Mbit/s: it is idle, and keeps a quarter above what it uses. Nobody would lose if that moved.")
        #expect(text("ceiling", next: "link wan-a") ==
            "erp of plant-a gets 25.0 Mbit/s: its own ceiling binds; behind it wan-a, which carries 400 Mbit/s less 20.0 Mbit/s reserved. "
            + "Nobody would lose if that moved.")
        #expect(text("brake plant-a/wan-a", next: nil) ==
            "erp of plant-a gets 25.0 Mbit/s: its own brake on wan-a binds. Nobody else is bound there.")
    }

    @Test func `an alert says its rule, of whom, for how long and what was seen`() {
        func text(_ state: AlertChange.State, _ summary: String) -> String {
            AlertSentence(
                AlertChange(
                    fingerprint: "f", rule: "ShipperSilent", state: state,
                    labels: ["severity": "critical", "alertname": "ShipperSilent", "cluster": "plant-c"], summary: summary),
                since: SampleFleet.now + .seconds(-40), now: SampleFleet.now).text
        }
        #expect(text(.firing, "No tick for 30 s.") == "ShipperSilent of cluster plant-c has been firing for 40 s: No tick for 30 s.")
        #expect(text(.pending, "") == "ShipperSilent of cluster plant-c has been pending for 40 s.")
        #expect(text(.resolved, "Ticks arrive") == "ShipperSilent of cluster plant-c was resolved 40 s ago: Ticks arrive.")
    }
}
