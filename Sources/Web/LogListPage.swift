import Events
import Explanation
import JSONDocument
import Quantities
import ReadModel

/// `/log`: the entries themselves, newest first, of one stream or of all.
struct LogListPage {
    static let recordsPerPage = 100

    let readModel: any FleetReadModel
    let now: WallTime

    func answer(_ request: SiteRequest) async throws -> SiteAnswer {
        let stream = request.query["stream"].flatMap { $0.isEmpty ? nil : StreamName($0) }
        let before = try request.query["before"].map(cursor)
        let page = try await readModel.logPage(stream: stream, before: before, limit: LogListPage.recordsPerPage)
        if request.wantsJSON { return .json(json(page)) }
        let streams = try await readModel.heads()
        var values: [String: Any] = [
            "records": page.records.map(row), "is_empty": page.records.isEmpty, "all_current": stream == nil,
            "streams": streams.map { head in
                ["name": head.stream.text, "sequence": head.sequence, "path": LogListPage.path(head.stream, nil), "current": head.stream == stream]
                    as [String: Any]
            },
        ]
        if let next = page.next { values["older_path"] = LogListPage.path(stream, next) }
        if before != nil { values["newest_path"] = LogListPage.path(stream, nil) }
        return .html(Page(title: "Log", section: .log, now: now, isLive: before == nil).render("log", values))
    }

    private func cursor(_ text: String) throws -> LogCursor {
        guard let cursor = LogCursor(parsing: text) else {
            throw PageProblem(status: 400, title: "No such place", sentence: "`before` is a time in microseconds, @, and a position, as the links here write it.")
        }
        return cursor
    }

    /// The page of a stream that begins with this entry.
    static func path(to position: LogPosition) -> String {
        path(position.stream, LogCursor(receivedAt: WallTime(microseconds: 0), position: LogPosition(stream: position.stream, sequence: position.sequence + 1)))
    }

    private static func path(_ stream: StreamName?, _ before: LogCursor?) -> String {
        let parts = [stream.map { "stream=\(percentEncoded($0.text))" }, before.map { "before=\(percentEncoded($0.description))" }].compactMap { $0 }
        return parts.isEmpty ? "/log" : "/log?\(parts.joined(separator: "&"))"
    }

    private func row(_ record: LogRecord) -> [String: Any] {
        var row: [String: Any] = [
            "position": record.position.description, "age": Page.age(record.receivedAt, now), "time": Page.time(record.receivedAt),
            "kind": LogListPage.kind(record), "sentence": LogListPage.sentence(record),
        ]
        if case .tick(let tick) = record.entry, tick.decision != nil { row["path"] = SiteRoute.path(of: record.position) }
        return row
    }

    private static func kind(_ record: LogRecord) -> String {
        switch record.entry {
        case .tick(let tick): tick.decision.map { "tick, \($0.outcome.action.word)" } ?? "tick"
        case .event(let event): event.kind
        }
    }

    /// A tick without its roster has no names: the decision's own page has them.
    private static func sentence(_ record: LogRecord) -> String {
        switch record.entry {
        case .tick(let tick):
            return tick.decision.map { "\(DecisionSentence($0, roster: nil).act). \(ReasonSentence($0.outcome.reason).meaning)" }
                ?? "Tick \(tick.number), \(tick.flows.count) flows, no loop."
        case .event(let event):
            do {
                return FactSentence(try event.fact()).text
            } catch {
                return "This version cannot read it: \(error)."
            }
        }
    }

    private func json(_ page: LogPage) -> JSONValue {
        [
            "as_of": .string(now.description), "next": .optional(page.next?.description),
            "records": .array(page.records.map { record in
                [
                    "position": .string(record.position.description), "received_at": .string(record.receivedAt.description),
                    "kind": .string(LogListPage.kind(record)), "sentence": .string(LogListPage.sentence(record)),
                ]
            }),
        ]
    }
}
