import Events
public import PostgreSQL
public import Quantities
import Schema

/// How often appends to a stream were refused for one reason. Counted by the log in the transaction that answers.
public struct RefusalCount: Hashable, Sendable {
    /// A stream; or `role NAME`, for what a role asked of streams that are not its own, or not there.
    public var who: String
    /// A word of `LogRefusal`, `conflict` or `fenced`.
    public var word: String
    public var times: Int64
    public var last: WallTime

    /// What is wrong and what helps, for people.
    public var sentence: String {
        switch word {
        case "conflict": "something else stands on the log than was sent: two writers with one identity, or a forged row; run fairlead log verify"
        case "fenced": "a newer writer has opened the stream; the older one begins anew"
        default: LogRefusal(rawValue: word)?.sentence ?? "a reason of a later version"
        }
    }

    /// The newest first.
    public static func all(_ connection: PostgresConnection) async throws(PostgresError) -> [RefusalCount] {
        try await connection.run { session throws(PostgresError) in
            try session.query(Query.logRefusals) { row throws(PostgresError) in
                RefusalCount(
                    who: try row.value("who"), word: try row.value("word"), times: try row.value("times"),
                    last: WallTime(microseconds: try row.value("last_us")))
            }
        }
    }
}
