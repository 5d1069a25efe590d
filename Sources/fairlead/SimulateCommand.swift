import ArgumentParser
import Cryptography
import Events
import Foundation
import Glibc
import JSONDocument
import Quantities
import Simulation

/// `fairlead simulate`: whole fleets over simulated time, with faults, and checkers outside.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run simulated fleets with faults, and hold the invariants at every step.",
        discussion: """
            Each run is one seed: it draws a fleet, what happens there, and the faults.
            The shippers and coordinators are those of production, on one thread over a
            simulated clock, disk, network, log and API servers. Half of the clusters are
            pulled and half pushed; of ten, one observes and one has no hub. After the
            given hours the faults end and the fleet must come to rest. Simulated
            coordinators read the log once a second, and six of seven flows are measured
            by windows instead of packets.

            A run that breaks an invariant prints seed, step, time and the invariant, and
            is cut down to few faults that still break it. From 100 runs on, each fault
            and each decision reason must have been seen.

            Exit codes: 0 all invariants held, 1 one broke or something was never seen, 64
            the command line is wrong.

            Examples:
              fairlead simulate --seed 7 --clusters 10 --hours 2
              fairlead simulate --seeds 1..100 --clusters 10 --hours 2 --faults all -o json
              fairlead simulate --seed 3 --clusters 4 --hours 1 --faults crash,partition,log-restored
            """)

    @Option(help: "The seed of one run.")
    var seed: UInt64?

    @Option(help: ArgumentHelp("Run each of these seeds.", valueName: "first..last"))
    var seeds: String?

    @Option(help: "How many clusters.")
    var clusters = 10

    @Option(help: "How many hours of simulated time the faults last; fractions are taken.")
    var hours = 2.0

    @Option(help: "Which faults: all, none, or a list: \(FaultKind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var faults = "all"

    @Option(help: "So many runs at the same time.")
    var jobs = 2

    @Option(name: .shortAndLong, help: "How to print the result: table or json.")
    var output: Output = .table
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case table, json
    }

    func validate() throws {
        _ = try range()
        _ = try kinds()
        guard (1...1_000).contains(clusters) else { throw ValidationError("--clusters lies between 1 and 1000") }
        guard hours > 0, hours <= 1_000 else { throw ValidationError("--hours lies above 0 and up to 1000") }
        guard (1...64).contains(jobs) else { throw ValidationError("--jobs lies between 1 and 64") }
    }

    private func range() throws -> ClosedRange<UInt64> {
        switch (seed, seeds) {
        case (let seed?, nil): return seed...seed
        case (nil, let text?):
            let ends = text.components(separatedBy: "..").map { UInt64($0) }
            guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last, last - first < 1_000_000 else {
                throw ValidationError("--seeds '\(text)' is no range; write 1..100")
            }
            return first...last
        default: throw ValidationError("give --seed or --seeds")
        }
    }

    private func kinds() throws -> Set<FaultKind> {
        if faults == "all" { return Set(FaultKind.allCases) }
        if faults == "none" { return [] }
        return Set(
            try faults.split(separator: ",").map { word in
                guard let kind = FaultKind(rawValue: String(word)) else {
                    throw ValidationError("'\(word)' is no fault; there are \(FaultKind.allCases.map(\.rawValue).joined(separator: ", "))")
                }
                return kind
            })
    }

    func run() async throws {
        let range = try range()
        let kinds = try kinds()
        let length = Nanoseconds.milliseconds(Int64(hours * 3_600_000))
        let began = ContinuousClock.now
        var batch = SimulationBatch()
        var failed: [FailedRun] = []
        let repeated = try first(range.lowerBound, kinds, length).outcome().digest
        try await withThrowingTaskGroup(of: SimulationRun.Outcome.self) { group in
            var next = range.lowerBound
            var waiting = 0
            while waiting > 0 || next <= range.upperBound {
                while waiting < jobs, next <= range.upperBound {
                    let run = first(next, kinds, length)
                    group.addTask { try run.outcome() }
                    waiting += 1
                    next += 1
                }
                guard let outcome = try await group.next() else { break }
                waiting -= 1
                batch.add(outcome)
                showProgress(batch.runs, of: range.count)
                if var breach = outcome.breach ?? unequal(outcome, range.lowerBound, repeated) {
                    var reduction = FaultReduction(first(outcome.seed, kinds, length), breach: breach)
                    if failed.count < SimulateCommand.reducedRuns, outcome.breach != nil { try reduction.reduce() }
                    breach = reduction.breach
                    failed.append(FailedRun(seed: outcome.seed, breach: breach, faults: reduction.run.faults))
                }
            }
        }
        failed.sort { $0.seed < $1.seed }
        let unseen = batch.unseen(kinds)
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        switch output {
        case .json: print(json(batch, failed, unseen, seconds).indentedText)
        case .table: print(table(batch, failed, unseen, seconds), terminator: "")
        }
        guard failed.isEmpty, unseen.isEmpty else { throw FairleadExit.different }
    }
    /// So many failing runs of a batch are cut down.
    private static let reducedRuns = 3

    private struct FailedRun {
        var seed: UInt64
        var breach: Breach
        var faults: [Fault]
    }

    private func first(_ seed: UInt64, _ kinds: Set<FaultKind>, _ length: Nanoseconds) -> SimulationRun {
        SimulationRun(seed: seed, clusters: clusters, length: length, kinds: kinds, hash: .libcrypto)
    }

    /// I16: the first seed is run twice.
    private func unequal(_ outcome: SimulationRun.Outcome, _ first: UInt64, _ digest: Digest) -> Breach? {
        guard outcome.seed == first, outcome.digest != digest else { return nil }
        return Breach(invariant: .repeatable, detail: "two runs of seed \(first) differ", step: outcome.steps, at: .zero)
    }

    private func showProgress(_ done: Int, of count: Int) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        FileHandle.standardError.write(Data("\r\(done)/\(count) runs\(done == count ? "\n" : "")".utf8))
    }

    private func json(_ batch: SimulationBatch, _ failed: [FailedRun], _ unseen: [String], _ seconds: Double) -> JSONValue {
        [
            "runs": .integer(batch.runs), "clusters": .integer(clusters), "held": .bool(failed.isEmpty && unseen.isEmpty),
            "ticks": .integer(batch.ticks), "steps": .integer(batch.steps), "wall_seconds": .number(rounded(seconds)),
            "poll_ms": .integer(SimulationRun.pollEvery.milliseconds), "healing_bound_ms": .integer(SimulationRun.healingBound.milliseconds),
            "faults": .object(FaultKind.allCases.compactMap { kind in batch.faults[kind].map { JSONValue.Member(kind.rawValue, .integer($0)) } }),
            "reasons": .object(DecisionReason.allCases.compactMap { reason in batch.reasons[reason].map { JSONValue.Member(reason.word, .integer($0)) } }),
            "unseen": .array(unseen.map { .string($0) }),
            "failures": .array(
                failed.map { failure in
                    [
                        "seed": .string(String(failure.seed)), "invariant": .string(failure.breach.invariant.rawValue),
                        "sentence": .string(failure.breach.invariant.sentence), "detail": .string(failure.breach.detail),
                        "step": .integer(failure.breach.step), "at_ms": .integer(failure.breach.at.milliseconds),
                        "faults": .array(failure.faults.map { .string($0.description) }),
                    ]
                }),
        ]
    }

    private func table(_ batch: SimulationBatch, _ failed: [FailedRun], _ unseen: [String], _ seconds: Double) -> String {
        var lines = ["\(batch.runs) runs of \(clusters) clusters over \(hours) h: \(batch.ticks) ticks, \(batch.steps) steps, \(rounded(seconds)) s"]
        lines.append("faults: " + FaultKind.allCases.compactMap { kind in batch.faults[kind].map { "\(kind.rawValue) \($0)" } }.joined(separator: ", "))
        lines.append("reasons: " + DecisionReason.allCases.compactMap { reason in batch.reasons[reason].map { "\(reason.word) \($0)" } }.joined(separator: ", "))
        for failure in failed {
            lines.append("seed \(failure.seed): \(failure.breach)")
            lines += failure.faults.prefix(20).map { "  \($0)" }
            if failure.faults.count > 20 { lines.append("  and \(failure.faults.count - 20) more") }
        }
        for word in unseen { lines.append("never seen: \(word)") }
        lines.append(failed.isEmpty && unseen.isEmpty ? "all invariants held" : "\(failed.count) of \(batch.runs) runs broke an invariant")
        return lines.joined(separator: "\n") + "\n"
    }

    private func rounded(_ seconds: Double) -> String { "\((seconds * 10).rounded() / 10)" }
}
