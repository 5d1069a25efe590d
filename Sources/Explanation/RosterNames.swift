import Events
import Quantities

/// Names for the indices on a tick's row. A row whose roster is gone or shorter still gets a name, `flow 3`, never a trap.
struct RosterNames {
    let roster: Roster?

    func flow(_ index: Int16?) -> String {
        guard let index else { return "no flow" }
        return flowEntry(index)?.id.text ?? "flow \(index)"
    }
    func flowEntry(_ index: Int16) -> Roster.Flow? { element(roster?.flows, index) }
    func link(_ index: Int16) -> String { element(roster?.links, index)?.text ?? "link \(index)" }
    func law(_ index: Int16) -> Roster.Law? { element(roster?.laws, index) }
    func lawName(_ index: Int16) -> String { law(index)?.name ?? "law \(index)" }

    /// The managed workloads that cross the link: those whose sum the loop steers.
    func workloads(crossing index: Int16) -> [String] {
        guard let roster, let link = element(roster.links, index) else { return [] }
        return roster.workloads.filter { $0.links.contains(link) }.map(\.id.text)
    }

    private func element<Element>(_ list: [Element]?, _ index: Int16) -> Element? {
        guard let list, list.indices.contains(Int(index)) else { return nil }
        return list[Int(index)]
    }
}
