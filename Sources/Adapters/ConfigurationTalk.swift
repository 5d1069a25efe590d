public import Fleet

/// Says everything that is wrong in a fleet's files on standard error, each on a line of its own that begins with its place, then how
/// much it is: the same for whoever reads the files.
public func standardError(_ problems: [ConfigurationProblem]) {
    for problem in problems { standardError(problem.description) }
    standardError(FleetSummary.sentence(of: problems))
}
