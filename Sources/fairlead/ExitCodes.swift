import ArgumentParser

/// The exit codes, the same for every command. `fairlead --help` prints them.
enum FairleadExit {
    /// A difference, a wrong file, a check that failed.
    static let different = ExitCode(1)
    /// Something could not be reached or done.
    static let unavailable = ExitCode(2)

    /// The command line is wrong in a way that only the files show.
    static let usage = ExitCode(64)

    static let table = """
        0    done; for a comparison: no difference
        1    a difference, a wrong file, or a check that failed
        2    something could not be reached or done (database, network, file)
        64   the command line is wrong
        130  interrupted (SIGINT)
        143  terminated (SIGTERM)
        """
}
