/// The Kubernetes manifests, read as lines: what they start, and which files they name.
enum Manifests {
    struct Start: Equatable {
        let binary: String
        let words: [String]
    }

    /// Every list of `args:` with the binary that gets it: the image's own, or the one that `command:` names before.
    static func starts(in text: String) -> [Start] {
        var starts: [Start] = []
        var binary = "fairlead"
        var words: [String]?
        for line in text.split(separator: "\n").map(\.trimmed) + [""] {
            if let command = line.firstMatch(of: /^command: \[\/usr\/local\/bin\/([\w-]+)\]$/) { binary = String(command.1) }
            if words != nil, line.hasPrefix("#") { continue }
            if let item = words != nil ? line.firstMatch(of: /^- (\S+)$/) : nil {
                words?.append(String(item.1))
                continue
            }
            if let given = words {
                starts.append(Start(binary: binary, words: given))
                (words, binary) = (nil, "fairlead")
            }
            if line == "args:" { words = [] }
        }
        return starts
    }

    /// The files and folders that a kustomization names, as it writes them.
    static func references(in text: String) -> [String] {
        var found: [String] = []
        var isList = false
        for line in text.split(separator: "\n").map(String.init) {
            let words = line.trimmed
            if words.hasPrefix("#") { continue }
            if let inline = words.firstMatch(of: /^(?:resources|components|files): \[([^\]]*)\]$/) {
                found += inline.1.split(separator: ",").map(\.trimmed)
            } else if words.firstMatch(of: /^(resources|components|files):$/) != nil {
                isList = true
            } else if isList, let item = words.firstMatch(of: /^- ([^\s:]+)$/) {
                found.append(String(item.1))
            } else {
                isList = false
            }
        }
        return found
    }

    /// `folder` and a path relative to it, as one path from the root.
    static func resolve(_ path: String, in folder: String) -> String {
        var parts = folder.split(separator: "/").map(String.init)
        for part in path.split(separator: "/") {
            if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(String(part)) }
        }
        return parts.joined(separator: "/")
    }
}
