import ControlLaw
import Events
import Quantities
import Testing

// Aim: what holds for every law and every input. Method: seeded histories of inputs, sensible and absurd.
@Suite struct LawPropertyTests {
    private func histories(_ law: String, seed: UInt64, length: Int = 40, _ check: (LoopInput, LoopOutcome, Law, [UInt8], [UInt8]) throws -> Void) throws {
        var generator = SeededGenerator(seed: seed)
        let law = try Law(name: law)
        for _ in 0..<12 {
            var state = law.initialState
            for _ in 0..<length {
                let input = LoopInput.random(&generator)
                let result = law.step(state: state, input: input)
                try check(input, result.outcome, law, state, result.state)
                state = result.state
            }
        }
    }

    @Test(arguments: Law.names) func `no rate that a row can hold overflows a law`(_ name: String) throws {
        let law = try Law(name: name)
        let most = BitRate(bitsPerSecond: .max)
        for raw: Delay in [.microseconds(10), .microseconds(1_200), .microseconds(9_000)] {
            var state = law.initialState
            for _ in 0..<12 {
                var absurd = input(raw: raw, applied: 100)
                (absurd.applied, absurd.used, absurd.grant, absurd.ceiling) = (most, most, most, most)
                let result = law.step(state: state, input: absurd)
                state = result.state
                #expect(result.outcome.desired.map { $0 <= .maximum } ?? true)
            }
        }
    }

    @Test(arguments: Law.names) func `no rate is outside the guardrails or 0`(_ name: String) throws {
        try histories(name, seed: 1) { input, outcome, _, _, _ in
            for rate in [outcome.desired, outcome.requested] {
                guard let rate else { continue }
                #expect(rate.bitsPerSecond > 0 && rate >= input.floor && rate <= max(input.ceiling, input.floor))
            }
            if input.ceiling == .zero { #expect(outcome.desired == nil) }
        }
    }

    @Test(arguments: Law.names) func `no raise without a fresh, measured, proven, confirmed sample and leave to act`(_ name: String) throws {
        let needed: LoopEvidence = [.freshSinceChange, .confirmed, .baseProven, .mayAct]
        try histories(name, seed: 2) { input, outcome, _, _, _ in
            guard outcome.action == .increase else { return }
            #expect(input.quality == .measured && input.evidence.isSuperset(of: needed))
            #expect(input.evidence.isDisjoint(with: [.paused, .notEnforced]))
            #expect(input.evidence.contains(.standalone) || input.grant! >= outcome.desired! || input.floor >= outcome.desired!)
            #expect(outcome.desired! > input.applied!)
        }
    }

    @Test(arguments: Law.names) func `the action is where the desired rate lies`(_ name: String) throws {
        try histories(name, seed: 3) { input, outcome, _, _, _ in
            switch outcome.action {
            case .increase: #expect(outcome.desired! > input.applied!)
            case .decrease: #expect(outcome.desired != nil)
            case .hold:
                let isStanding = outcome.desired == nil || outcome.desired == input.applied || !input.evidence.contains(.confirmed)
                #expect(isStanding)
            }
        }
    }

    @Test(arguments: Law.names) func `paused or observing it decides and leaves all as it is`(_ name: String) throws {
        try histories(name, seed: 4) { input, outcome, _, _, _ in
            guard !input.evidence.contains(.mayAct) || input.evidence.contains(.paused) else { return }
            #expect(outcome.action == .hold && outcome.requested == nil)
            #expect(outcome.desired == nil || outcome.desired == input.applied)
        }
    }

    @Test(arguments: Law.names) func `a raw sample above the bound on fresh evidence never holds a raise nor asks for one`(_ name: String) throws {
        try histories(name, seed: 5) { input, outcome, _, _, _ in
            guard let raw = input.raw, raw > input.bound, input.quality.hasValue else { return }
            #expect(outcome.action != .increase && outcome.requested == nil)
        }
    }

    @Test(arguments: Law.names) func `a decision re-runs from its row to the same bytes`(_ name: String) throws {
        try histories(name, seed: 6) { input, outcome, law, before, after in
            let again = try Law(name: law.name, canonicalParameters: law.parameters).step(state: before, input: input)
            #expect(again.outcome == outcome && again.state == after)
            #expect(after.count <= LoopDecision.maximumStateBytes)
        }
    }

    @Test(arguments: Law.names) func `the counterfactual turns the action, and one unit nearer it does not`(_ name: String) throws {
        var found = 0
        try histories(name, seed: 7) { input, outcome, law, before, _ in
            guard let value = outcome.counterfactual, let raw = input.raw else { return }
            found += 1
            var other = input
            other.raw = value
            #expect(law.step(state: before, input: other).outcome.action == outcome.counterfactualAction)
            #expect(outcome.counterfactualAction != outcome.action)
            other.raw = Delay(hundredNanoseconds: value.hundredNanoseconds + (value > raw ? -1 : 1))
            #expect(law.step(state: before, input: other).outcome.action == outcome.action)
        }
        #expect(found > 20)
    }

    @Test(arguments: Law.names) func `a state that cannot be read counts as the first one`(_ name: String) throws {
        var generator = SeededGenerator(seed: 8)
        let law = try Law(name: name)
        let sample = input(raw: .microseconds(2_000), used: 180, applied: 190)
        let first = law.step(state: law.initialState, input: sample)
        let junk: [[UInt8]] = [[], [0], [2], Array(repeating: 255, count: 256), law.initialState + [0], law.initialState.dropLast()]
        for bytes in junk {
            let result = law.step(state: bytes, input: sample)
            #expect(result.outcome == first.outcome && result.state == first.state)
        }
        for _ in 0..<2_000 {
            let bytes = [1] + (0..<Int.random(in: 0...120, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(law.step(state: bytes, input: LoopInput.random(&generator)).state.count <= LoopDecision.maximumStateBytes)
        }
    }

    @Test(arguments: Law.names) func `what the shadow law answers depends on nothing but its input`(_ name: String) throws {
        let law = try Law(name: name)
        var generator = SeededGenerator(seed: 11)
        let inputs = (0..<200).map { _ in LoopInput.random(&generator) }
        func run() -> [LoopOutcome] {
            var state = law.initialState
            return inputs.map { let result = law.step(state: state, input: $0); state = result.state; return result.outcome }
        }
        #expect(run() == run())
    }

    /// What can go wrong between a probe and a law, one kind for each draw.
    private func harm(_ sound: LoopInput, before: LoopInput?, _ generator: inout SeededGenerator) -> LoopInput {
        var input = sound
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: (input.quality, input.raw) = (.missing, nil)
        // A number under a quality that carries none.
        case 1: input.quality = [.stale, .probeError, .missing].randomElement(using: &generator)!
        // Late: measured before the last change took effect.
        case 2: input.evidence.subtract([.freshSinceChange, .freshSinceDecrease])
        case 3: input.evidence.remove(.freshSinceChange)
        // Told twice: the sample of the tick before, at once, and not fresh.
        case 4:
            (input.raw, input.elapsedMilliseconds) = (before?.raw ?? sound.raw, 0)
            input.evidence.subtract([.freshSinceChange, .freshSinceDecrease])
        case 5: (input.quality, input.count) = (.partial, Int32.random(in: 0...39, using: &generator))
        default: break
        }
        return input
    }

    @Test(arguments: Law.names) func `a run whose samples go missing, come late, twice or as no number raises on none of those`(_ name: String) throws {
        let law = try Law(name: name)
        var raises = 0
        for seed in 1...6 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            var (state, applied, before) = (law.initialState, BitRate.megabits(150), LoopInput?.none)
            for _ in 0..<600 {
                let isCongested = applied > .megabits(195)
                let raw = Delay.microseconds(isCongested ? Int32.random(in: 1_400...4_000, using: &generator) : Int32.random(in: 50...600, using: &generator))
                var sound = input(raw: raw, applied: nil)
                (sound.applied, sound.used) = (applied, min(applied, .megabits(200)))
                let given = harm(sound, before: before, &generator)
                let (after, outcome) = law.step(state: state, input: given)
                if outcome.action == .increase {
                    raises += 1
                    #expect(given == sound, "raised on \(given)")
                }
                if let desired = outcome.desired { #expect(desired >= given.floor && desired <= given.ceiling && desired > .zero) }
                if outcome.action != .hold, let desired = outcome.desired { applied = desired }
                (state, before) = (after, given)
            }
        }
        #expect(raises > 20)
    }
}
