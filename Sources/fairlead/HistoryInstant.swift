import ArgumentParser
import Foundation
import Quantities

/// An instant as a person names one: `7d`, `12h` or `30m` ago, a day (UTC), or RFC 3339 as every page prints it.
struct HistoryInstant: ExpressibleByArgument {
    private enum Form { case ago(Nanoseconds), at(WallTime) }
    private let form: Form
    /// As it was written.
    let defaultValueDescription: String

    init?(argument: String) {
        defaultValueDescription = argument
        if argument.hasSuffix("d"), let days = Int64(argument.dropLast()), (1...36_500).contains(days) {
            form = .ago(.seconds(days * 86_400))
        } else if let ago = try? Nanoseconds(parsing: argument), ago > .zero {  // no span: perhaps an instant
            form = .ago(ago)
        } else if let date = HistoryInstant.date(argument) {
            form = .at(WallTime(microseconds: Int64((date.timeIntervalSince1970 * 1e6).rounded())))
        } else {
            return nil
        }
    }

    func instant(before now: WallTime) -> WallTime {
        switch form {
        case .ago(let span): now + span * -1
        case .at(let time): time
        }
    }

    private static func date(_ text: String) -> Date? {
        let whole = text.count == 10 ? text + "T00:00:00Z" : text
        let forms = [true, false].map { Date.ISO8601FormatStyle(includingFractionalSeconds: $0) }
        // Each form refuses the texts of the other.
        return forms.lazy.compactMap { try? $0.parse(whole) }.first
    }
}
