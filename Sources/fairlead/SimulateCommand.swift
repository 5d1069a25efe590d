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
            The shippers, coordinators and alerters are those of production, on one thread
            over a simulated clock, disk, network, log and API servers. Half of the
            clusters are pulled and half pushed; of ten, one observes and one has no hub.
            After the given hours the faults end and the fleet must come to rest.
            Simulated coordinators read the log once a second, and six of seven flows are
            measured by windows instead of packets.

            A run that breaks an invariant prints seed, step, time and the invariant, and
            what the cluster wrote last. It is cut down to few faults that still break it,
            in at most \(FaultReduction.maximumRuns) shorter runs; what could not be cut down further by then says
            so. Of a batch the first --reduce runs are. From \(SimulationBatch.runsToCover) runs on, each fault,
            each decision reason and each alert must have been seen. The first seed is run
            twice, and both runs must end in equal bytes.

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

    @Flag(help: "Run the first seed once only, without the second run that is compared with it.")
    var once = false

    @Option(help: "So many failing runs are cut down to few faults; 0 tells of them as they are, at once.")
    var reduce = 3

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
        guard (0...1_000).contains(reduce) else { throw ValidationError("--reduce lies between 0 and 1000") }
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
        var report = Report(seeds: try range(), kinds: try kinds(), reductionsLeft: reduce)
        let fleets = Fleets(clusters: clusters, length: .milliseconds(Int64(hours * 3_600_000)), kinds: report.kinds)
        let began = ContinuousClock.now
        try await withThrowingTaskGroup(of: Done.self) { group in
            var next: UInt64? = report.seeds.lowerBound
            var waiting: [Job] = once ? [] : [.again(report.seeds.lowerBound)]
            var running = 0
            while true {
                while running < jobs {
                    if waiting.isEmpty, let seed = next {
                        waiting.append(.run(seed))
                        next = seed < report.seeds.upperBound ? seed + 1 : nil
                    }
                    guard !waiting.isEmpty else { break }
                    let job = waiting.removeFirst()
                    group.addTask { try fleets.done(job) }
                    running += 1
                }
                guard let done = try await group.next() else { break }
                running -= 1
                if let job = report.take(done) { waiting.append(job) }
                if case .run = done { showProgress(report.batch.runs, of: report.seeds.count) }
            }
        }
        report.finish(in: (ContinuousClock.now - began) / .seconds(1))
        switch output {
        case .json: print(json(report).indentedText)
        case .table: print(table(report), terminator: "")
        }
        guard report.held else { throw FairleadExit.different }
    }

    /// What one of the jobs does.
    private enum Job: Sendable {
        case run(UInt64)
        /// The first seed a second time (I16).
        case again(UInt64)
        case reduce(UInt64, Breach)
    }
    private enum Done: Sendable {
        case run(SimulationRun.Outcome)
        case again(Digest)
        case reduced(UInt64, FaultReduction)
    }
    private struct FailedRun {
        var seed: UInt64
        var breach: Breach
        var faults: [Fault] = []
        /// Nil where nothing was cut down.
        var reduction: FaultReduction?
        /// What the clusters that the breach names wrote last.
        var trail: [String] = []
    }

    /// What all jobs came to.
    private struct Report {
        let seeds: ClosedRange<UInt64>
        let kinds: Set<FaultKind>
        var batch = SimulationBatch()
        var failed: [FailedRun] = []
        var unseen: [String] = []
        var seconds = 0.0
        var processorSeconds = 0.0
        /// How each run ended.
        var digests: [UInt64: Digest] = [:]
        private var again: Digest?
        private var reductionsLeft: Int

        init(seeds: ClosedRange<UInt64>, kinds: Set<FaultKind>, reductionsLeft: Int) {
            self.seeds = seeds
            self.kinds = kinds
            self.reductionsLeft = reductionsLeft
        }

        var held: Bool { failed.isEmpty && unseen.isEmpty }
        /// Over the ends of all runs, in order of seed: equal where and only where all that was written in them is.
        var digest: Digest { HashFunction.libcrypto.digest(digests.sorted { $0.key < $1.key }.flatMap(\.value.bytes)) }

        /// Returns what is to be done about it.
        mutating func take(_ done: Done) -> Job? {
            switch done {
            case .run(let outcome):
                batch.add(outcome)
                digests[outcome.seed] = outcome.digest
                guard let breach = outcome.breach else { return nil }
                failed.append(FailedRun(seed: outcome.seed, breach: breach, trail: outcome.trail))
                guard reductionsLeft > 0 else { return nil }
                reductionsLeft -= 1
                return .reduce(outcome.seed, breach)
            case .again(let digest): again = digest
            case .reduced(let seed, let reduction):
                guard let index = failed.firstIndex(where: { $0.seed == seed }) else { return nil }
                // Where no smaller run broke it, the whole one's trail stands.
                let trail = reduction.trail.isEmpty ? failed[index].trail : reduction.trail
                failed[index] = FailedRun(
                    seed: seed, breach: reduction.breach, faults: reduction.run.faults, reduction: reduction, trail: trail)
            }
            return nil
        }

        mutating func finish(in seconds: Double) {
            self.seconds = seconds
            processorSeconds = Double(clock()) / Double(CLOCKS_PER_SEC)
            unseen = batch.unseen(kinds)
            if let again, again != digests[seeds.lowerBound] {
                let detail = "two runs of seed \(seeds.lowerBound) differ"
                failed.append(FailedRun(seed: seeds.lowerBound, breach: Breach(invariant: .repeatable, detail: detail, step: 0, at: .zero)))
            }
            failed.sort { $0.seed < $1.seed }
        }
    }

    /// The runs that are asked for, by seed.
    private struct Fleets: Sendable {
        let clusters: Int
        let length: Nanoseconds
        let kinds: Set<FaultKind>

        func done(_ job: Job) throws -> Done {
            switch job {
            case .run(let seed): return .run(try run(seed).outcome())
            case .again(let seed): return .again(try run(seed).outcome().digest)
            case .reduce(let seed, let breach):
                var reduction = FaultReduction(run(seed), breach: breach)
                try reduction.reduce()
                return .reduced(seed, reduction)
            }
        }
        private func run(_ seed: UInt64) -> SimulationRun {
            SimulationRun(seed: seed, clusters: clusters, length: length, kinds: kinds, hash: .libcrypto)
        }
    }

    private func showProgress(_ done: Int, of count: Int) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        FileHandle.standardError.write(Data("\r\(done)/\(count) runs\(done == count ? "\n" : "")".utf8))
    }

    private func json(_ report: Report) -> JSONValue {
        let batch = report.batch
        return [
            "runs": .integer(batch.runs), "clusters": .integer(clusters), "held": .bool(report.held),
            "ticks": .integer(batch.ticks), "steps": .integer(batch.steps), "wall_seconds": .number(rounded(report.seconds)),
            "cpu_seconds": .number(rounded(report.processorSeconds)),
            "poll_ms": .integer(SimulationRun.pollEvery.milliseconds), "healing_bound_ms": .integer(SimulationRun.healingBound.milliseconds),
            "digest": .string(report.digest.description),
            "faults": .object(FaultKind.allCases.compactMap { kind in batch.faults[kind].map { JSONValue.Member(kind.rawValue, .integer($0)) } }),
            "reasons": .object(DecisionReason.allCases.compactMap { reason in batch.reasons[reason].map { JSONValue.Member(reason.word, .integer($0)) } }),
            "alerts": .object(batch.alerts.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .integer($0.value)) }),
            "unseen": .array(report.unseen.map { .string($0) }), "failures": .array(report.failed.map(json)),
        ]
    }

    private func json(_ failure: FailedRun) -> JSONValue {
        [
            "seed": .string(String(failure.seed)), "invariant": .string(failure.breach.invariant.rawValue),
            "sentence": .string(failure.breach.invariant.sentence), "detail": .string(failure.breach.detail),
            "step": .integer(failure.breach.step), "at_ms": .integer(failure.breach.at.milliseconds),
            "faults": .array(failure.faults.map { .string($0.description) }),
            "trail": .array(failure.trail.map { .string($0) }),
            "reduction_runs": .optional(failure.reduction?.runsTried), "is_cut_short": failure.reduction.map { .bool($0.isCutShort) } ?? .null,
        ]
    }

    private func table(_ report: Report) -> String {
        let batch = report.batch
        var lines = [
            "\(batch.runs) runs of \(clusters) clusters over \(hours) h: \(batch.ticks) ticks, \(batch.steps) steps, \(rounded(report.seconds)) s"
        ]
        lines.append("faults: " + FaultKind.allCases.compactMap { kind in batch.faults[kind].map { "\(kind.rawValue) \($0)" } }.joined(separator: ", "))
        lines.append("reasons: " + DecisionReason.allCases.compactMap { reason in batch.reasons[reason].map { "\(reason.word) \($0)" } }.joined(separator: ", "))
        if !batch.alerts.isEmpty { lines.append("alerts: " + batch.alerts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")) }
        for failure in report.failed {
            lines.append("seed \(failure.seed): \(failure.breach)")
            lines += failure.faults.prefix(20).map { "  \($0)" }
            if failure.faults.count > 20 { lines.append("  and \(failure.faults.count - 20) more") }
            if let reduction = failure.reduction, reduction.isCutShort {
                lines.append("  cut short after \(reduction.runsTried) runs: fewer faults may do")
            }
            if !failure.trail.isEmpty { lines.append("  written last:") }
            lines += failure.trail.map { "    \($0)" }
        }
        for word in report.unseen { lines.append("never seen: \(word)") }
        lines.append(report.held ? "all invariants held" : "\(report.failed.count) of \(batch.runs) runs broke an invariant")
        return lines.joined(separator: "\n") + "\n"
    }

    private func rounded(_ seconds: Double) -> String { "\((seconds * 10).rounded() / 10)" }
}
