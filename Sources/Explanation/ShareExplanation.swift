public import Events
import Quantities

/// Why a workload gets the share it gets: what binds it, what would bind next, and who would lose if it gained.
public struct ShareExplanation: Sendable {
    /// How many of those who would lose are named; the rest is counted.
    public static let namedLosers = 3

    public let share: AllocationRecord.Share
    public let allocation: AllocationRecord

    public init(_ share: AllocationRecord.Share, in allocation: AllocationRecord) {
        self.share = share
        self.allocation = allocation
    }

    public var text: String {
        let granted = share.granted == share.share ? "" : " (granted \(share.granted.readable) so far: the rest waits until others have gone down, or is too little for a change)"
        let subject = "\(share.workload) of \(share.cluster) gets \(share.share.readable)\(granted): "
        if share.binding == "use" { return plainLine(subject + "it is idle, and keeps a quarter above what it uses. \(consequence)") }
        let next = share.next.map { "; behind it \(described($0))" } ?? ""
        let comma = link(share.binding) == nil ? "" : ","
        return plainLine(subject + "\(described(share.binding))\(comma) binds\(next). \(consequence)")
    }

    /// The other workloads that the same link or budget binds: what one gains there, they lose.
    public var losers: [AllocationRecord.Share] {
        guard !isOwnBound(share.binding) else { return [] }
        return allocation.shares.filter {
            $0.binding == share.binding && !($0.cluster == share.cluster && $0.workload == share.workload)
        }
    }

    private var consequence: String {
        if isOwnBound(share.binding) { return "Nobody would lose if that moved." }
        let losers = losers
        if losers.isEmpty { return "Nobody else is bound there." }
        let named = losers.prefix(ShareExplanation.namedLosers).map { "\($0.workload) of \($0.cluster)" }.joined(separator: ", ")
        let more = losers.count > ShareExplanation.namedLosers ? " and \(losers.count - ShareExplanation.namedLosers) more" : ""
        return "If it gained, \(named)\(more) would lose."
    }

    private func isOwnBound(_ resource: String) -> Bool { ["ceiling", "floor", "use"].contains(resource) }

    private func link(_ resource: String) -> AllocationRecord.Link? {
        allocation.links.first { resource == "link \($0.link)" || resource == $0.link.text }
    }

    private func described(_ resource: String) -> String {
        if isOwnBound(resource) { return "its own \(resource)" }
        // brake plant-a/wan: a site's own, which it says itself.
        if resource.hasPrefix("brake "), let slash = resource.lastIndex(of: "/") { return "its own brake on \(resource[slash...].dropFirst())" }
        guard let link = link(resource) else { return resource }
        let lowered = link.effective < link.configured ? " (configured \(link.configured.readable))" : ""
        return "\(link.link), which carries \(link.effective.readable)\(lowered) less \(link.reserved.readable) reserved"
    }
}
