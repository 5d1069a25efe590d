import Explanation
import Mustache
import Quantities

/// The frame around every page: head, navigation, the instant at which it was judged, and the body from its template. All values
/// are escaped by the template engine; only SVG that we drew ourselves goes in as it is.
struct Page {
    enum Section: String { case fleet, allocation, alerts, log }

    let title: String
    let section: Section?
    let now: WallTime
    /// Whether the script may renew the page while it is open.
    var isLive = false

    func render(_ template: String, _ values: [String: Any]) -> String {
        var all = values
        all["page_title"] = title
        all["now"] = Page.time(now)
        all["now_us"] = String(now.microseconds)
        all["now_iso"] = now.description
        all["is_live"] = isLive
        all["navigation"] = Page.navigation.map { section, name, path in
            ["name": name, "path": path, "current": section == self.section] as [String: Any]
        }
        // The templates are ours and named here: a missing one is our own mistake.
        guard let text = Page.library.render(all, withTemplate: template) else { preconditionFailure("there is no template \(template)") }
        return text
    }

    private static let navigation: [(Section, String, String)] = [
        (.fleet, "Fleet", "/"), (.allocation, "Allocation", "/a"), (.alerts, "Alerts", "/alerts"), (.log, "Log", "/log"),
    ]

    /// `06:40:00 UTC`.
    static func time(_ instant: WallTime) -> String { "\(instant.description.dropFirst(11).prefix(8)) UTC" }

    /// The values of `{{#age}}…{{/age}}`: the words, and the instant for the script that lets them grow.
    static func age(_ instant: WallTime, _ now: WallTime, prefix: String = "") -> [String: Any] {
        ["iso": instant.description, "us": String(instant.microseconds), "words": Age(of: instant, at: now).text, "prefix": prefix]
    }

    private static let library: MustacheLibrary = {
        do {
            var library = MustacheLibrary()
            for (name, text) in PageTemplates.all { try library.register(text, named: name) }
            return library
        } catch {
            preconditionFailure("a template of ours does not parse: \(error)")
        }
    }()
}
