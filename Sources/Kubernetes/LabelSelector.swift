internal import JSONDocument

/// The text of a workload's `spec.selector`, for a list's `labelSelector`.
enum LabelSelector {
    /// `app=a,tier in (b,c),!d`; nil where the selector is empty (it would choose every Pod) or holds an operator that is not known.
    static func text(of selector: JSONValue) -> String? {
        var terms: [String] = []
        for label in selector["matchLabels"]?.members ?? [] {
            guard let value = label.value.string else { return nil }
            terms.append("\(label.key)=\(value)")
        }
        for expression in selector["matchExpressions"]?.array ?? [] {
            guard let key = expression["key"]?.string, let comparison = expression["operator"]?.string else { return nil }
            let values = (expression["values"]?.array ?? []).compactMap(\.string).joined(separator: ",")
            switch comparison {
            case "In": terms.append("\(key) in (\(values))")
            case "NotIn": terms.append("\(key) notin (\(values))")
            case "Exists": terms.append(key)
            case "DoesNotExist": terms.append("!\(key)")
            default: return nil
            }
        }
        return terms.isEmpty ? nil : terms.joined(separator: ",")
    }
}
