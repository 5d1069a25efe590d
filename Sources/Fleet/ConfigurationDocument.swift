import Yams

/// A document of another kind than a fleet's own (a plant, a scenario), read by the same rules: places, all errors at once, no
/// unknown keys.
public struct ConfigurationDocument {
    public let name: String
    public let spec: ConfigurationObject

    /// Reads the documents of one file, each of `kind`, with `read`, which returns nil where it has reported what is wrong.
    ///
    /// The problems come by line; a value is given only where there are none.
    public static func read<Value>(
        _ file: (name: String, text: String), kind: String, _ read: (ConfigurationDocument) -> Value?
    ) -> (values: [Value], problems: [ConfigurationProblem]) {
        let problems = ProblemCollector()
        let source = YAMLFile(name: file.name, text: file.text, problems: problems)
        let values = source.documents.compactMap { node -> Value? in
            guard let header = DocumentHeader(of: node, in: file.name, kinds: [kind], problems), let spec = header.spec, let name = header.name
            else { return nil }
            let value = read(ConfigurationDocument(name: name, spec: spec))
            spec.finish()
            return value
        }
        let found = problems.sorted(byFiles: [file.name])
        return (found.isEmpty ? values : [], found)
    }
}
