internal import Glibc

/// What the lab needs of the machine, looked at before anything is made.
public enum LabPreflight {
    /// All that is missing, in sentences; empty where the lab can run.
    public static func problems() -> [LabError] {
        var problems: [LabError] = []
        if geteuid() != 0 { problems.append(LabError(.needsRoot, context: "the lab")) }
        for (program, package) in [("ip", "iproute2"), ("tc", "iproute2"), ("iperf3", "iperf3"), ("setpriv", "util-linux")]
        where !isInstalled(program) {
            problems.append(LabError(.toolMissing, underlying: package, context: program))
        }
        return problems
    }

    private static func isInstalled(_ program: String) -> Bool {
        ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].contains { unsafe access("\($0)/\(program)", X_OK) == 0 }
    }
}
