public import PostgreSQL

extension PostgresError {
    /// What a person does next, where the error's own sentence does not say it; nil where it does, or where nobody knows.
    public var nextStep: String? {
        switch (code, underlying) {
        case (.connectionFailed, "53300"): "wait, or let the server take more connections (max_connections)"
        case (.connectionFailed, _): "see that PostgreSQL runs there, or name another with --database or the PG* variables"
        case (.authenticationFailed, _): "check the role and its password (PGPASSWORD, ~/.pgpass) or certificate, and the server's pg_hba.conf"
        case (.serverShutDown, _): "wait until the server has started, and try again"
        case (.notOurDatabase, "3D000"): "then: fairlead db migrate"
        case (.insufficientPrivilege, _): "ask with a role that may: a member of fairlead_analyst reads, of fairlead_owner does all (README, \"Who reads\")"
        default: nil
        }
    }
}

/// An error as one plain sentence with the next step, for a person at a terminal.
public func plainSentence(_ error: any Error) -> String {
    guard let database = error as? PostgresError, let nextStep = database.nextStep else { return "\(error)" }
    return "\(database); \(nextStep)"
}
