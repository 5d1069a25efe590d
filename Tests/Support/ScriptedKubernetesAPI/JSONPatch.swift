internal import JSONDocument

/// JSON Patch (RFC 6902) as the API server applies it, for `test`, `add`, `replace` and `remove`.
enum JSONPatch {
    /// The patched document, or nil where an operation does not apply.
    static func apply(_ operations: [JSONValue], to document: JSONValue) -> JSONValue? {
        var document = document
        for operation in operations {
            guard let name = operation["op"]?.string, let pointer = operation["path"]?.string, pointer.hasPrefix("/") else { return nil }
            let path = pointer.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(unescaped)
            switch name {
            case "test":
                guard let found = value(at: path[...], in: document), found == operation["value"] else { return nil }
            case "add", "replace":
                guard let value = operation["value"],
                    let changed = set(value, at: path[...], in: document, mustExist: name == "replace")
                else { return nil }
                document = changed
            case "remove":
                guard let changed = remove(path[...], from: document) else { return nil }
                document = changed
            default: return nil
            }
        }
        return document
    }

    private static func unescaped(_ token: Substring) -> String {
        var text = ""
        var rest = token
        while let character = rest.popFirst() {
            if character == "~", let code = rest.first {
                rest.removeFirst()
                text += code == "1" ? "/" : "~"
            } else {
                text.append(character)
            }
        }
        return text
    }

    private static func value(at path: ArraySlice<String>, in document: JSONValue) -> JSONValue? {
        guard let key = path.first else { return document }
        return document[key].flatMap { value(at: path.dropFirst(), in: $0) }
    }

    static func set(_ value: JSONValue, at path: ArraySlice<String>, in document: JSONValue, mustExist: Bool = false) -> JSONValue? {
        guard let key = path.first else { return value }
        guard case .object(var members) = document else { return nil }
        let position = members.firstIndex { $0.key == key }
        if path.count == 1 {
            if let position { members[position] = .init(key, value) } else if mustExist { return nil } else { members.append(.init(key, value)) }
            return .object(members)
        }
        guard let position, let inner = set(value, at: path.dropFirst(), in: members[position].value, mustExist: mustExist) else { return nil }
        members[position] = .init(key, inner)
        return .object(members)
    }

    static func remove(_ path: ArraySlice<String>, from document: JSONValue) -> JSONValue? {
        guard let key = path.first, case .object(var members) = document, let position = members.firstIndex(where: { $0.key == key }) else {
            return nil
        }
        if path.count == 1 {
            members.remove(at: position)
        } else {
            guard let inner = remove(path.dropFirst(), from: members[position].value) else { return nil }
            members[position] = .init(key, inner)
        }
        return .object(members)
    }
}
