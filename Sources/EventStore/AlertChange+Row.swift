import Events
import JSONDocument
import PostgreSQL
import Quantities

extension OutboxStore {
    /// A row of `alert_restore`; nil for a state or labels that this binary does not know, which a later version wrote.
    static func change(_ row: borrowing PostgresRow) throws(PostgresError) -> (change: AlertChange, at: WallTime)? {
        let word: String = try row.value("state")
        let text: String = try row.value("labels")
        guard let state = AlertChange.State(rawValue: word), case .object(let members)? = try? JSONValue(parsing: text) else { return nil }
        var labels: [String: String] = [:]
        for member in members {
            guard let value = member.value.string else { return nil }
            labels[member.key] = value
        }
        let change = AlertChange(
            fingerprint: try row.value("fingerprint"), rule: try row.value("rule"), state: state, labels: labels,
            summary: try row.value("summary"))
        return (change, WallTime(microseconds: try row.value("at_us")))
    }
}
