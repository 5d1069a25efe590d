internal import HTTPTransport
internal import JSONDocument

/// The `Status` object of an answer that is not a success, as far as we use it. Some answers carry plain text instead (429 by
/// API Priority and Fairness, an unknown API group), and a 504's JSON is labelled plain text: the label is not looked at.
struct APIStatus {
    /// The server's words. Some quote the whole object, so they are cut.
    let message: String
    let reason: String
    /// Whether the refusal names what is wrong with which field. A failed JSON Patch `test` names nothing.
    let hasCauses: Bool

    static let maximumMessageBytes = 512

    init(_ response: HTTPResponse) {
        // Not JSON is as good an answer as any: then the text itself is shown.
        if let value = try? JSONValue(parsing: response.body) {
            message = APIStatus.bounded(value["message"]?.string ?? "")
            reason = APIStatus.bounded(value["reason"]?.string ?? "")
            hasCauses = !(value["details"]?["causes"]?.array ?? []).isEmpty
        } else {
            message = APIStatus.bounded(String(decoding: response.body.prefix(APIStatus.maximumMessageBytes + 4), as: UTF8.self))
            reason = ""
            hasCauses = false
        }
    }

    static func bounded(_ text: String) -> String {
        guard text.utf8.count > maximumMessageBytes else { return text }
        var kept = ""
        var bytes = 0
        for character in text {
            bytes += character.utf8.count
            guard bytes <= maximumMessageBytes else { break }
            kept.append(character)
        }
        return kept + "…"
    }
}
