/// What went wrong between us and PostgreSQL, in the few kinds a caller decides by.
///
/// `underlying` is the SQLSTATE (five characters; PostgreSQL manual, appendix A) where the server gave one, and the server's
/// primary message where it did not. Match `code`, never a message.
public struct PostgresError: Error, Equatable, Sendable {
    public enum Code: String, Sendable, CaseIterable {
        /// No server answered, or the connection broke. What was sent may or may not have happened.
        case connectionFailed
        /// The server does not accept this role, password or certificate.
        case authenticationFailed
        /// The server is starting, stopping or recovering.
        case serverShutDown
        /// The database holds other tables than Fairlead's, or does not exist.
        case notOurDatabase
        /// A newer Fairlead has migrated this database past what this binary can work with.
        case schemaTooNew
        /// The database has not been migrated as far as this binary needs.
        case schemaTooOld
        /// A constraint or a value check refused the row (SQLSTATE classes 22 and 23).
        case constraint
        /// The role may not do this.
        case insufficientPrivilege
        /// A concurrent transaction won (serialization failure, deadlock).
        case serialization
        /// The deadline, a lock timeout or a statement timeout passed.
        case timeout
        /// The answer has another shape than this binary expects: a column, a type, a command status.
        case protocolViolation
        case other
    }

    public let code: Code
    /// SQLSTATE, or empty where the failure was on our side of the wire.
    public let underlying: String
    /// One sentence: the server's primary message, or ours, and the next step where we know one. Without row contents.
    public let message: String
    /// What was being done: `statement append`, `connect /run/pg:5432/fairlead`.
    public let context: String
    /// Whether the same request, sent again, may succeed without anybody changing anything.
    public let isRetriable: Bool
    /// The constraint that refused, where one did.
    public let constraint: String?

    public init(
        _ code: Code, underlying: String = "", _ message: String, context: String, isRetriable: Bool? = nil, constraint: String? = nil
    ) {
        self.constraint = constraint
        self.code = code
        self.underlying = underlying
        self.message = message
        self.context = context
        self.isRetriable = isRetriable ?? PostgresError.isRetriable(code)
    }

    private static func isRetriable(_ code: Code) -> Bool {
        switch code {
        case .connectionFailed, .serverShutDown, .serialization, .timeout: true
        case .authenticationFailed, .notOurDatabase, .schemaTooNew, .schemaTooOld, .constraint, .insufficientPrivilege,
            .protocolViolation, .other:
            false
        }
    }
}

extension PostgresError: CustomStringConvertible {
    public var description: String {
        underlying.isEmpty ? "\(context): \(message)" : "\(context): \(message) (SQLSTATE \(underlying))"
    }
}

extension PostgresError {
    /// The kind of an SQLSTATE, by code and then by class.
    static func code(sqlState: String) -> Code {
        switch sqlState {
        case "40001", "40P01": return .serialization
        case "42501": return .insufficientPrivilege
        case "55P03", "57014", "25P03", "25P04": return .timeout
        case "57P01", "57P02", "57P03", "57P05": return .serverShutDown
        case "08P01": return .protocolViolation
        case "3D000": return .notOurDatabase
        case "53300": return .connectionFailed
        default: break
        }
        switch sqlState.prefix(2) {
        case "08": return .connectionFailed
        case "22", "23": return .constraint
        case "28": return .authenticationFailed
        case "40": return .serialization
        default: return .other
        }
    }
}
