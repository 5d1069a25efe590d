import JSONDocument
import Quantities

/// What is shown instead of a page: what is wrong and what to do, in one sentence. Old data is never shown in its place.
struct ErrorPage {
    let status: Int
    let title: String
    let sentence: String

    init(status: Int, title: String, sentence: String) {
        self.status = status
        self.title = title
        self.sentence = sentence
    }
    init(_ problem: PageProblem) { self.init(status: problem.status, title: problem.title, sentence: problem.sentence) }

    static let nothingHere = ErrorPage(
        status: 404, title: "Nothing here", sentence: "No page has this address. The fleet is at the start page.")
    static let logUnreadable = ErrorPage(
        status: 503, title: "The event log cannot be read",
        sentence: "The database did not answer, so nothing is known here at present; the loops in the clusters go on without it. "
            + "Ask /readyz?verbose for the reason.")

    func answer(_ request: SiteRequest, _ now: WallTime) -> SiteAnswer {
        if request.wantsJSON { return .json(["error": .string(title), "detail": .string(sentence)], status: status) }
        return .html(
            Page(title: title, section: nil, now: now).render("error", ["title": title, "sentence": sentence]), status: status)
    }
}
