import Events
import Fleet
import Quantities

/// Whether the fleet's files speak of the fleet that the log tells of. A plan made with the files of another fleet is a plan about nothing.
struct FilesAgainstLog {
    /// Nothing of the files is on the log: a sentence with the next step. Nil where a plan has a meaning.
    let refusal: String?
    /// The files and the log differ in part: a new file, or one that `serve` has not read yet.
    let warnings: [String]

    /// - Parameters:
    ///   - clusters: those that have written to the log.
    ///   - newest: the newest allocation on the log, where there is one.
    init(_ fleet: FleetConfiguration, clusters: [ClusterID], newest: AllocationRecord?) {
        let advice = "give --config the files that serve reads"
        let (ours, theirs) = (fleet.clusters.map(\.id), clusters.sorted())
        if theirs.isEmpty {
            refusal = "no cluster has written to the log yet"
            warnings = []
            return
        }
        guard ours.contains(where: theirs.contains) else {
            refusal = "no cluster of these files is on the log: they have \(FilesAgainstLog.list(ours)), the log has \(FilesAgainstLog.list(theirs)); \(advice)"
            warnings = []
            return
        }
        let (files, log) = (fleet.links.map(\.id), (newest?.links ?? []).map(\.link))
        if !log.isEmpty, !files.contains(where: log.contains) {
            refusal = "no link of these files is in the newest allocation: they have \(FilesAgainstLog.list(files)), it has \(FilesAgainstLog.list(log)); \(advice)"
            warnings = []
            return
        }
        refusal = nil
        var differences: [String] = []
        func tell(_ names: [String], _ where_: String) { if !names.isEmpty { differences.append("\(FilesAgainstLog.list(names)) \(where_)") } }
        tell(ours.filter { !theirs.contains($0) }.map(\.text), "of the files has written nothing to the log")
        tell(theirs.filter { !ours.contains($0) }.map(\.text), "on the log is in no file")
        if let newest {
            tell(files.filter { !log.contains($0) }.map(\.text), "of the files is not in the newest allocation")
            tell(log.filter { !files.contains($0) }.map(\.text), "of the newest allocation is in no file")
            let moved = newest.links.filter { link in fleet.link(link.link).map { $0.capacity != link.configured } ?? false }
            differences += moved.map { link in
                "\(link.link) has \(fleet.link(link.link)?.capacity.readable ?? "") in the files and \(link.configured.readable) in the newest allocation"
            }
        }
        warnings = differences.map { "these files are not quite those of the running fleet: \($0); \(advice)" }
    }

    private static func list(_ names: [some CustomStringConvertible]) -> String {
        let named = names.prefix(8).map { "\($0)" }.joined(separator: ", ")
        return names.count > 8 ? "\(named) and \(names.count - 8) more" : named
    }
}
