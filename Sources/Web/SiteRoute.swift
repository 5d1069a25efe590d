import Events
import Quantities

/// The addresses of the site.
enum SiteRoute: Equatable {
    case fleet
    case cluster(ClusterID)
    case timelinePicture(ClusterID)
    case decision(LogPosition)
    case allocation
    case alerts
    case log
    case live(check: String?)
    case ready(check: String?)
    case metrics
    case events
    case asset(String)

    /// Nil where nothing is there.
    init?(_ segments: [String]) {
        switch (segments.first, segments.count) {
        case (nil, _): self = .fleet
        case ("c", 2): self = .cluster(ClusterID(segments[1]))
        case ("c", 3) where segments[2] == "timeline.svg": self = .timelinePicture(ClusterID(segments[1]))
        case ("d", 2...):
            guard let position = LogPosition(parsing: segments.dropFirst().joined(separator: "/")) else { return nil }
            self = .decision(position)
        case ("a", 1): self = .allocation
        case ("alerts", 1): self = .alerts
        case ("log", 1): self = .log
        case ("livez", 1...2): self = .live(check: segments.dropFirst().first)
        case ("readyz", 1...2), ("healthz", 1...2): self = .ready(check: segments.dropFirst().first)
        case ("metrics", 1): self = .metrics
        case ("events", 1): self = .events
        case ("static", 2): self = .asset(segments[1])
        default: return nil
        }
    }

    static func path(of cluster: ClusterID) -> String { "/c/\(percentEncoded(cluster.text))" }
    /// A stream's own slashes stay slashes: `/d/plant-a/4f21c09a/118`.
    static func path(of position: LogPosition) -> String {
        let stream = position.stream.text.split(separator: "/", omittingEmptySubsequences: false).map { percentEncoded(String($0)) }
        return "/d/\(stream.joined(separator: "/"))/\(position.sequence)"
    }
}
