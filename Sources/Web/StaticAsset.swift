/// The files beside the pages, held in the binary: nothing is fetched from elsewhere.
struct StaticAsset {
    let contentType: String
    let text: String

    static func named(_ name: String) -> StaticAsset? {
        switch name {
        case "fairlead.css": StaticAsset(contentType: "text/css; charset=utf-8", text: StyleSheet.text)
        case "fairlead.js": StaticAsset(contentType: "text/javascript; charset=utf-8", text: PageScript.text)
        case "mark.svg": StaticAsset(contentType: "image/svg+xml; charset=utf-8", text: mark)
        default: nil
        }
    }

    var answer: SiteAnswer {
        SiteAnswer(contentType: contentType, fields: [("cache-control", "max-age=300")], body: text)
    }

    /// The ring and the two lines that it keeps apart.
    private static let mark = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M2 11C10 11 12 13 16 13S24 9 30 9M2 21C10 21 12 19 16 19S24 23 30 23" fill="none" stroke="#b87a10" stroke-width="2.4"/><circle cx="16" cy="16" r="9" fill="none" stroke="#3b78c9" stroke-width="3.4"/></svg>
        """
}
