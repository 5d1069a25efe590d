import Events
import Explanation
import JSONDocument
import Quantities
import ReadModel

/// `/a`: the newest allocation: what each link carries, and why each share is what it is.
struct AllocationPage {
    let readModel: any FleetReadModel
    let now: WallTime

    func answer(_ request: SiteRequest) async throws -> SiteAnswer {
        let newest = try await readModel.newestAllocation()
        if request.wantsJSON {
            return .json(["as_of": .string(now.description), "allocation": newest.map(json) ?? .null])
        }
        let page = Page(title: "Allocation", section: .allocation, now: now, isLive: true)
        guard let newest else { return .html(page.render("allocation", ["is_empty": true])) }
        let allocation = newest.allocation
        return .html(
            page.render("allocation", [
                "is_empty": false, "version": allocation.version.description, "age": Page.age(newest.at, now),
                "position": newest.position.description, "infeasible": !allocation.isFeasible,
                "links": allocation.links.map(link),
                "shares": allocation.shares.map { share in
                    [
                        "cluster": share.cluster.text, "path": SiteRoute.path(of: share.cluster), "workload": share.workload.text,
                        "share": share.share.readable, "granted": share.granted.readable,
                        "sentence": ShareExplanation(share, in: allocation).text,
                    ] as [String: Any]
                },
            ]))
    }

    /// Lengths are attributes of SVG, in thousandths of the configured capacity: nothing here needs a style.
    private func link(_ link: AllocationRecord.Link) -> [String: Any] {
        func thousandths(_ rate: BitRate) -> Int64 {
            link.configured == .zero ? 0 : min(1_000, Int64(Int128(rate.bitsPerSecond) * 1_000 / Int128(link.configured.bitsPerSecond)))
        }
        return [
            "link": link.link.text, "configured": link.configured.readable, "effective": link.effective.readable,
            "reserved": link.reserved.readable, "used": link.used.readable, "reserved_width": thousandths(link.reserved),
            "used_width": thousandths(link.used), "effective_width": thousandths(link.effective),
            "used_start": thousandths(link.reserved),
            "label": "\(link.link): \(link.reserved.readable) reserved and \(link.used.readable) allocated of \(link.effective.readable) effective, \(link.configured.readable) configured",
        ]
    }

    private func json(_ newest: AllocationOverview) -> JSONValue {
        [
            "position": .string(newest.position.description), "at": .string(newest.at.description),
            "version": .string(newest.allocation.version.description), "is_feasible": .bool(newest.allocation.isFeasible),
            "shares": .array(newest.allocation.shares.map { share in
                [
                    "cluster": .string(share.cluster.text), "workload": .string(share.workload.text),
                    "share_bits_per_second": .bitsPerSecond(share.share), "granted_bits_per_second": .bitsPerSecond(share.granted),
                    "binding": .string(share.binding), "next": .optional(share.next),
                    "sentence": .string(ShareExplanation(share, in: newest.allocation).text),
                ]
            }),
        ]
    }
}
