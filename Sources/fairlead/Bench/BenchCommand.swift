import ArgumentParser

/// `fairlead bench`: what the speed of a part is, beside floors that are measured in the same run.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure a part's speed on this machine.", subcommands: [BenchAllocateCommand.self, BenchLawsCommand.self])
}
