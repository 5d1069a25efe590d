import Quantities
import Yams

/// A mapping of a document. Its reader asks for the keys that it knows; `finish` reports the ones nobody asked for.
public final class ConfigurationObject {
    public let field: ConfigurationField
    private var values: [String: ConfigurationField] = [:]
    private var keys: [(name: String, place: SourcePlace)] = []
    private var asked: [String] = []
    private var unread: Set<String> = []

    init(_ mapping: Node.Mapping, field: ConfigurationField) {
        self.field = field
        for (key, value) in mapping {
            let place = key.mark.map { SourcePlace(file: field.place.file, line: $0.line, column: $0.column) } ?? field.place
            guard let name = key.scalar?.string else {
                field.problems.report("a key must be one word", at: place, path: field.path)
                continue
            }
            let path = field.path.isEmpty ? name : "\(field.path).\(name)"
            keys.append((name, place))
            values[name] = ConfigurationField(
                node: value, path: path, file: field.place.file, enclosing: place, problems: field.problems)
            unread.insert(name)
        }
    }

    /// The value of `key`; nil where it is absent or nothing.
    public func optional(_ key: String) -> ConfigurationField? {
        asked.append(key)
        unread.remove(key)
        guard let value = values[key], !value.isNull else { return nil }
        return value
    }

    /// The value of `key`, reported where it is absent or nothing.
    public func required(_ key: String, hint: String = "") -> ConfigurationField? {
        if let value = optional(key) { return value }
        let place = keys.first { $0.name == key }?.place ?? field.place
        let path = field.path.isEmpty ? key : "\(field.path).\(key)"
        field.problems.report("is missing\(hint.isEmpty ? "" : "; \(hint)")", at: place, path: path)
        return nil
    }

    /// Whether a key is written at all.
    public func has(_ key: String) -> Bool { values[key] != nil }

    /// Reports every key that was not asked for, with the nearest one that was.
    public func finish() {
        for (name, place) in keys where unread.contains(name) {
            let path = field.path.isEmpty ? name : "\(field.path).\(name)"
            let free = asked.filter { values[$0] == nil }
            let hint = NearestName.nearest(to: name, among: free).map { "did you mean '\($0)'?" }
                ?? NearestName.hint(for: name, among: asked)
            field.problems.report("unknown key; \(hint)", at: place, path: path)
        }
    }

    /// Every key with its value, for mappings whose keys are the person's own.
    public func entries() -> [(name: String, value: ConfigurationField)] {
        keys.compactMap { key in
            unread.remove(key.name)
            return values[key.name].map { (key.name, $0) }
        }
    }
}

extension ConfigurationField {
    /// One of several forms: a bare word of `words`, or a single key of `objects` with what belongs to it.
    func choice(words: [String], objects: [String]) -> (name: String, body: ConfigurationObject?)? {
        let known = words + objects
        switch node {
        case .scalar(let scalar) where !isNull:
            if words.contains(scalar.string) { return (scalar.string, nil) }
            if objects.contains(scalar.string) {
                report("'\(scalar.string)' needs its settings; write them below '\(scalar.string):'")
            } else {
                report("'\(scalar.string)' is not known here; \(NearestName.hint(for: scalar.string, among: known))")
            }
            return nil
        case .mapping:
            guard let object = object() else { return nil }
            let entries = object.entries()
            guard entries.count == 1, let (name, value) = entries.first else {
                report("write exactly one of \(known.joined(separator: ", "))")
                return nil
            }
            if words.contains(name), value.isNull { return (name, nil) }
            guard objects.contains(name) else {
                value.report("unknown key; \(NearestName.hint(for: name, among: known))")
                return nil
            }
            return value.object().map { (name, $0) }
        default:
            report("write one of \(known.joined(separator: ", "))")
            return nil
        }
    }
}
