import Adapters
import ArgumentParser
import ControlLaw
import Glibc
import JSONDocument
import Lab
import Quantities

/// `fairlead lab`: real packets.
struct LabCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab", abstract: "Measure Fairlead on real packets: hosts, a router and a bottleneck in network namespaces (root).",
        discussion: """
            Telemetry is iperf3 from one host, robot control is the probe from another,
            and the router's link to the receiver is a token bucket of 200 Mbit/s. In the
            second half of each loaded phase it steps to 120 and back, at times drawn from
            the seed and unknown to Fairlead, whose configuration says 1G. Four phases:
            idle, unmanaged, static (the best constant cap, known only in hindsight) and
            managed (a real shipper, a real coordinator, a real log, tc as enforcer).

            Examples:
              sudo fairlead lab --for 240s --seed 1
              sudo fairlead lab --for 240s --seed 1 --out /tmp/lab
              sudo fairlead lab --for 240s --seed 7 --law hardened@1 -o json

            Exit codes: 0 measured, 1 a rate in tc has no event on the log or the log does
            not verify, 2 the machine lacks something, 64 wrong usage.
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable { case table, json }

    @Option(name: .customLong("for"), help: ArgumentHelp("How long all phases take together; at least 120s.", valueName: "time"))
    var duration: String = "240s"

    @Option(help: "Draws the times at which the bottleneck steps.")
    var seed: UInt64 = 1

    @Option(help: "The law that acts in the managed phase.")
    var law: String = Law.defaultName

    @Option(name: .shortAndLong, help: "How to print the result: table or json.")
    var output: Output = .table

    @Option(help: ArgumentHelp("An existing directory: the managed phase is redrawn there from the log alone (managed.csv, managed.svg).", valueName: "directory"))
    var out: String?

    func validate() throws {
        _ = try length()
        guard Law.names.contains(law) else { throw ValidationError("--law: '\(law)' is no law; there is: \(Law.names.joined(separator: ", "))") }
        if let out, access(out, W_OK) != 0 { throw ValidationError("--out: '\(out)' is no directory that can be written; make it first") }
    }

    private func length() throws -> Nanoseconds {
        let length: Nanoseconds
        do { length = try Nanoseconds(parsing: duration) } catch { throw ValidationError("--for: \(error)") }
        guard length >= .seconds(120), length <= .seconds(3600) else { throw ValidationError("--for: give the lab 120s to 1h, not \(duration)") }
        return length
    }

    func run() async throws {
        let length = try length()
        try await reportingFailures {
            let problems = LabPreflight.problems()
            for problem in problems { say("\(problem)") }
            guard problems.isEmpty else { throw FairleadExit.unavailable }
            let result = try await LabRun(length: length, seed: seed, law: law, out: out).run()
            switch output {
            case .json: print(result.json.indentedText)
            case .table: print(result.table)
            }
            guard result.isTold else { throw FairleadExit.different }
        }
    }
}
