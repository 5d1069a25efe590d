/// The targets of a `Package.swift` written in this project's manner: read from its text, because asking the package manager
/// inside its own test run would wait for its own lock.
struct PackageManifest {
    struct Target: Equatable {
        let name: String
        let isTest: Bool
        /// Where its sources are; nil for the default place.
        let path: String?
        /// Targets and products that it depends on, by module name.
        let dependencies: Set<String>
    }
    let targets: [Target]

    init(_ text: String) {
        let products = PackageManifest.products(in: text)
        targets = text.matches(of: /(?:\b(core|rim|tests)\(|\.(systemLibrary|target|executableTarget|testTarget)\(\s*name:)\s*"([A-Za-z0-9-]+)"/)
            .map { match in
                let call = PackageManifest.balanced(text[match.range.lowerBound...], "(", ")")
                let rest = call.dropFirst(match.0.count)
                let path = rest.firstMatch(of: /path:\s*"([^"]+)"/).map { String($0.1) }
                let list = match.1 != nil ? rest.firstIndex(of: "[") : rest.firstMatch(of: /dependencies:\s*/)?.range.upperBound
                let items = list.map { PackageManifest.balanced(rest[$0...], "[", "]") } ?? ""
                return Target(
                    name: String(match.3), isTest: match.1 == "tests" || match.2 == "testTarget" || path?.hasPrefix("Tests/") == true,
                    path: path, dependencies: PackageManifest.dependencies(items, products))
            }
    }

    /// `let yams = Target.Dependency.product(name: "Yams", …)`: the module behind each name.
    private static func products(in text: String) -> [Substring: String] {
        Dictionary(
            text.matches(of: /let (\w+) = Target\.Dependency\.product\(name: "(\w+)"/).map { ($0.1, String($0.2)) },
            uniquingKeysWith: { first, _ in first })
    }

    private static func dependencies(_ items: Substring, _ products: [Substring: String]) -> Set<String> {
        let named = items.matches(of: /"([A-Za-z0-9-]+)"/).map { String($0.1) }
        let behindNames = items.matches(of: /\b([a-z]\w*)\b/).compactMap { products[$0.1] }
        return Set(named + behindNames)
    }

    /// From the first `open` to the `close` that belongs to it, both included.
    private static func balanced(_ text: Substring, _ open: Character, _ close: Character) -> Substring {
        var depth = 0
        for index in text.indices {
            if text[index] == open { depth += 1 }
            if text[index] == close {
                depth -= 1
                if depth == 0 { return text[...index] }
            }
        }
        return text
    }
}
