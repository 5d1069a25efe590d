import Testing

/// What did not come in time.
struct NotInTime: Error, CustomStringConvertible {
    let what: String
    let description: String
    init(_ what: String, after span: Duration, last: String?) {
        self.what = what
        description = "\(what): not within \(span)" + (last.map { "; last seen: \($0)" } ?? "")
    }
}

/// Looks again and again until `look` finds something: the one place where these tests wait for the world.
///
/// What is looked at is state that a kernel, a server or a file holds, so a look that comes late finds it as well. An error of a look
/// counts as not found, for a server that is being killed answers nothing; the last one is told when time is up.
@discardableResult
func eventually<Found>(
    _ what: String, within span: Duration = .seconds(30), _ look: () async throws -> Found?
) async throws -> Found {
    let clock = ContinuousClock()
    let deadline = clock.now + span
    var last: String?
    while true {
        do {
            if let found = try await look() { return found }
        } catch { last = "\(error)" }
        guard clock.now < deadline else { throw NotInTime(what, after: span, last: last) }
        try await clock.sleep(for: .milliseconds(25))
    }
}

/// The same for something that is or is not so.
func eventually(_ what: String, within span: Duration = .seconds(30), isTrue look: () async throws -> Bool) async throws {
    try await eventually(what, within: span) { try await look() ? () : nil }
}
