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
        // More is granted than the share only where it lies below the floor, below which no site goes.
        let isAtFloor = share.granted > share.share && !allocation.isFeasible
        let granted = isAtFloor ? " (granted \(share.granted.readable), its floor, at which it stays though that does not fit)"
            : share.granted == share.share ? "" : " (granted \(share.granted.readable) so far: the rest waits until others have gone down, or is too little for a change)"
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

    /// A resource as a table's cell: `link wan-a`, `its own brake on wan-a`, `its own ceiling`.
    public static func words(_ resource: String) -> String {
        if ["ceiling", "floor", "use"].contains(resource) { return "its own \(resource)" }
        guard resource.hasPrefix("brake "), let slash = resource.lastIndex(of: "/") else { return resource }
        return "its own brake on \(resource[slash...].dropFirst())"
    }

    private func described(_ resource: String) -> String {
        guard let link = link(resource) else { return ShareExplanation.words(resource) }
        let lowered = link.effective < link.configured ? " (configured \(link.configured.readable))" : ""
        return "\(link.link), which carries \(link.effective.readable)\(lowered) less \(link.reserved.readable) reserved"
    }
}
