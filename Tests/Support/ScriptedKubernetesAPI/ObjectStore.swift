internal import JSONDocument

/// The objects, their versions, and who watches.
struct ObjectStore {
    var version = 100
    /// A watch from below this finds that the server has forgotten.
    var oldestWatchable = 0
    var workloads: [String: JSONValue] = [:]
    /// In order of creation of the key; lists are in order of name.
    var pods: [String: JSONValue] = [:]
    var leases: [String: JSONValue] = [:]
    var events: [JSONValue] = []
    var history: [Change] = []
    var watchers: [Int: WatchQueue] = [:]
    var nextWatcher = 1
    private var nextUID = 1

    struct Change {
        let version: Int
        let before: JSONValue?
        let after: JSONValue?
    }

    mutating func nextVersion() -> Int {
        version += 1
        return version
    }

    mutating func newUID() -> String {
        defer { nextUID += 1 }
        let digits = String(nextUID, radix: 16)
        return "00000000-0000-4000-8000-\(String(repeating: "0", count: 12 - digits.count))\(digits)"
    }

    /// Stores, deletes (nil) and tells the watchers; a Pod that did not change gets no new version and makes no event.
    mutating func put(pod: JSONValue?, key: String) {
        let before = pods[key]
        guard before != pod else { return }
        let version = nextVersion()
        let after = pod.flatMap { JSONPatch.set(.string(String(version)), at: ["metadata", "resourceVersion"], in: $0) }
        pods[key] = after
        let change = Change(version: version, before: before, after: after)
        history.append(change)
        for watcher in watchers.values { watcher.offer(change) }
    }
}

/// `app=a,tier in (b,c),!d` held against an object's labels.
func matches(_ selector: String, _ object: JSONValue?) -> Bool {
    guard let object else { return false }
    let labels = object["metadata"]?["labels"]
    var terms: [String] = []
    var depth = 0
    var term = ""
    for character in selector {
        if character == "(" { depth += 1 } else if character == ")" { depth -= 1 }
        if character == "," && depth == 0 {
            terms.append(term)
            term = ""
        } else {
            term.append(character)
        }
    }
    if !term.isEmpty { terms.append(term) }
    return terms.allSatisfy { term in
        if term.hasPrefix("!") { return labels?[String(term.dropFirst())] == nil }
        let words = term.split(separator: " ", maxSplits: 2).map(String.init)
        if words.count == 3 {
            let values = words[2].dropFirst().dropLast().split(separator: ",").map(String.init)
            let value = labels?[words[0]]?.string
            return words[1] == "in" ? values.contains { $0 == value } : !values.contains { $0 == value }
        }
        let pair = term.split(separator: "=", maxSplits: 1).map(String.init)
        return pair.count == 2 ? labels?[pair[0]]?.string == pair[1] : labels?[term] != nil
    }
}
