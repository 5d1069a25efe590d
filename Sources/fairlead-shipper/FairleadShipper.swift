import Adapters
import ArgumentParser

/// The small binary that runs in every cluster.
@main
struct FairleadShipper: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fairlead-shipper",
        abstract: "Measures critical flows, brakes best-effort workloads, and tells the central log why.",
        discussion: """
            Runs beside the workloads of one cluster. A brake is pulled here within one
            tick, whether the centre answers or not; a raise needs the coordinator's
            grant.

            Examples:
              fairlead-shipper run --config /etc/fairlead --cluster plant-a --spool /var/lib/fairlead/spool.sqlite
              fairlead-shipper reflect --listen 0.0.0.0:8620 --key-file /etc/fairlead/probe.key --allow 10.0.0.0/8
              fairlead-shipper probe --config /etc/fairlead --cluster plant-a --listen 0.0.0.0:9201

            Exit codes: 0 ended as asked, 1 a configuration that is wrong, 2 something
            could not be reached or done, 64 wrong usage.
            """,
        version: FairleadVersion.text, subcommands: [RunCommand.self, ProbeCommand.self, ReflectCommand.self])
}
