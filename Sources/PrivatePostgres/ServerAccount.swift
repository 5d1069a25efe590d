internal import Glibc

/// The operating system account that the server runs as: PostgreSQL refuses root, so root steps down to an unprivileged user.
struct ServerAccount {
    let user: uid_t
    let group: gid_t
    /// Whether we have to change to it.
    let stepsDown: Bool

    static func current() -> ServerAccount {
        guard getuid() == 0 else { return ServerAccount(user: getuid(), group: getgid(), stepsDown: false) }
        for name in ["postgres", "nobody"] {
            if let entry = unsafe getpwnam(name) {
                return unsafe ServerAccount(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid, stepsDown: true)
            }
        }
        return ServerAccount(user: 65_534, group: 65_534, stepsDown: true)
    }

    /// The command under this account. `setpriv` execs, so the process id is the server's own, and the kernel interrupts it (a fast
    /// shutdown) when the thread that started it goes, however we end.
    func command(_ program: [String], endsWithParent: Bool) -> [String] {
        // A directory that every account may stand in: ours may be closed to the unprivileged one.
        var command = ["env", "-C", "/", "setpriv"]
        if stepsDown { command += ["--reuid", "\(user)", "--regid", "\(group)", "--clear-groups", "--no-new-privs"] }
        if endsWithParent { command += ["--pdeathsig", "INT"] }
        return stepsDown || endsWithParent ? command + program : program
    }
}
