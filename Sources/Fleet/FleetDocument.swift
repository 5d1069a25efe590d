import Quantities
import Yams

/// The configuration files: documents of the kinds `Fleet` (one) and `Cluster` (any number), in any order and any number of files.
///
/// The core reads text that it is handed; finding and opening the files is the rim's. `read` tells everything that is wrong, not the
/// first thing, and gives a configuration only where nothing is.
public enum FleetDocument {
    public static let apiVersion = "fairlead.dev/v1alpha1"
    /// The ending of the file names that a directory is searched for.
    public static let fileNameEndings = [".yaml", ".yml"]
    /// A larger file is refused unread: no fleet needs one, and the parser holds several times its size.
    public static let maximumFileBytes = 4 << 20

    enum Kind: String, CaseIterable {
        case fleet = "Fleet"
        case cluster = "Cluster"
    }

    /// Reads the files as one fleet. The problems come in the order of the files, then by line.
    ///
    /// A site may hold a part: the Fleet and its own Cluster. With `isPart` a link may lead to a cluster that is not among the files.
    public static func read(_ files: [(name: String, text: String)], isPart: Bool = false) -> (
        configuration: FleetConfiguration?, problems: [ConfigurationProblem]
    ) {
        let problems = ProblemCollector()
        let sources = files.map { YAMLFile(name: $0.name, text: $0.text, problems: problems) }
        let documents = sources.flatMap { source in source.documents.compactMap {
                DocumentHeader(of: $0, in: source.name, kinds: Kind.allCases.map(\.rawValue), problems)
            }
        }

        let isWhole = sources.allSatisfy(\.isWhole)
        let fleetDocuments = documents.filter { $0.kind == Kind.fleet.rawValue }
        var configuration: FleetConfiguration?
        let names = DeclaredNames()
        if let first = fleetDocuments.first {
            configuration = FleetReader(names: names).read(first)
        } else if isWhole && !sources.isEmpty {
            problems.report(
                "no document of kind Fleet; one must state the links", at: SourcePlace(file: sources[0].name, line: 1, column: 1), path: "")
        }
        for second in fleetDocuments.dropFirst() {
            second.kindField.report("a second Fleet; the first stands at \(fleetDocuments[0].kindField.place.description)")
        }
        // Where no Fleet could be read, every link of every cluster would seem unknown: say nothing of them.
        names.areKnown = !fleetDocuments.isEmpty
        let reader = ClusterReader(names: names)
        let clusters = documents.filter { $0.kind == Kind.cluster.rawValue }.compactMap(reader.read)
        configuration?.clusters = clusters.sorted { $0.id < $1.id }
        if isWhole && !isPart { names.checkLinkEnds() }
        if let configuration, problems.problems.isEmpty { names.checkReserves(of: configuration) }

        let found = problems.sorted(byFiles: files.map(\.name))
        return (found.isEmpty ? configuration : nil, found)
    }

}

/// The part that all kinds share. A missing name or spec is reported already; what is there is read all the same.
struct DocumentHeader {
    let kind: String
    let kindField: ConfigurationField
    let name: String?
    let nameField: ConfigurationField?
    let spec: ConfigurationObject?

    /// What every document begins with; nil where it is empty or says too little to be read on.
    init?(of node: Node, in file: String, kinds: [String], _ problems: ProblemCollector) {
        let field = ConfigurationField(node: node, path: "", file: file, problems: problems)
        guard !field.isNull, let object = field.object() else { return nil }
        let known = FleetDocument.apiVersion
        if let version = object.required("apiVersion", hint: "write apiVersion: \(known)"), let text = version.text(), text != known {
            version.report("'\(text)' is not known; write \(known)")
        }
        let hint = "write \(kinds.map { "kind: \($0)" }.joined(separator: " or "))"
        guard let kindField = object.required("kind", hint: hint), let kind = kindField.oneOf(kinds) else { return nil }
        let metadata = object.required("metadata", hint: "write metadata: {name: …}")?.object()
        self.kind = kind
        self.kindField = kindField
        nameField = metadata?.required("name")
        name = nameField?.name()
        metadata?.finish()
        spec = object.required("spec")?.object()
        object.finish()
    }
}

/// The names that the Fleet document declares, right or wrong otherwise, and the references to clusters that are checked at the end.
final class DeclaredNames {
    var links: [String: ConfigurationField] = [:]
    var slaClasses: [String] = []
    var tiers: [TierSpecification] = []
    var clusters: [String: ConfigurationField] = [:]
    var ciliumNames: [String: ConfigurationField] = [:]
    var ciliumIDs: [String: ConfigurationField] = [:]
    var linkEnds: [ConfigurationField] = []
    /// False where there was no Fleet to declare any.
    var areKnown = true

    func checkLinkEnds() {
        for end in linkEnds {
            guard let name = end.text(), clusters[name] == nil else { continue }
            end.report("there is no cluster '\(name)'; \(NearestName.hint(for: name, among: Array(clusters.keys)))")
        }
    }

    /// A link whose critical flows keep more than it carries leaves nothing to share, not even the floors.
    func checkReserves(of configuration: FleetConfiguration) {
        for link in configuration.links {
            let reserve = configuration.reserve(on: link.id)
            guard reserve >= link.capacity else { continue }
            links[link.id.text]?.report(
                "the critical flows keep \(reserve) of it, and it carries \(link.capacity); lower a reserve or correct the capacity")
        }
    }
}
