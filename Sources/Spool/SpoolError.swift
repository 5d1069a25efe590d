import GRDB

/// The spool could not do what it was asked. Nothing was changed, unless the code says otherwise.
public struct SpoolError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        /// The file is not there and cannot be made, is no spool of ours, or belongs to another stream.
        case cannotOpen = "cannot-open"
        /// The disk is full, or one batch alone is larger than the spool's bound.
        case full
        /// The file's structure is damaged beyond one record: set it aside and begin a new spool.
        case corrupt
        /// Another process holds the spool.
        case busy
        /// The entries do not continue the chain where it ends. Our own mistake, refused before it is written.
        case discontinuous
        /// The disk failed to read or write.
        case inputOutput = "input-output"
    }

    public let code: Code
    /// SQLite's extended result code, as given; nil where SQLite was not asked.
    public let underlying: Int32?
    /// What was being done, and with which file. Holds no contents.
    public let context: String

    public init(_ code: Code, underlying: Int32? = nil, context: String) {
        self.code = code
        self.underlying = underlying
        self.context = context
    }

    /// Whether the same call may succeed later without anybody's help.
    public var isRetriable: Bool {
        switch code {
        case .full, .busy, .inputOutput: true
        case .cannotOpen, .corrupt, .discontinuous: false
        }
    }

    public var description: String {
        underlying.map { "spool \(code.rawValue) (SQLite \($0)): \(context)" } ?? "spool \(code.rawValue): \(context)"
    }
}

extension SpoolError {
    /// Translates what GRDB or a closure of ours threw. The message of SQLite is left out: it may hold values.
    init(_ error: any Error, doing action: String, otherwise: Code = .inputOutput) {
        if let own = error as? SpoolError {
            self = own
            return
        }
        guard let database = error as? DatabaseError else {
            self.init(otherwise, context: action)
            return
        }
        let code: Code =
            switch database.resultCode {
            case .SQLITE_FULL: .full
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: .corrupt
            case .SQLITE_BUSY, .SQLITE_LOCKED: .busy
            case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH: .cannotOpen
            default: otherwise
            }
        self.init(code, underlying: database.extendedResultCode.rawValue, context: action)
    }
}
