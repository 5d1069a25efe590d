internal import JSONDocument
internal import ScriptedHTTP

/// The server's words, byte for byte as recorded. The API ends each JSON object with a line feed.
enum APIAnswer {
    static func object(_ value: JSONValue, status: Int = 200) -> ScriptedAnswer {
        .json(status, value.text + "\n", headers: [("Cache-Control", "no-cache, private")])
    }

    static func status(_ code: Int, _ reason: String, message: String, details: JSONValue? = nil) -> ScriptedAnswer {
        var members: [JSONValue.Member] = [
            .init("kind", .string("Status")), .init("apiVersion", .string("v1")), .init("metadata", [:]),
            .init("status", .string("Failure")), .init("message", .string(message)), .init("reason", .string(reason)),
        ]
        if let details { members.append(.init("details", details)) }
        members.append(.init("code", .integer(code)))
        return object(.object(members), status: code)
    }

    static let unauthorized = status(401, "Unauthorized", message: "Unauthorized")
    static let timeout = ScriptedAnswer.text(
        504,
        #"{"metadata":{},"status":"Failure","message":"Timeout: request did not complete within the allotted timeout","reason":"Timeout","details":{},"code":504}"#
            + "\n", type: "text/plain; charset=utf-8")
    /// A patch that cannot be applied: a failed `test`, a missing path. Nothing in it tells which.
    static let patchNotApplicable = status(
        422, "Invalid", message: "the server rejected our request due to an error in our request", details: [:])

    static func throttled(_ seconds: Int) -> ScriptedAnswer {
        .text(
            429, "Too many requests, please try again later.\n", type: "text/plain; charset=utf-8",
            headers: [("Retry-After", String(seconds)), ("X-Content-Type-Options", "nosniff")])
    }
    static func notFound(_ resource: String, group: String = "", _ name: String) -> ScriptedAnswer {
        let qualified = group.isEmpty ? resource : "\(resource).\(group)"
        return status(404, "NotFound", message: "\(qualified) \"\(name)\" not found", details: details(resource, group, name))
    }
    static func modified(_ qualified: String, _ name: String) -> String {
        "Operation cannot be fulfilled on \(qualified) \"\(name)\": the object has been modified; please apply your changes to the latest version and try again"
    }
    static func details(_ resource: String, _ group: String, _ name: String) -> JSONValue {
        group.isEmpty
            ? ["name": .string(name), "kind": .string(resource)]
            : ["name": .string(name), "group": .string(group), "kind": .string(resource)]
    }
}
