import JSONDocument

/// What the site answers: a status, a type and the whole text. Every answer carries the security fields of `SecurityFields`.
public struct SiteAnswer: Sendable {
    public var status: Int
    public var contentType: String
    public var fields: [(name: String, value: String)]
    public var body: String

    public init(status: Int = 200, contentType: String, fields: [(name: String, value: String)] = [], body: String) {
        self.status = status
        self.contentType = contentType
        self.fields = fields
        self.body = body
    }

    static func html(_ body: String, status: Int = 200) -> SiteAnswer {
        SiteAnswer(status: status, contentType: "text/html; charset=utf-8", fields: [("cache-control", "no-store")], body: body)
    }
    static func plain(_ body: String, status: Int = 200) -> SiteAnswer {
        SiteAnswer(status: status, contentType: "text/plain; charset=utf-8", fields: [("cache-control", "no-store")], body: body)
    }
    static func json(_ value: JSONValue, status: Int = 200) -> SiteAnswer {
        SiteAnswer(
            status: status, contentType: "application/json", fields: [("cache-control", "no-store")], body: value.indentedText + "\n")
    }
}

/// The fields on every answer, errors included. Nothing inline, nothing from elsewhere, no frame, no guessing of types; scripts may
/// not turn words into markup.
enum SecurityFields {
    static let contentPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
        + "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

    static let all: [(name: String, value: String)] = [
        ("content-security-policy", contentPolicy),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ]
}
