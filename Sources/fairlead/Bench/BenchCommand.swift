import ArgumentParser

/// `fairlead bench`: what is promised in numbers, measured beside floors and ideals of the same run.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure parts on this machine: speed, and what the laws do.",
        subcommands: [BenchAllocateCommand.self, BenchAppendCommand.self, BenchLawsCommand.self, BenchForecastCommand.self])
}
